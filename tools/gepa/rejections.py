"""The memory of refused texts: what was proposed for a parent's module and came to nothing, and why.

The paper has none, so that its reflector may propose the same failed edit again and again; with `keep` 0 neither has
this.
"""

from collections.abc import Mapping


class Rejections:
    """The newest `keep` refused texts for each parent (by its candidate's id) and module."""

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._texts: dict[tuple[str, str], dict[str, str]] = {}

    def of(self, parent: str, module: str) -> Mapping[str, str]:
        """What was refused, newest last, each with the reason."""
        return dict(self._texts.get((parent, module), {}))

    def add(self, parent: str, module: str, text: str, reason: str) -> None:
        """Remember one more; the oldest one is forgotten where there are more than `keep`."""
        kept = self._texts.setdefault((parent, module), {})
        kept.pop(text, None)
        kept[text] = reason
        while len(kept) > self._keep:
            kept.pop(next(iter(kept)))
