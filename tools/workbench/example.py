"""An example: one row of the task's data."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Example:
    """`id` is stable over runs: the row's own id where the data has one, else a hash of its content.

    `fields` holds the row's other columns, as text by name: metrics and reports may look at them, programs may not.
    """

    id: str
    inputs: Mapping[str, str]
    expected: str
    fields: Mapping[str, str] = field(default_factory=dict)

    def without_answer(self) -> "Example":
        """What a program is given: the inputs, and nothing that the answer could be taken from."""
        return Example(self.id, self.inputs, "")
