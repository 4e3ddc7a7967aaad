"""Models behind an endpoint, through litellm, which is imported here and nowhere else, late and in a thread.

It tells what is infrastructure (to be tried again by the gateway) from what the person must mend and from what this
one request is refused for. It never tries again itself, and nothing that it says holds a key.
"""

import asyncio
import os
import sys
import threading
import time
import warnings
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from toishi.tools.workbench.errors import ModelUnavailable, ModelUnknown, RequestRefused, ToishiError, UsageError
from toishi.tools.workbench.models.protocol import FinishReason, Listener, Reply, Request
from toishi.tools.workbench.redaction import redact
from toishi.tools.workbench.seeds import derive_seed

TIMEOUT = 180.0
"""Seconds after which a call counts as lost."""

KEY_FOR_BASE_URL = "TOISHI_API_KEY"
"""Holds the key for the server at `base_url`, where it wants one."""

FRAME_TOKENS = 64
MESSAGE_TOKENS = 16
"""What a chat template may add to a conversation and to each of its messages, at most."""


class RemoteModel:
    """One model of one provider, or of the OpenAI-compatible server at `base_url`, with or without a key.

    Prices are known for providers' own endpoints only: what another server takes, nobody here can tell.
    """

    def __init__(self, name: str, *, base_url: str | None = None, timeout: float = TIMEOUT) -> None:
        self._name = name
        self._base_url = base_url
        self._timeout = timeout
        self._checked: tuple[str, str] | None = None

    @property
    def name(self) -> str:
        """The name that a task gives, and the address of the server where it is the person's own."""
        return self._name if self._base_url is None else f"{self._name}@{self._base_url}"

    async def generate(self, request: Request, listen: Listener | None = None) -> Reply:
        """The reply of one call; raises `ModelUnavailable`, `RequestRefused`, `ModelUnknown` or `UsageError`."""
        start = time.perf_counter()
        litellm = await asyncio.to_thread(_litellm)
        model, provider = await asyncio.to_thread(self._check)
        try:
            response = await litellm.acompletion(**self._arguments(model, provider, request))
            return self._reply(response, time.perf_counter() - start)
        except ToishiError:
            raise
        except Exception as error:
            raise self._told(litellm, error) from None

    def count_tokens(self, request: Request) -> int:
        """An upper bound without any tokenizer: no token is less than a byte of text."""
        return FRAME_TOKENS + sum(len(message.content.encode()) + MESSAGE_TOKENS for message in request.messages)

    def price(self) -> tuple[float, float] | None:
        """By litellm's own list, which is shipped with it. The first call imports litellm and checks name and key."""
        model, _ = self._check()
        if self._base_url is not None:
            return None
        litellm = _litellm()
        try:
            prompt, _ = litellm.cost_per_token(model=model, prompt_tokens=1)
            _, completion = litellm.cost_per_token(model=model, completion_tokens=1)
        except Exception:
            # litellm has no one error for a model that its list does not hold.
            return None
        return prompt, completion

    async def close(self) -> None:
        """Closes litellm's connections, which all its models share, and which open again when needed."""
        await _close_clients()

    def _check(self) -> tuple[str, str]:
        """The model as litellm names it, and its provider; refuses an unknown provider and a missing key."""
        if self._checked is None:
            litellm = _litellm()
            model = self._name
            try:
                _, provider, _, _ = litellm.get_llm_provider(model, api_base=self._base_url)
            except Exception:
                if self._base_url is None:
                    raise ModelUnknown(
                        f"no provider is known for the model {self._name!r}; name one like openai/gpt-5-mini, or give "
                        "the base_url of an OpenAI-compatible server"
                    ) from None
                model, provider = f"openai/{self._name}", "openai"
            if self._base_url is None:
                missing = litellm.validate_environment(self._name)["missing_keys"]
                if any(variable.endswith(("_KEY", "_TOKEN")) for variable in missing):
                    raise UsageError(f"{self._name} needs a key: set {' or '.join(missing)} in the environment")
            self._checked = (model, provider)
        return self._checked

    def _arguments(self, model: str, provider: str, request: Request) -> dict[str, Any]:
        sampling = request.sampling
        arguments: dict[str, Any] = {
            "model": model,
            "messages": [{"role": message.role, "content": message.content} for message in request.messages],
            "temperature": sampling.temperature,
            "max_tokens": sampling.max_tokens,
            "timeout": self._timeout,
            "num_retries": 0,
            "max_retries": 0,
            # Some models take no seed, and reasoning models no temperature.
            "drop_params": True,
        }
        if sampling.top_p < 1:
            arguments["top_p"] = sampling.top_p
        if sampling.temperature > 0:
            arguments["seed"] = derive_seed(request.seed, request.key, request.replicate) % 2**31
        if self._base_url is not None:
            arguments["api_base"] = self._base_url
            key = _key_for(self._base_url, provider)
            if key is not None:
                arguments["api_key"] = key
        return arguments

    def _reply(self, response: Any, seconds: float) -> Reply:
        choice, usage = response.choices[0], response.usage
        reasons: dict[str, FinishReason] = {"stop": "stop", "length": "length"}
        return Reply(
            text=choice.message.content or "",
            finish_reason=reasons.get(choice.finish_reason, "other"),
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            cost=None if self._base_url is not None else response._hidden_params.get("response_cost"),
            seconds=seconds,
        )

    def _told(self, litellm: Any, error: Exception) -> ToishiError:
        """litellm's error in toishi's words."""
        status = getattr(error, "status_code", None)
        where = f"{self._name} at {self._base_url}" if self._base_url is not None else self._name
        said = redact(str(error)).strip().splitlines() or [type(error).__name__]
        what = said[0][:200].rstrip(".")
        if isinstance(error, litellm.ContextWindowExceededError | litellm.ContentPolicyViolationError):
            return RequestRefused(f"{where} refused the request: {what}")
        if status in (401, 403):
            return UsageError(f"{where} refused the key ({status}); {self._way_to_a_key()}")
        if status == 404:
            return ModelUnknown(f"{where} does not exist there (404): {what}")
        if status == 402 or "insufficient_quota" in str(error):
            return UsageError(f"{where} answered that the account has no credit left ({status})")
        if status in (400, 422) and not isinstance(error, litellm.APIConnectionError):
            return UsageError(f"{where} does not take such requests ({status}): {what}")
        # Whatever is left is the endpoint's failure: busy, broken, gone, late, or talking nonsense.
        return ModelUnavailable(f"{where} failed: {what}", retry_after=_retry_after(error))

    def _way_to_a_key(self) -> str:
        if self._base_url is not None:
            return f"set {KEY_FOR_BASE_URL} in the environment"
        missing = _litellm().validate_environment(self._name, api_key=None)
        variables = missing["missing_keys"] or ["the provider's variable"]
        return f"check {' or '.join(variables)} in the environment"


