"""What a run tells while it goes on: typed events that the chat, the command line and the tests all follow.

A **decision** is an event that a resumed run would make again in the same order (a candidate accepted, a proposal
rejected, a verdict): its ordinal is kept, so that a replay writes none twice. All others are **telemetry**.

Each kind has a version, which counts the changes of its fields. An event that was stored in an older one is brought up
to date by `UPGRADES` when it is read; one that a newer toishi wrote is read as `Unknown`, so that whoever follows a run
goes on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from pydantic_core import from_json

from toishi.tools.workbench.statistics import ALPHA

Module = Annotated[str | None, Field(description="the module whose text was rewritten; null for a seed or a merge")]
Before = Annotated[
    float | None,
    Field(description="sum of the parent's scores on the gate's rows (of a merge: the better parent's); null: not run"),
]
After = Annotated[float | None, Field(description="sum of the new candidate's scores on the same rows; null: not run")]
Rollouts = Annotated[int | None, Field(description="the limit on rollouts; null: none")]
Tokens = Annotated[int | None, Field(description="the limit on prompt and completion tokens; null: none")]
Dollars = Annotated[float | None, Field(description="the limit in US dollars; null: none")]
Seconds = Annotated[float | None, Field(description="the limit in seconds of work over all sittings; null: none")]


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = Field(default=1, description="counts the changes of this kind's fields")


class RunStarted(_Event):
    """Decision. The run's plan: method, seed, sizes of the splits, and limits."""

    kind: Literal["run_started"] = "run_started"
    run: str = Field(description="the run's id")
    method: str = Field(description="the method's name, such as gepa")
    seed: int = Field(description="from which every random choice follows")
    feedback_examples: int = Field(description="rows whose content may be shown to the model that rewrites")
    validation_examples: int = Field(description="rows whose scores choose among candidates")
    test_examples: int = Field(description="rows that are looked at once, in the end")
    max_rollouts: Rollouts
    max_tokens: Tokens
    max_cost: Dollars
    max_seconds: Seconds


class PhaseStarted(_Event):
    """Decision. The next part of the work began."""

    kind: Literal["phase_started"] = "phase_started"
    phase: Literal["loading", "baseline", "search", "finals", "test", "change"] = Field(
        description="loading data and models, scoring the seed, searching, validating the best candidates once more, "
        "the locked test, or preparing the change"
    )


class CandidateAccepted(_Event):
    """Decision. A candidate entered the pool."""

    version: int = Field(default=2, description="counts the changes of this kind's fields")
    kind: Literal["candidate_accepted"] = "candidate_accepted"
    number: int = Field(description="its place in the pool; the seed has 0")
    candidate: str = Field(description="its id, by which rollouts name it: a hash of its texts")
    parents: tuple[int, ...] = Field(
        description="numbers of those it was made from: none for the seed, two for a merge"
    )
    texts: dict[str, str] = Field(description="its texts by module")
    reason: str = Field(description="why it was made and accepted, in one sentence")
    module: Module
    before: Before
    after: After
    validation_score: float = Field(description="its mean score on the validation rows that it ran on, from 0 to 1")
    rows: int | None = Field(
        default=None,
        description="how many validation rows it ran on, where these are not all: it can be a parent, and cannot be "
        "chosen; null: all",
    )
    objectives: dict[str, float] = Field(
        default_factory=dict, description="its value of each objective beside the score, by name; empty without them"
    )

    @property
    def validated(self) -> bool:
        """Whether it ran on all validation rows, so that it can be chosen."""
        return self.rows is None


class ProposalRejected(_Event):
    """Decision. A proposal ended without a new candidate."""

    kind: Literal["proposal_rejected"] = "proposal_rejected"
    iteration: int = Field(description="the step of the search, from 0")
    parents: tuple[int, ...] = Field(description="numbers of the candidates that it was made from")
    module: Module
    cause: Literal["skipped", "form", "gate", "merge", "race"] = Field(
        description="skipped: nothing to learn (all perfect, or no usable trace); form: the rewriting model's reply "
        "could not be used; gate: not better on the rows of its gate; merge: a merged candidate that did not pass its "
        "gate; race: validation ended early, since it could neither enter the front nor become the best"
    )
    reason: str = Field(description="why, in one sentence")
    texts: dict[str, str] | None = Field(description="the rejected texts by module; null where there were none")
    before: Before
    after: After


