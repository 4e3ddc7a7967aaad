"""When the search ends. Looked at before every iteration, as in Algorithm 1, but for a whole one: never half of it."""

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


def needed(settings: GepaSettings, validation: int) -> int:
    """The rollouts of an iteration that is accepted: the minibatch twice, and the whole validation set."""
    return 2 * settings.minibatch + validation


def stop_reason(standing: Standing, settings: GepaSettings, *, affordable: bool) -> str | None:
    """Why the search ends now, in words, or None. `affordable`: the rollouts `needed` still fit the budget."""
    if settings.max_iterations is not None and standing.iteration >= settings.max_iterations:
        return f"all {settings.max_iterations} iterations are done"
    if settings.stop_when_perfect and standing.perfect:
        return "the best candidate is perfect on the whole validation set"
    if settings.patience is not None and standing.stale >= settings.patience:
        return f"{standing.stale} iterations in a row brought no higher validation score"
    if settings.max_idle is not None and standing.idle >= settings.max_idle:
        return f"{standing.idle} iterations in a row had no proposal to judge"
    if not affordable:
        return "the rest of the budget is too small for another whole iteration"
    return None
