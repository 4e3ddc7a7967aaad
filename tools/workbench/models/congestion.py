"""How many calls an endpoint takes at once, found out by asking: additive increase, multiplicative decrease.

The rule of Chiu and Jain (1989), as TCP uses it: each window of successful calls adds one to the limit, and a refusal
halves it. A pure decision: it knows neither time nor calls, only their outcomes.
"""


class Congestion:
    """The limit of one endpoint, from 1 to `most`, where it begins.

    `round` counts the times that the limit was cut. Whoever starts a call notes it: of all calls of one round only the
    first refusal counts, since those beside it tell of the same crowd.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.round = 0
        self._limit = float(most)

    @property
    def limit(self) -> int:
        """How many calls may be in flight."""
        return int(self._limit)

    def succeeded(self) -> None:
        """One call was answered."""
        self._limit = min(self._limit + 1 / self._limit, float(self.most))

    def refused(self, round_of_call: int, in_flight: int) -> None:
        """One call was refused for the crowd, itself among the `in_flight`."""
        if round_of_call == self.round:
            self.round += 1
            self._limit = max(min(self._limit, in_flight) / 2, 1.0)
