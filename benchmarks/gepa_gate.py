"""Does the gate mean something? How often it lets equal children pass, and how often better ones, next to the paper's.

No model: the scores of parent and child on a row are drawn. Each figure is a mean over parents with accuracies of 0.3,
0.5, 0.7 and 0.9, scores are 0 or 1, and "+10" is a child whose chance of a right answer is 0.1 higher (at most 1).

- Independent noise: both are sampled, so that an equal child differs on many rows.
- Correlated outcomes: rollouts repeat themselves, and the child changes the outcome of 15 % of the rows (more where its
  gain or loss is larger), gaining on some of them and losing on the others; it gains only where its parent fails.

The paper's gate: three rows that the parent does not all answer rightly (else there is no proposal); the child runs on
the same rows and passes when its sum is higher. Ours (`SequentialTest`): those three rows are shown to the reflector
and do not count; both run on fresh rows until the test has decided. Rates are among judged proposals. Rollouts count
the parent's three, the child's, and both runs of each fresh pair; where the parent's scores on fresh rows are known
already, ours costs about half.

The null task: 31 candidates that are all right with probability 0.6; the one with the highest mean on 100 validation
rows is compared with the seed on 100 test rows, with fresh noise throughout. The share of such runs in which the
comparison does not call it improved is `null_reported`. A gate chooses nothing among equals, so it has no part in that.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from itertools import pairwise

import numpy as np

from benchmarks._report import options, report, say
from toishi.tools.gepa import GepaSettings
from toishi.tools.workbench.seeds import derive_seed
from toishi.tools.workbench.sequential import Bounds, SequentialTest, looks_for
from toishi.tools.workbench.statistics import compare, proportion_interval

BASES = (0.3, 0.5, 0.7, 0.9)
MINIBATCH = 3
CHANGED = 0.15
DEFAULT = SequentialTest(GepaSettings().gate_alpha, looks_for(GepaSettings().gate_rows))
GAINS = {"equal": 0.0, "plus_5": 0.05, "plus_10": 0.1, "plus_20": 0.2, "minus_20": -0.2}

ALPHAS, ROWS = (0.1, 0.15, 0.2, 0.25), (16, 24, 32, 48)

CANDIDATES, VALIDATION, LOCKED, TRUE_SCORE = 31, 100, 100, 0.6


@dataclass(frozen=True)
class Row:
    """The chances of what parent and child do with one row."""

    gained: float
    lost: float
    both_right: float

    @property
    def chances(self) -> tuple[float, float, float, float]:
        """Those three, and that both are wrong."""
        return self.gained, self.lost, self.both_right, max(0.0, 1 - self.gained - self.lost - self.both_right)


def independent(base: float, gain: float) -> Row:
    """Two draws: the parent is right with probability `base`, the child with `gain` more."""
    better = min(1.0, max(0.0, base + gain))
    return Row(better * (1 - base), base * (1 - better), base * better)


def correlated(base: float, gain: float) -> Row:
    """The child changes the outcome of a share of the rows, and wins `gain` more of them than it loses."""
    gained = min((max(CHANGED, abs(gain)) + gain) / 2, 1 - base)
    lost = min(max(0.0, gained - gain), base)
    return Row(gained, lost, base - lost)


MODELS = {"independent": independent, "correlated": correlated}


@dataclass(frozen=True)
class Judged:
    """Proposals that a gate judged, how many of them it accepted, and how many rollouts it took in all."""

    proposals: int
    accepted: int
    rollouts: int

    def __add__(self, other: "Judged") -> "Judged":
        return Judged(self.proposals + other.proposals, self.accepted + other.accepted, self.rollouts + other.rollouts)

    @property
    def rate(self) -> float:
        """The share accepted."""
        return round(self.accepted / self.proposals, 4)

    @property
    def cost(self) -> float:
        """Rollouts per proposal."""
        return round(self.rollouts / self.proposals, 1)


NONE = Judged(0, 0, 0)


def paper_gate(row: Row, proposals: int, rng: np.random.Generator) -> Judged:
    """Algorithm 1 with minibatches of three: judged where the parent fails on one, accepted where the sum is higher."""
    judged = accepted = 0
    while judged < proposals:
        gained, lost, _, both_wrong = rng.multinomial(MINIBATCH, row.chances, size=proposals).T
        failed = np.flatnonzero(gained + both_wrong > 0)[: proposals - judged]
        judged += len(failed)
        accepted += int((gained > lost)[failed].sum())
    return Judged(judged, accepted, judged * 2 * MINIBATCH)


def our_gate(test: SequentialTest, row: Row, proposals: int, rng: np.random.Generator) -> Judged:
    """The sequential test on fresh pairs of rows."""
    chunks = [later - earlier for earlier, later in pairwise((0, *test.looks))]
    drawn = np.stack([rng.multinomial(chunk, row.chances, size=proposals)[:, :2] for chunk in chunks], axis=1)
    changed, totals = drawn.sum(axis=2).tolist(), (drawn[:, :, 0] - drawn[:, :, 1]).cumsum(axis=1).tolist()
    accepted = pairs = 0
    for changes, sums, luck in zip(changed, totals, rng.random(proposals).tolist(), strict=True):
        for place, (look, total) in enumerate(zip(test.looks, sums, strict=True)):
            verdict = _bounds(test, tuple(changes[: place + 1])).verdict(total, luck)
            if verdict != "continue":
                accepted += verdict == "accept"
                pairs += look
                break
    return Judged(proposals, accepted, proposals * MINIBATCH + 2 * pairs)


@cache
def _bounds(test: SequentialTest, changes: tuple[int, ...]) -> Bounds:
    """The bounds at the look at which so many rows of each chunk have changed: no more is to be known of 0 and 1."""
    sizes: list[float] = []
    for changed, look in zip(changes, test.looks, strict=False):
        sizes += [1.0] * changed
        sizes += [0.0] * (look - len(sizes))
    return test.bounds(sizes)[-1]


def null_run(seed: int) -> bool:
    """Whether one run on the null task is reported as no evidence of improvement."""
    rng = _generator(f"null/{seed}")
    winner = int(rng.binomial(VALIDATION, TRUE_SCORE, size=CANDIDATES).argmax())
    if winner == 0:
        return True
    before, after = (rng.random((2, LOCKED)) < TRUE_SCORE).astype(float).tolist()
    return not compare(before, after, seed=seed).improved


def measure(proposals: int, null_runs: int) -> dict[str, object]:
    """All figures, each from so many proposals per parent."""
    noise = _figures("independent", proposals)
    say(f"independent noise: {noise}")
    repeated = _figures("correlated", proposals)
    say(f"correlated outcomes: {repeated}")
    reported = sum(map(null_run, range(null_runs)))
    same = our_gate(DEFAULT, Row(0.0, 0.0, both_right=0.5), 1, np.random.default_rng(0))
    return {
        "alpha": DEFAULT.alpha,
        **noise,
        "null_reported": reported / null_runs,
        "null_reported_interval": _rounded(proportion_interval(reported, null_runs)),
        "null_runs": null_runs,
        "correlated": repeated,
        "same_behaviour_rollouts": same.cost,
        "choices": {
            f"alpha {alpha}, {rows} rows": _choice(SequentialTest(alpha, looks_for(rows, most=rows)), proposals // 4)
            for rows in ROWS
            for alpha in ALPHAS
        },
        "looks": list(DEFAULT.looks),
        "proposals": proposals * len(BASES),
    }


def _figures(model: str, proposals: int) -> dict[str, object]:
    """Both gates on children of every kind."""
    both = {
        whose: {
            name: [
                gate(MODELS[model](base, gain), proposals, _generator(f"{whose}{model}/{name}/{base}"))
                for base in BASES
            ]
            for name, gain in GAINS.items()
        }
        for whose, gate in (("", partial(our_gate, DEFAULT)), ("paper_", paper_gate))
    }
    figures: dict[str, object] = {}
    for whose, judged in both.items():
        together = {name: sum(over_bases, NONE) for name, over_bases in judged.items()}
        equal = together["equal"]
        figures[f"{whose}false_accept"] = equal.rate
        figures[f"{whose}false_accept_interval"] = _rounded(proportion_interval(equal.accepted, equal.proposals))
        figures |= {f"{whose}power_{points}": together[f"plus_{points}"].rate for points in (5, 10, 20)}
        figures[f"{whose}rollouts"] = {name: one.cost for name, one in together.items()}
        figures[f"{whose}accepted_by_base"] = {
            str(base): {name: judged[name][place].rate for name in GAINS} for place, base in enumerate(BASES)
        }
    return figures


def _choice(test: SequentialTest, proposals: int) -> dict[str, float]:
    """What another alpha and another number of rows would buy, with means over the parents."""

    def judged(model: str, kind: str) -> Judged:
        rng = _generator(f"choice/{model}/{kind}/{test.alpha}/{test.looks}")
        return sum((our_gate(test, MODELS[model](base, GAINS[kind]), proposals, rng) for base in BASES), NONE)

    noise = {kind: judged("independent", kind) for kind in GAINS}
    return {
        **{f"{kind}_accepted": one.rate for kind, one in noise.items()},
        "correlated_plus_10_accepted": judged("correlated", "plus_10").rate,
        **{f"{kind}_rollouts": one.cost for kind, one in noise.items()},
    }


def _generator(purpose: str) -> np.random.Generator:
    return np.random.default_rng(derive_seed(0, f"benchmark/gate/{purpose}"))


def _rounded(interval: tuple[float, float]) -> list[float]:
    return [round(end, 4) for end in interval]


def for_people(figures: Mapping[str, object], before: str = "") -> dict[str, object]:
    """The figures one a line, nested ones under the names that lead to them."""
    lines: dict[str, object] = {}
    for name, value in figures.items():
        lines |= for_people(value, f"{before}{name}: ") if isinstance(value, Mapping) else {f"{before}{name}": value}
    return lines


def main() -> None:
    """Run all arms and report."""
    chosen = options(__doc__ or "")
    figures = measure(proposals=4_000, null_runs=60) if chosen.quick else measure(proposals=20_000, null_runs=200)
    report(figures if chosen.json else for_people(figures), chosen)


if __name__ == "__main__":
    main()