class Progress(_Event):
    """Telemetry, at most a few times a second. What is spent so far."""

    kind: Literal["progress"] = "progress"
    rollouts: int = Field(description="rollouts done")
    tokens: int = Field(description="prompt and completion tokens together")
    cost: float | None = Field(description="US dollars; null where a price is unknown")
    seconds: float = Field(description="seconds of work over all sittings of the run")
    candidates: int = Field(description="candidates in the pool, the seed among them")
    best_validation_score: float | None = Field(description="of the best candidate so far; null before the baseline")


class Warned(_Event):
    """Telemetry. Something that a person should know, and the run goes on."""

    kind: Literal["warned"] = "warned"
    message: str = Field(description="one sentence")


class SandboxUsed(_Event):
    """Telemetry. What a model wrote is run in this run, and what holds it."""

    kind: Literal["sandbox_used"] = "sandbox_used"
    level: str = Field(description="what the kernel enforces, and what it lacks, in one line")


class SubgroupJudged(BaseModel):
    """Seed against best on the test rows of one subgroup."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    field: str = Field(description="field of the rows, named by data.subgroups")
    value: str = Field(description="its value, or a range or a set of values")
    seed_score: float = Field(description="mean score of the seed")
    best_score: float = Field(description="mean score of the best candidate")
    interval: tuple[float, float] = Field(description="95 % interval of the difference, for this subgroup alone")
    adjusted_p: float = Field(description="p-value after Holm's correction for the number of subgroups")
    examples: int = Field(description="its rows")
    verdict: Literal["better", "worse", "lower", "no evidence"] = Field(
        description="what the rows show; 'lower': the mean fell, on thin evidence"
    )


class ObjectiveJudged(BaseModel):
    """Seed and best on the test rows by one objective beside the score."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="the objective's name")
    seed: float | None = Field(description="the seed's value; null where it is unknown")
    best: float | None = Field(description="the best candidate's value")


