"""Tries a call again while its endpoint fails: the one place where anything is tried again."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from toishi.tools.workbench.errors import ModelUnavailable
from toishi.tools.workbench.models.protocol import Reply

if TYPE_CHECKING:
    from tenacity import RetryCallState


@dataclass(frozen=True)
class Patience:
    """How long an endpoint that fails is waited for.

    `attempts` counts the first one; an endpoint that says it is busy is alive, and gets `attempts_when_busy`. The wait
    before the n-th retry is drawn from 0 to `first_wait` x 2^n seconds, at most `longest_wait`; `Retry-After` is obeyed
    up to `longest_wait`, beyond which the endpoint counts as unavailable.
    """

    attempts: int = 6
    attempts_when_busy: int = 12
    first_wait: float = 1.0
    longest_wait: float = 60.0

    def allows_another(self, error: ModelUnavailable, attempts: int) -> bool:
        """Whether to try again after so many attempts, of which the last ended so."""
        most = self.attempts_when_busy if error.busy else self.attempts
        return attempts < most and (error.retry_after or 0.0) <= self.longest_wait


USUAL_PATIENCE = Patience()


async def until_answered(
    attempt: Callable[[], Awaitable[Reply]], patience: Patience, *, wanted: Callable[[], bool]
) -> Reply:
    """The reply of the first attempt that gives one; only `ModelUnavailable` is tried again, while it is `wanted`.

    The `ModelUnavailable` of the last attempt says how many there were.
    """
    from tenacity import AsyncRetrying, retry_if_exception_type
    from tenacity.wait import wait_random_exponential

    backoff = wait_random_exponential(multiplier=patience.first_wait, max=patience.longest_wait)

    def stops(state: "RetryCallState") -> bool:
        return not (patience.allows_another(_failure(state), state.attempt_number) and wanted())

    retrying = AsyncRetrying(
        retry=retry_if_exception_type(ModelUnavailable),
        stop=stops,
        wait=lambda state: max(backoff(state), _failure(state).retry_after or 0.0),
        reraise=True,
    )
    attempts = 0
    try:
        async for one in retrying:
            with one:
                attempts += 1
                return await attempt()
    except ModelUnavailable as error:
        times = "1 attempt" if attempts == 1 else f"{attempts} attempts"
        asked = error.retry_after or 0.0
        why = f", since it asks for a wait of {asked:.0f} seconds" if asked > patience.longest_wait else ""
        said = f"{error}; given up after {times}{why}"
        raise ModelUnavailable(said, retry_after=error.retry_after, busy=error.busy) from error
    raise AssertionError("tenacity ends by a return or an error")


def _failure(state: "RetryCallState") -> ModelUnavailable:
    error = state.outcome.exception() if state.outcome is not None else None
    assert isinstance(error, ModelUnavailable)
    return error
