"""Whether rows may be sent to a model that is not on this machine: asked once for each content and destination.

The scan runs only where something would leave. What a person agreed to is kept in the journal, by the content of what
is sent: other rows, or another place, are asked about anew.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from toishi.tools.workbench.errors import ConsentNeeded
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.journal import Journal, insert, now
from toishi.tools.workbench.personal.kinds import PLURALS
from toishi.tools.workbench.personal.leaving import destination
from toishi.tools.workbench.personal.scan import Finding, Findings, scan
from toishi.tools.workbench.task import Task
from toishi.tools.workbench.task.kinds.judges import JudgedKind
from toishi.tools.workbench.task.kinds.kind import Kind
from toishi.tools.workbench.task.metric import SeveralKind


@dataclass(frozen=True)
class Sending:
    """What is about to leave: the findings, where it would go, and the content that an agreement is about."""

    findings: Findings
    destinations: tuple[str, ...]
    content: str

    @property
    def fields(self) -> str:
        """The fields that look personal, in quotes."""
        return ", ".join(f"'{name}'" for name in self.findings.fields)

    def sentence(self) -> str:
        """What a person is told before they are asked."""
        return f"What looks personal ({self.fields}) would be sent to {' and '.join(self.destinations)}"


Ask = Callable[[Sending], bool]


def before_sending(
    task: Task, examples: Iterable[Example], models: Sequence[str], journal: Journal | None = None
) -> Sending | None:
    """What a person has to agree to before these rows are sent to these models; None where there is nothing.

    `models` are names as the task gives them; with a `journal`, what was agreed to before is not asked again. Looks at
    all inputs, at the expected answers, and at the other columns that the metric reads.
    """
    elsewhere = {destination(name, task.models.address_of(name)) for name in models} - {None}
    if not elsewhere:
        return None
    rows = _Rows(task, examples)
    content = content_of(rows)
    agreed = _agreed(journal, content) if journal is not None else frozenset()
    asked = sorted(place for place in elsewhere if place is not None and place not in agreed)
    findings = scan(rows) if asked else Findings(0, ())
    return Sending(findings, tuple(asked), content) if findings else None


def settle(journal: Journal, sending: Sending | None, ask: Ask) -> None:
    """Asks, and remembers a yes. Raises `ConsentNeeded` where the answer is no, or nobody is there to give one."""
    if sending is None:
        return
    if not ask(sending):
        look, them = ("looks", "it") if len(sending.findings.fields) == 1 else ("look", "them")
        raise ConsentNeeded(
            f"Nothing was sent to {' or '.join(sending.destinations)}, as {sending.fields} {look} personal; take "
            f"{them} out, name a model on this machine, or agree with --send-personal"
        )
    journal.write(
        [
            insert(
                "agreements",
                {
                    "content": sending.content,
                    "destination": place,
                    "fields": json.dumps(sending.findings.fields, ensure_ascii=False),
                    "created": now(),
                },
                or_ignore=True,
            )
            for place in sending.destinations
        ]
    )


def models_of(task: Task, *, rewriting: bool) -> tuple[str, ...]:
    """The models that rows of a task are sent to; `rewriting` where a reflection reads them too."""
    names = [task.models.task, *task.models.modules.values()]
    if rewriting:
        names.append(task.models.reflection_name)
    if any(isinstance(part, JudgedKind) for part in _parts(task)):
        names.append(task.models.judge_name)
    return tuple(dict.fromkeys(names))


def told(finding: Finding) -> str:
    """One finding in words: `'email': e-mail addresses in 12 rows (40 %), such as a••@e••••••.o••`."""
    rows = "1 row" if finding.rows == 1 else f"{finding.rows} rows"
    share = "under 1 %" if finding.share < 0.01 else f"{finding.share:.0%}".replace("%", " %")
    return f"'{finding.field}': {PLURALS[finding.kind]} in {rows} ({share}), such as {' or '.join(finding.samples)}"


def content_of(rows: Iterable[Mapping[str, str]]) -> str:
    """A hash of some rows, whatever their order and however they are divided: 64 hexadecimal digits."""
    total = 0
    for row in rows:
        line = json.dumps(row, sort_keys=True, ensure_ascii=False).encode()
        total += int.from_bytes(hashlib.sha256(line).digest(), "big")
    return f"{total % 2**256:064x}"


class _Rows(Iterable[Mapping[str, str]]):
    """What may be sent of each example, by column; may be gone through more than once."""

    def __init__(self, task: Task, examples: Iterable[Example]) -> None:
        self._examples = examples
        self._expected = task.data.expected
        self._others = sorted(set(task.metric.columns().values()))

    def __iter__(self) -> Iterator[Mapping[str, str]]:
        for example in self._examples:
            others = {name: example.fields[name] for name in self._others if name in example.fields}
            answer = {} if self._expected is None else {self._expected: example.expected}
            yield {**others, **example.inputs, **answer}


def _parts(task: Task) -> Sequence[Kind]:
    metric = task.metric.root
    return metric.parts if isinstance(metric, SeveralKind) else (metric,)


def _agreed(journal: Journal, content: str) -> frozenset[str]:
    rows = journal.read("SELECT destination FROM agreements WHERE content = ?", (content,))
    return frozenset(str(row["destination"]) for row in rows)
