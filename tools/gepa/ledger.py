"""Which rollouts a search has used, counted once each, in the order of its decisions.

What proposals in flight have used does not count until their turn comes. So the count is a function of the decisions
alone, whatever the models' pace was, and with it everything that depends on the count.
"""

from collections.abc import Iterable


class Used:
    """Rollouts by candidate, split and replicate, each as the set of the examples' positions (the bits of a number)."""

    def __init__(self) -> None:
        self._bits: dict[tuple[str, str, int], int] = {}

    def add(self, candidate: str, split: str, positions: Iterable[int], replicate: int = 0) -> None:
        """Note rollouts of a candidate on examples of a split."""
        key = (candidate, split, replicate)
        bits = self._bits.get(key, 0)
        for position in positions:
            bits |= 1 << position
        self._bits[key] = bits

    def take(self, others: "Used") -> int:
        """Take over what another one noted; gives how many rollouts were new."""
        new = 0
        for key, bits in others._bits.items():
            known = self._bits.get(key, 0)
            new += (bits & ~known).bit_count()
            self._bits[key] = known | bits
        return new

    def new_in(self, others: "Used") -> int:
        """How many rollouts that another one noted are new here."""
        return sum((bits & ~self._bits.get(key, 0)).bit_count() for key, bits in others._bits.items())
