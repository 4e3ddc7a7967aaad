"""What proposals cost, and so how many a budget carries: a forecast, from what those before them cost.

A search must not begin what it could not end, and must not stop while there is room. The last few proposals in flight
are let finish, so before one more is begun, room is kept for all of them: for one the most that it can take, for the
others what they will take with three standard deviations to spare. The budget itself is the wall; this only keeps the
search from running into it.
"""

import math
from dataclasses import dataclass

from toishi.tools.gepa.gate import Gate
from toishi.tools.gepa.settings import GepaSettings

PRIOR = 4
"""How many proposals the expectation before the first one counts for."""

PASSES = {"sequential": 0.25, "minibatch": 0.4}
"""Share of the judged proposals that pass their gate, as it comes out on real tasks, roughly."""

LOOKED_AT = {"sequential": 0.5, "minibatch": 1.0}
"""Share of the gate's rows that a proposal needs on average."""

RACED = {"race": 0.6, "full": 1.0}
"""Share of the validation set that a child needs on average."""

GENERATIONS = 16
"""How often a search should be able to learn from what it found, one generation after the other."""

ENOUGH = 20
"""Proposals that a search should be able to make, before it spends more on each of them."""

SMALLER_GATES = (12, 8)
"""Rows of the sequential gate where the budget is small."""

FEWEST = 6
"""Proposals below which a search hardly has a chance to find anything."""

SAFETY = 3.0
# A budget that is just enough is not missed by rounding.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Sizes:
    """What decides the cost of one proposal, in rollouts: the settings, and how many rows there are."""

    settings: GepaSettings
    feedback: int
    validation: int

    @property
    def kind(self) -> str:
        """Which gate there is: with too few rows for a test it is the paper's, whatever the settings say."""
        return "minibatch" if Gate.of(self.settings, self.feedback) is None else "sequential"

    @property
    def gate(self) -> int:
        """Rows that the gate looks at, at most."""
        return min(self.settings.minibatch if self.kind == "minibatch" else self.settings.gate_rows, self.feedback)

    @property
    def most(self) -> int:
        """Of one proposal, at most: the parent's minibatches, the gate for both, the whole validation set."""
        settings, shown = self.settings, min(self.settings.minibatch, self.feedback)
        looks = shown * (1 + settings.look_again)
        if self.kind == "minibatch":
            return looks + shown + self.validation
        return looks + 2 * self.gate + self.validation

    @property
    def usual(self) -> float:
        """Of one proposal, as expected before the first: rollouts of parents serve several children."""
        settings = self.settings
        passing = PASSES[self.kind] * RACED[settings.validation] * self.validation
        return min(settings.minibatch, self.feedback) + LOOKED_AT[self.kind] * self.gate * 1.3 + passing

    def expected(self) -> "Costs":
        """What is known before the first proposal."""
        spread = max(self.usual, 0.4 * self.validation)
        return Costs(PRIOR, PRIOR * self.usual, PRIOR * (self.usual**2 + spread**2))

    def needed(self, in_flight: int, costs: "Costs") -> int:
        """Rollouts for one more proposal beside those in flight, so that all of them can end."""
        others = in_flight * costs.mean + SAFETY * costs.deviation * math.sqrt(in_flight)
        return self.most + math.ceil(min(others, in_flight * self.most))


@dataclass(frozen=True)
class Costs:
    """Number, sum and sum of squares of what proposals cost, in rollouts."""

    count: int
    total: float
    squares: float

    @property
    def mean(self) -> float:
        """Rollouts of one proposal."""
        return self.total / self.count

    @property
    def deviation(self) -> float:
        """Its standard deviation."""
        return math.sqrt(max(self.squares / self.count - self.mean**2, 0.0))

    def after(self, cost: int) -> "Costs":
        """With one more proposal."""
        return Costs(self.count + 1, self.total + cost, self.squares + cost**2)


@dataclass(frozen=True)
class Forecast:
    """About how many proposals and accepted candidates a budget carries; `warning` says where that is too few."""

    proposals: int
    acceptances: int
    warning: str | None

    @property
    def sentence(self) -> str:
        """The same in words."""
        if self.proposals == 0:
            return "This buys no proposal"
        proposals = "1 proposal" if self.proposals == 1 else f"{self.proposals} proposals"
        accepted = f"about {self.acceptances}" if self.acceptances else "hardly one"
        return f"This buys about {proposals}, of which {accepted} may be accepted"


def fitted(settings: GepaSettings, feedback: int, validation: int, rollouts: int | None) -> GepaSettings:
    """The settings for a search of so many rollouts: a small budget is not spent on looking twice.

    Where it would carry fewer than `ENOUGH` proposals, the gate looks at fewer rows, and in the end only at those that
    the reflector is shown. What a person set stays as it is.
    """
    if rollouts is None or settings.paper or {"gate", "gate_rows"} & settings.model_fields_set:
        return settings
    smaller = [settings.model_copy(update={"gate_rows": rows, "look_again": 1}) for rows in SMALLER_GATES]
    choices = (settings, *smaller, settings.model_copy(update={"gate": "minibatch", "look_again": 1}))
    enough = (one for one in choices if forecast(Sizes(one, feedback, validation), rollouts).proposals >= ENOUGH)
    return next(enough, choices[-1])


def forecast(sizes: Sizes, rollouts: int, *, kept: int = 0) -> Forecast:
    """What so many rollouts buy, the seed's validation among them, where others are `kept` for the locked test."""
    room = rollouts - sizes.validation
    proposals = 0 if room < sizes.most else 1 + math.floor((room - sizes.most) / sizes.usual + ROUNDING)
    warning = None
    if proposals < FEWEST:
        enough = sizes.validation + sizes.most + math.ceil((FEWEST - 1) * sizes.usual)
        first = f"the locked test takes {kept}, one" if kept else "one"
        warning = (
            f"max_rollouts = {rollouts + kept} is too little to learn much: {first} look at the validation rows "
            f"{'' if kept else 'takes '}{sizes.validation}, a proposal about {math.ceil(sizes.usual)}; from "
            f"{enough + kept} on it is worth a try"
        )
    return Forecast(proposals, math.floor(proposals * PASSES[sizes.kind] * 0.8), warning)


def usual_lookahead(sizes: Sizes, rollouts: int | None, concurrency: int) -> int:
    """How many proposals in flight suit a budget (None: no limit) and so many calls at once.

    Enough to keep the models busy, a proposal having a call or more in flight at any time, and so few that the search
    goes through several generations.
    """
    if rollouts is None:
        return concurrency
    return max(1, min(concurrency, forecast(sizes, rollouts).proposals // GENERATIONS))