_importing = threading.Lock()


def _litellm() -> Any:
    """litellm, quiet, without network at import and without telemetry; takes seconds the first time."""
    with _importing:
        if "litellm" not in sys.modules:
            os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
            # Its types, some of which are made at the first call, are not to pydantic's taste.
            warnings.filterwarnings("ignore", message=".*using the `ReadOnly` qualifier", category=UserWarning)
        litellm: Any = import_module("litellm")
        litellm.suppress_debug_info = True
        litellm.telemetry = False
    return litellm


async def _close_clients() -> None:
    litellm = _litellm()
    await litellm.close_litellm_async_clients()
    # A closed client must not be found again.
    litellm.in_memory_llm_clients_cache.flush_cache()


def _key_for(base_url: str, provider: str) -> str | None:
    """The key for a server of the person's own; None leaves it to litellm's rules for the provider.

    The key of OpenAI itself goes to another machine only where it is called OpenAI's, and never to this one.
    """
    own = os.environ.get(KEY_FOR_BASE_URL)
    if own:
        return own
    here = urlsplit(base_url).hostname in ("127.0.0.1", "localhost", "::1")
    if provider == "openai" and (here or not os.environ.get("OPENAI_API_KEY")):
        return "none"
    return None


def _retry_after(error: Exception) -> float | None:
    """Seconds that the endpoint asked to wait; the header holds seconds or a date."""
    response = getattr(error, "response", None)
    headers = getattr(error, "litellm_response_headers", None) or getattr(response, "headers", None) or {}
    value = headers.get("retry-after")
    if value is None:
        return None
    try:
        return max(float(value), 0.0)
    except ValueError:
        pass
    try:
        return max((parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds(), 0.0)
    except (TypeError, ValueError):
        return None
