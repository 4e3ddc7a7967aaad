"""Whether a metric can be satisfied without doing the task: answers that are worth nothing, and what they score.

A search for better prompts finds such answers, since they are better by the metric's own account. Looked at are only
metrics that cost nothing and give the same judgement each time.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from statistics import fmean

from toishi.tools.workbench.example import Example
from toishi.tools.workbench.metrics.protocol import Metric
from toishi.tools.workbench.task.kinds.code import CodeKind, PythonKind
from toishi.tools.workbench.task.kinds.forms import IfevalKind
from toishi.tools.workbench.task.kinds.judges import JudgeKind, PairwiseKind
from toishi.tools.workbench.task.kinds.kind import Kind
from toishi.tools.workbench.task.metric import MetricSection, SeveralKind

# Telling languages apart takes milliseconds.
COSTLY = (JudgeKind, PairwiseKind, CodeKind, PythonKind, IfevalKind)

# Rows that are tried, drawn evenly over all.
MOST_TRIED = 100
MOST_LISTED = 50

# The mean score from which an answer that ignores the row is suspicious; guessing the commonest label may score well.
BLIND = 0.5
GUESSED = 0.9

NONSENSE = "Lorem ipsum dolor sit amet."


async def weaknesses(section: MetricSection, metric: Metric, examples: Sequence[Example]) -> list[str]:
    """What is suspicious about a metric on these rows, one sentence each, without full stops.

    `metric` is the one that `section` names. Nothing is said of metrics that cost something.
    """
    if not examples or not _is_free(section.root):
        return []
    step = -(-len(examples) // MOST_TRIED)
    # Gone through in order: they may be read from files as they are wanted, where looking one up reads them all.
    rows = list(islice(examples, 0, None, step))
    expected = Counter(example.expected.strip() for example in rows) if section.needs_expected else Counter()
    found = []
    if len(expected) == 1 and len(rows) > 1:
        (only,) = expected
        found.append(f"every row that was looked at expects '{_brief(only)}', so one answer for all scores best")
    scores = [(name, least, await _mean(metric, rows, answer)) for answer, name, least in _empty_handed(expected)]
    paid = [(name, score) for name, least, score in scores if score >= least]
    if paid:
        names = " or ".join(name for name, _ in paid)
        found.append(f"{names} scores {min(score for _, score in paid):.2f} on average, whatever the row asks")
    return found


def _empty_handed(expected: Counter[str]) -> Iterator[tuple[Callable[[Example], str], str, float]]:
    """Answers that do not do the task, how to call them, and which mean score is suspicious."""
    yield lambda example: "", "an empty answer", BLIND
    yield lambda example: "\n".join(example.inputs.values()), "an answer that repeats the row's inputs", BLIND
    if len(expected) == 1:
        return
    yield partial(_always, NONSENSE), f"the answer '{NONSENSE}'", BLIND
    if expected:
        commonest = expected.most_common(1)[0][0]
        yield partial(_always, commonest), f"the answer '{_brief(commonest)}'", GUESSED
    if 0 < len(expected) <= MOST_LISTED:
        yield partial(_always, "\n".join(expected)), "an answer that lists every expected answer", GUESSED


def _always(text: str, example: Example) -> str:
    return text


async def _mean(metric: Metric, rows: Sequence[Example], answer: Callable[[Example], str]) -> float:
    return fmean([(await metric(example, answer(example))).score for example in rows])


def _is_free(section: Kind) -> bool:
    return all(map(_is_free, section.parts)) if isinstance(section, SeveralKind) else not isinstance(section, COSTLY)


def _brief(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"
