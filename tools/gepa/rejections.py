"""The memory of refused instructions: what was proposed for a parent's module and did not pass the gate.

The paper has none, so that its reflector may propose the same failed edit again and again; with `keep` 0 neither has
this.
"""

from collections import deque


class Rejections:
    """The newest `keep` refused instructions for each parent (by its candidate's id) and module."""

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._texts: dict[tuple[str, str], deque[str]] = {}

    def of(self, parent: str, module: str) -> tuple[str, ...]:
        """What was refused, newest last."""
        return tuple(self._texts.get((parent, module), ()))

    def add(self, parent: str, module: str, text: str) -> None:
        """Remember one more; the oldest one is forgotten where there are more than `keep`."""
        self._texts.setdefault((parent, module), deque(maxlen=self._keep)).append(text)
