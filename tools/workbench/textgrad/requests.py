"""What a reflection model is asked for, as values: a better text, or one text that joins two.

They know nothing of how a request reads, nor who asks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from toishi.tools.workbench.texts import INSTRUCTION


@dataclass(frozen=True)
class Record:
    """One rollout as the reflector sees it: the module's inputs by name, what it answered, and the feedback.

    `logs` is what was printed or traced back on the way.
    """

    inputs: Mapping[str, str]
    answer: str
    feedback: str
    logs: str = ""


@dataclass(frozen=True)
class Tally:
    """How often something happened: `count` times in `rows` rows."""

    name: str
    count: int
    rows: int


@dataclass(frozen=True)
class Cohort:
    """How a candidate did on all feedback rows that it ran on so far: `failed` of `rows` are not perfect.

    `failures` are the commonest kinds of failures, commonest first; `groups` the failures by subgroup, worst first.
    """

    rows: int
    failed: int
    failures: Sequence[Tally] = ()
    groups: Sequence[Tally] = ()


@dataclass(frozen=True)
class ReflectionRequest:
    """Everything that the reflection prompt shows.

    `instruction` is the module's text, of whatever `kind` (see `texts`). `max_characters` is the limit for the new one;
    `placeholders` must survive in it (written as `{name}`); `rejected` holds texts that were proposed from this very
    one and refused, newest last, `reasons` by such a text why. `modules` are all of the program, in order, and
    `summary` is what the program is for.
    """

    module: str
    instruction: str
    records: Sequence[Record]
    max_characters: int
    placeholders: Sequence[str] = ()
    rejected: Sequence[str] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)
    kind: str = INSTRUCTION
    modules: Sequence[str] = ()
    summary: str = ""
    cohort: Cohort | None = None

    @property
    def before(self) -> tuple[str, ...]:
        """The texts that the new one is made from."""
        return (self.instruction,)


@dataclass(frozen=True)
class Parent:
    """A text that is to be joined with another: its mean `score` in [0, 1], and on which rows it is the better one."""

    text: str
    score: float
    better_on: Sequence[Record] = ()
    better_groups: Sequence[str] = ()


@dataclass(frozen=True)
class CrossoverRequest:
    """Two parents' texts of one module, for one text that has what is good in both; the rest as in a reflection."""

    module: str
    first: Parent
    second: Parent
    max_characters: int
    placeholders: Sequence[str] = ()
    rejected: Sequence[str] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)
    kind: str = INSTRUCTION
    modules: Sequence[str] = ()
    summary: str = ""

    @property
    def before(self) -> tuple[str, ...]:
        """The texts that the new one is made from."""
        return (self.first.text, self.second.text)


Request = ReflectionRequest | CrossoverRequest