class ChoiceJudged(BaseModel):
    """Seed against another candidate of the front on the test rows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int = Field(description="its place in the pool")
    candidate: str = Field(description="its id")
    score: float = Field(description="its mean score")
    interval: tuple[float, float] = Field(description="95 % interval of its difference from the seed")
    p_value: float = Field(description="of the paired test that there is no difference")
    adjusted_p: float = Field(description="the same after Holm's correction for all candidates that were tested")
    objectives: dict[str, float] = Field(description="its values of the other objectives that are known, by name")


class Judged(_Event):
    """Decision. Seed against best on the locked test, row by row."""

    version: int = Field(default=2, description="counts the changes of this kind's fields")
    kind: Literal["judged"] = "judged"
    candidate: str = Field(default="", description="the best candidate's id; empty in runs of older versions")
    seed_score: float = Field(description="mean score of the seed, from 0 to 1")
    best_score: float = Field(description="mean score of the best candidate")
    difference: float = Field(description="best minus seed")
    interval: tuple[float, float] = Field(description="95 % interval of the difference")
    p_value: float = Field(description="of the paired test that there is no difference")
    examples: int = Field(description="rows of the test")
    improved: bool = Field(description="whether there is evidence of an improvement")
    sentence: str = Field(description="the verdict in words")
    subgroups: tuple[SubgroupJudged, ...] = Field(default=(), description="the same for the subgroups of the task")
    objectives: tuple[ObjectiveJudged, ...] = Field(
        default=(), description="seed and best by each objective beside the score, where several things are wanted"
    )
    front: tuple[ChoiceJudged, ...] = Field(
        default=(), description="other candidates that are worth choosing, on the same rows, in the same look"
    )

    @property
    def worse(self) -> bool:
        """Whether there is evidence that the best candidate is worse than the seed."""
        return self.interval[1] < 0 and self.p_value < ALPHA


class ChangeProposed(_Event):
    """Decision. The change that waits for a person."""

    kind: Literal["change_proposed"] = "change_proposed"
    change: str = Field(description="the change's hash, which an approval names")


class RunFinished(_Event):
    """Decision, the last event of a run that came to its end."""

    kind: Literal["run_finished"] = "run_finished"
    outcome: Literal["improved", "no_evidence", "worse", "solved", "budget_spent_before_baseline"] = Field(
        description="what was shown on the locked test; of a search for answers, that some are better than the seed's; "
        "or that there was no budget to show anything"
    )
    sentence: str = Field(description="the same in words")


class RunStopped(_Event):
    """Telemetry, the last event of a sitting that did not come to its end; the run can be resumed."""

    kind: Literal["run_stopped"] = "run_stopped"
    status: Literal["cancelled", "failed"] = Field(description="whether a person or a fault ended it")
    sentence: str = Field(description="why, and how to go on")


class Unknown(_Event):
    """An event that a newer toishi stored and this one cannot read; it is never stored as such."""

    kind: Literal["unknown"] = "unknown"
    stored_kind: str = Field(description="the kind under which it is stored")
    stored_version: int = Field(description="the version in which it is stored")
    body: dict[str, Any] = Field(description="everything that is stored of it")


DECISIONS = (RunStarted, PhaseStarted, CandidateAccepted, ProposalRejected, Judged, ChangeProposed, RunFinished)

Event = (
    RunStarted
    | PhaseStarted
    | CandidateAccepted
    | ProposalRejected
    | Progress
    | Warned
    | SandboxUsed
    | Judged
    | ChangeProposed
    | RunFinished
    | RunStopped
    | Unknown
)

Emit = Callable[[Event], None]

Upgrade = Callable[[dict[str, Any]], dict[str, Any]]

UPGRADES: Mapping[tuple[str, int], Upgrade] = {
    ("judged", 1): lambda body: {**body, "candidate": "", "objectives": (), "front": ()},
    ("candidate_accepted", 1): lambda body: {**body, "rows": None, "objectives": {}},
}
"""By kind and version: from the body of an event in that version to its body in the next."""

_ADAPTER: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="kind")])
_KINDS: dict[str, type[_Event]] = {kind.model_fields["kind"].default: kind for kind in get_args(Event)}


def parse_event(text: str) -> Event:
    """The event that a stored JSON text holds, in its newest version; `ValueError` where it holds none."""
    body = from_json(text)
    if isinstance(body, dict):
        # The first events were stored without one.
        version = int(body.setdefault("version", 1))
        known = _KINDS.get(str(body.get("kind")))
        if known is None or version > newest_version(known):
            return Unknown(stored_kind=str(body.get("kind")), stored_version=version, body=body)
        body = upgraded(body, newest_version(known), UPGRADES)
    return _ADAPTER.validate_python(body)


def upgraded(body: Mapping[str, Any], newest: int, upgrades: Mapping[tuple[str, int], Upgrade]) -> dict[str, Any]:
    """A stored event's body after every upgrade from its version to the newest."""
    new = dict(body)
    while new["version"] < newest:
        new = {**upgrades[new["kind"], new["version"]](new), "version": new["version"] + 1}
    return new


def newest_version(kind: type[BaseModel]) -> int:
    """The version in which events of a kind are written."""
    return int(kind.model_fields["version"].default)


@dataclass(frozen=True)
class Described:
    """One kind of event: `fields` are (name, JSON schema type in words, sentence), `schema` is its JSON schema."""

    kind: str
    version: int
    decision: bool
    sentence: str
    fields: tuple[tuple[str, str, str], ...]
    schema: Mapping[str, Any]


def describe() -> list[Described]:
    """Every kind of event in the order in which a run tells them, for the documentation."""
    return [_described(kind) for kind in _KINDS.values()]


def _described(kind: type[_Event]) -> Described:
    schema = kind.model_json_schema()
    fields = tuple(
        (name, _type(field), str(field.get("description", "")))
        for name, field in schema["properties"].items()
        if name not in ("version", "kind")
    )
    sentence = " ".join((kind.__doc__ or "").split())
    return Described(
        kind.model_fields["kind"].default, newest_version(kind), kind in DECISIONS, sentence, fields, schema
    )


def _type(field: Mapping[str, Any]) -> str:
    if "anyOf" in field:
        return " or ".join(_type(one) for one in field["anyOf"])
    if "enum" in field:
        return " | ".join(map(str, field["enum"]))
    if field.get("type") == "array":
        items = field.get("items") or field["prefixItems"][0]
        return f"array of {_type(items)}"
    return str(field.get("type", "any"))
