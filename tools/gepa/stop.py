"""When the search ends, its budget aside. Looked at after every iteration, as in Algorithm 1."""

from dataclasses import dataclass

from toishi.tools.gepa.settings import GepaSettings

BEST = {
    "generalise": ("the best candidate is perfect on the whole validation set", "no higher validation score"),
    "solve": ("every row is solved", "no better answer"),
}
"""In words, by mode: that nothing better can come, and that nothing better has come."""


@dataclass(frozen=True)
class Standing:
    """How far the search is.

    `iteration` counts finished iterations; `idle` those in a row that had no proposal to judge; `stale` those in a row
    that brought nothing better; `perfect` says that nothing better can come.
    """

    iteration: int = 0
    idle: int = 0
    stale: int = 0
    perfect: bool = False

    def after(self, *, judged: bool, improved: bool, perfect: bool) -> "Standing":
        """The standing after one more iteration."""
        return Standing(self.iteration + 1, 0 if judged else self.idle + 1, 0 if improved else self.stale + 1, perfect)


def stop_reason(standing: Standing, settings: GepaSettings) -> str | None:
    """Why the search ends now, in words, or None; the budget has a word of its own."""
    best, nothing_new = BEST[settings.mode]
    if settings.max_iterations is not None and standing.iteration >= settings.max_iterations:
        return f"all {settings.max_iterations} iterations are done"
    if settings.stop_when_perfect and standing.perfect:
        return best
    if settings.patience is not None and standing.stale >= settings.patience:
        return f"{_iterations(standing.stale)} in a row brought {nothing_new}"
    if settings.max_idle is not None and standing.idle >= settings.max_idle:
        return f"{_iterations(standing.idle)} in a row had no proposal to judge"
    return None


def _iterations(count: int) -> str:
    return f"{count} iteration{'' if count == 1 else 's'}"
