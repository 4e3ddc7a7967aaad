"""An example: one row of the task's data."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Example:
    """`id` is stable over runs: the row's own id where the data has one, else a hash of its content."""

    id: str
    inputs: Mapping[str, str]
    expected: str
