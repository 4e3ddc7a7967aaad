"""The examples of a task: read from its files, and divided into feedback, validation and the locked test."""

from toishi.tools.workbench.data.loading import load_data
from toishi.tools.workbench.data.splits import Splits

__all__ = ["Splits", "load_data"]
