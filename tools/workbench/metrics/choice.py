"""The answer names the expected label, among labels that are known beforehand.

The feedback strings are part of what the embedded model was trained on: they stay as they are.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import groupby

from toishi.tools.workbench.example import Example
from toishi.tools.workbench.metrics.protocol import Judgement
from toishi.tools.workbench.rollout import ModuleCall


class Choice:
    """1 where the answer names the expected label, else 0.

    A label counts where it stands as a whole (no letter, digit or underscore beside it), in upper or lower case. Of
    labels within one another (`card`, `card arrival`) the longest counts; of several, the last, since answers lead up
    to their label (`keyword: label`).
    """

    def __init__(self, choices: Iterable[str]) -> None:
        self.choices = tuple(choices)

    async def __call__(self, example: Example, output: str, calls: Sequence[ModuleCall] = ()) -> Judgement:
        """The feedback is `correct`, or says what was expected and what the answer named."""
        got = self.named(output)
        if got is None:
            return Judgement(0.0, f"expected {example.expected}, but the answer names none of the choices")
        if got == example.expected:
            return Judgement(1.0, "correct")
        return Judgement(0.0, f"expected {example.expected}, got {got}")

    def named(self, output: str) -> str | None:
        """The label that an answer names, None where it names none."""
        named, reach = None, 0
        for match in self._pattern.finditer(output):
            if match.lastindex is not None and match.end(match.lastindex) > reach:
                named, reach = self._by_group[match.lastindex - 1], match.end(match.lastindex)
        return named

    @cached_property
    def _by_group(self) -> tuple[str, ...]:
        """Labels that begin with a letter, digit or underscore come first, and longer ones before shorter ones."""
        return tuple(sorted(self.choices, key=lambda choice: (not _begins_a_word(choice), -len(choice))))

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        """Looks ahead, so that labels which overlap are all seen; one group for each label."""
        parts = []
        for begins_a_word, choices in groupby(self._by_group, key=_begins_a_word):
            # One look behind for all of them: most places in an answer are then passed over at once.
            behind = r"(?<!\w)" if begins_a_word else ""
            ahead = (f"({re.escape(choice)})" + (r"(?!\w)" if re.search(r"\w$", choice) else "") for choice in choices)
            parts.append(f"{behind}(?:{'|'.join(ahead)})")
        return re.compile(f"(?={'|'.join(parts)})", re.IGNORECASE)


def _begins_a_word(choice: str) -> bool:
    return re.match(r"\w", choice) is not None
