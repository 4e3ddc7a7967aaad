"""litellm's errors in toishi's words: what to try again, what a person must mend, what one request is refused for.

Nothing that is told holds a key.
"""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from toishi.tools.workbench.errors import (
    ModelUnavailable,
    ModelUnknown,
    RequestRefused,
    RequestUnfit,
    ToishiError,
    UsageError,
)
from toishi.tools.workbench.redaction import redact

BUSY = (408, 429, 503, 529)
"""Statuses of an endpoint that would answer if it had less to do; 529 is Anthropic's."""

WORDS = 200
"""Characters of what an endpoint said that are told on."""

OWN_WORDS = re.compile(r"^((litellm\.)?\w+(Error|Exception)( -|:) )+| Original exception: .*")


def told(litellm: Any, error: Exception, where: str, *, way_to_a_key: str) -> ToishiError:
    """The error to raise for one of litellm's, or of a library below it. `where` names the model and its address."""
    status = getattr(error, "status_code", None)
    what = _what(error)
    if isinstance(error, litellm.ContextWindowExceededError | litellm.ContentPolicyViolationError):
        return RequestRefused(f"{where} refused the request: {what}")
    if status in (401, 403):
        return UsageError(f"{where} refused the key ({status}); {way_to_a_key}")
    if status == 404:
        return ModelUnknown(f"{where} does not exist there (404): {what}{_without_version(where)}")
    if status == 402 or "insufficient_quota" in str(error):
        return UsageError(f"{where} answered that the account has no credit left ({status})")
    if status in (400, 422) and not isinstance(error, litellm.APIConnectionError):
        return RequestUnfit(f"{where} does not take such requests ({status}): {what}")
    # Whatever is left is the endpoint's failure: busy, broken, gone, late, or talking nonsense.
    busy = status in BUSY or isinstance(error, litellm.Timeout)
    return ModelUnavailable(f"{where} failed: {what}", retry_after=_retry_after(error), busy=busy)


def _without_version(where: str) -> str:
    """The way out where the address has no path, which most servers need."""
    address = where.rpartition(" at ")[2]
    bare = address.startswith("http") and not urlsplit(address).path.strip("/")
    return f"; most servers answer under {address.rstrip('/')}/v1" if bare else ""


def is_about_the_schema(error: Exception) -> bool:
    """Whether an endpoint refuses a request because it cannot be held to a schema."""
    words = ("response_format", "json_schema", "guided", "grammar", "structured output")
    return getattr(error, "status_code", None) in (400, 422) and any(word in str(error) for word in words)


def _what(error: Exception) -> str:
    """One line of what was said, without litellm's own words in front of it."""
    text = redact(str(error)).strip()
    if re.search(r"<!doctype html|<html", text, re.IGNORECASE):
        title = re.search(r"<(title|h1)>(.*?)</", text, re.IGNORECASE)
        return "it answered with a web page" + (f" ({title[2]})" if title else "")
    lines = text.splitlines() or [type(error).__name__]
    return OWN_WORDS.sub("", lines[0])[:WORDS].rstrip(". ")


def _retry_after(error: Exception) -> float | None:
    """Seconds that the endpoint asked to wait; the header holds seconds or a date, OpenAI's own milliseconds."""
    response = getattr(error, "response", None)
    headers: Mapping[str, str] = (
        getattr(error, "litellm_response_headers", None) or getattr(response, "headers", None) or {}
    )
    exact = _seconds(headers.get("retry-after-ms"))
    if exact is not None:
        return exact / 1000
    value = headers.get("retry-after")
    seconds = _seconds(value)
    if value is None or seconds is not None:
        return seconds
    try:
        return max((parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds(), 0.0)
    except (TypeError, ValueError):
        return None


def _seconds(value: str | None) -> float | None:
    try:
        seconds = math.nan if value is None else float(value)
    except ValueError:
        return None
    return None if math.isnan(seconds) else max(seconds, 0.0)
