"""When the search ends, its budget aside. Looked at after every iteration, as in Algorithm 1."""

from dataclasses import dataclass

from toishi.tools.gepa.settings import GepaSettings


@dataclass(frozen=True)
class Standing:
    """How far the search is.

    `iteration` counts finished iterations; `idle` those in a row that had no proposal to judge; `stale` those in a row
    that did not raise the best validation score; `perfect` says that the best one cannot be raised.
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
    if settings.max_iterations is not None and standing.iteration >= settings.max_iterations:
        return f"all {settings.max_iterations} iterations are done"
    if settings.stop_when_perfect and standing.perfect:
        return "the best candidate is perfect on the whole validation set"
    if settings.patience is not None and standing.stale >= settings.patience:
        return f"{standing.stale} iterations in a row brought no higher validation score"
    if settings.max_idle is not None and standing.idle >= settings.max_idle:
        return f"{standing.idle} iterations in a row had no proposal to judge"
    return None
