"""The small language model that ships with the package, and the script that trains it from nothing.

Importing this package is cheap: it knows where the weights lie and loads nothing.
"""

from pathlib import Path

WEIGHTS = Path(__file__).with_name("weights") / "mini"
"""The folder of the shipped weights, in the Hugging Face layout."""

__all__ = ["WEIGHTS"]
