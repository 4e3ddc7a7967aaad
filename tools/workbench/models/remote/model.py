"""`openai/…`, `anthropic/…`, `ollama_chat/…` and whatever else litellm knows, and any server at a `base_url`.

It tells what is infrastructure (to be tried again by the gateway) from what the person must mend and from what this
one request is refused for. It never tries again itself, and nothing that it says holds a key.
"""

import asyncio
import logging
import time
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from toishi.tools.workbench.errors import ModelUnknown, ToishiError, UsageError
from toishi.tools.workbench.models.keys import KEY_FOR_BASE_URL, find_key, provider_of, way_to_a_key
from toishi.tools.workbench.models.protocol import Listener, Reply, Request
from toishi.tools.workbench.models.remote import library
from toishi.tools.workbench.models.remote.failures import is_about_the_schema, told
from toishi.tools.workbench.models.remote.replies import Answer, read, read_stream
from toishi.tools.workbench.models.remote.sending import arguments, text_to_read
from toishi.tools.workbench.models.remote.tokens import TokenBound, encoding_of

TIMEOUT = 180.0
"""Seconds without a word after which a call to a provider counts as lost."""

TIMEOUT_OF_ONES_OWN = 600.0
"""The same for a server at a `base_url`: it may have to load the model first, and to answer on a processor."""

CONNECT_TIMEOUT = 10.0

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Route:
    """How a model is called: by litellm's name and by the endpoint's own, with a key where the environment has none.

    `keeps_schemas`: the endpoint holds a reply to a schema. `calls_tools` likewise.
    """

    model: str
    own_name: str
    provider: str
    key: str | None
    keeps_schemas: bool
    calls_tools: bool


class RemoteModel:
    """One model of one provider, or of the OpenAI-compatible server at `base_url`, with or without a key.

    litellm's prices hold for providers' own endpoints only: what another server takes, nobody here can tell but the
    person. `price` is theirs, in US dollars per prompt and per completion token, for whatever has no known price.
    A schema is told in the prompt, unless the provider is known to keep to it; a server of one's own is told and asked
    to keep it, until it refuses that.
    """

    def __init__(
        self,
        name: str,
        *,
        base_url: str | None = None,
        timeout: float | None = None,
        price: tuple[float, float] | None = None,
    ) -> None:
        self._name = name
        self.base_url = base_url
        self._timeout = timeout or (TIMEOUT if base_url is None else TIMEOUT_OF_ONES_OWN)
        self._own_price = price
        self._known_route: Route | None = None
        self._bound: TokenBound | None = None
        self._refuses_schemas = False
        self._told_of_missing_usage = False
        library.opened(self)

    @property
    def name(self) -> str:
        """The name that a task gives, and the address of the server where it is the person's own."""
        return self._name if self.base_url is None else f"{self._name}@{self.base_url}"

    async def generate(self, request: Request, listen: Listener | None = None) -> Reply:
        """The reply of one call; raises `ModelUnavailable`, `RequestRefused`, `ModelUnknown` or `UsageError`."""
        start = time.perf_counter()
        if self._known_route is None:
            await asyncio.to_thread(self.route)
        route = self.route()
        litellm = library.litellm()
        try:
            answer = await self._ask(litellm, route, request, listen)
        except ToishiError:
            raise
        except Exception as error:
            raise self.failure(error) from None
        return self.reply(request, answer, time.perf_counter() - start)

    def failure(self, error: Exception) -> ToishiError:
        """What to raise for an error of litellm's or of a library below it."""
        return told(library.litellm(), error, self.where, way_to_a_key=self._way_to_a_key())

    def count_tokens(self, request: Request) -> int:
        """An upper bound, as `tokens` says. The first call may import litellm, and checks name and key."""
        return self._token_bound().of(text_to_read(request), len(request.messages) + len(request.tools))

    def price(self) -> tuple[float, float] | None:
        """By litellm's own list, which is shipped with it, else what the person said."""
        route = self.route()
        return self._listed_price(route) or self._own_price

    async def close(self) -> None:
        """Closes the connections, where no other model uses them."""
        await library.closed(self)

    @property
    def where(self) -> str:
        """The model and its address, as errors name them."""
        return self._name if self.base_url is None else f"{self._name} at {self.base_url}"

    async def _ask(self, litellm: Any, route: Route, request: Request, listen: Listener | None) -> Answer:
        if request.tools and not route.calls_tools:
            raise UsageError(f"{self.where} cannot call tools; name another model, or a program without tools")
        keeps = route.keeps_schemas and not self._refuses_schemas
        sent = {
            **self._address(route),
            **arguments(
                request,
                schema_is_kept=keeps,
                schema_is_told=self.base_url is not None or not keeps,
                # vLLM gives them at no price; elsewhere they are refused, or make every reply longer.
                logprobs=route.provider == "hosted_vllm",
                streams=listen is not None,
            ),
        }
        try:
            response = await litellm.acompletion(**sent)
        except Exception as error:
            if request.schema is None or not keeps or not is_about_the_schema(error):
                raise
            self._refuses_schemas = True
            return await self._ask(litellm, route, request, listen)
        if listen is None:
            return read(response, self.where)
        return await read_stream(litellm, response, sent["messages"], listen, self.where)

    def _address(self, route: Route) -> dict[str, Any]:
        from httpx import Timeout

        found: dict[str, Any] = {
            "model": route.model,
            "timeout": Timeout(self._timeout, connect=min(CONNECT_TIMEOUT, self._timeout)),
            "num_retries": 0,
            "max_retries": 0,
            # Some models take no seed, and reasoning models no temperature.
            "drop_params": True,
        }
        if self.base_url is not None:
            found["api_base"] = self.base_url
        if route.key is not None:
            found["api_key"] = route.key
        return found

    def reply(self, request: Request, answer: Answer, seconds: float) -> Reply:
        """An answer as a reply, with its cost, and with tokens also where the endpoint told none."""
        if answer.usage is None:
            # From above, as the budget counts; that the cost is unknown says that the tokens are not the endpoint's.
            written = answer.text + "".join(call.name + call.arguments for call in answer.tool_calls)
            prompt_tokens, completion_tokens = self.count_tokens(request), self._token_bound().of(written, 0)
            completion_tokens = min(completion_tokens, request.sampling.max_tokens)
            self._tell_of_missing_usage()
        else:
            prompt_tokens, completion_tokens = answer.usage
            self._token_bound().learn(text_to_read(request), prompt_tokens)
        return Reply(
            text=answer.text,
            finish_reason=answer.finish_reason,
            prompt_tokens=prompt_tokens,
            completion_tokens=completion_tokens,
            cost=self._cost(answer),
            seconds=seconds,
            logprobs=answer.logprobs,
            tool_calls=answer.tool_calls,
        )

    def discounted(self, answer: Answer, share: float) -> Answer:
        """The same answer for that share of the listed price."""
        price = self._listed_price(self.route())
        if price is None or answer.usage is None:
            return replace(answer, cost=None)
        return replace(answer, cost=share * sum(n * each for n, each in zip(answer.usage, price, strict=True)))

    def _cost(self, answer: Answer) -> float | None:
        if answer.usage is None:
            return None
        listed = None if self.base_url is not None else answer.cost
        if listed is not None or self._own_price is None:
            return listed
        return sum(tokens * each for tokens, each in zip(answer.usage, self._own_price, strict=True))

    def _tell_of_missing_usage(self) -> None:
        if not self._told_of_missing_usage:
            self._told_of_missing_usage = True
            logging.getLogger(__name__).warning(
                "%s does not say how many tokens it used: they are estimated, and the cost is unknown", self.where
            )

    def _listed_price(self, route: Route) -> tuple[float, float] | None:
        if self.base_url is not None:
            return None
        litellm = library.litellm()
        try:
            prompt, _ = litellm.cost_per_token(model=route.model, prompt_tokens=1)
            _, completion = litellm.cost_per_token(model=route.model, completion_tokens=1)
        except Exception:
            # litellm has no one error for a model that its list does not hold.
            return None
        return prompt, completion

    def _token_bound(self) -> TokenBound:
        if self._bound is None:
            route = self.route() if self.base_url is None else None
            is_openai = route is not None and route.provider == "openai"
            self._bound = TokenBound(encoding_of(self._name.removeprefix("openai/")) if is_openai else None)
        return self._bound

    def route(self) -> Route:
        """How it is called, found out at the first call.

        Raises `ModelUnknown` for an unknown provider and `UsageError` for a missing key.
        """
        if self._known_route is None:
            litellm = library.litellm()
            litellm.utils.custom_llm_setup()
            model = self._name
            try:
                short, provider, _, _ = litellm.get_llm_provider(model, api_base=self.base_url)
            except Exception:
                if self.base_url is None:
                    raise ModelUnknown(
                        f"no provider is known for the model {self._name!r}; name one like openai/gpt-5-mini, or give "
                        "the base_url of an OpenAI-compatible server"
                    ) from None
                short, model, provider = self._name, f"openai/{self._name}", "openai"
            takes = litellm.get_supported_openai_params(model=short, custom_llm_provider=provider)
            self._known_route = Route(
                model=model,
                own_name=short,
                provider=provider,
                key=self._find_key(litellm) if self.base_url is None else _key_for(self.base_url, provider),
                keeps_schemas=self.base_url is not None or litellm.supports_response_schema(short, provider),
                calls_tools=takes is None or "tools" in takes,
            )
        return self._known_route

    def _find_key(self, litellm: Any) -> str | None:
        """The provider's key, where litellm cannot find it by itself: in the keyring."""
        wanted = self._variables(litellm)
        if not wanted:
            return None
        key = find_key(wanted)
        if key is None:
            raise UsageError(f"{self._name} needs a key: {way_to_a_key(wanted)}")
        return key

    def _variables(self, litellm: Any) -> tuple[str, ...]:
        """The variables of which one must hold the key; none where the environment holds all that is needed."""
        missing = litellm.validate_environment(self._name)["missing_keys"]
        if not any(variable.endswith(("_KEY", "_TOKEN")) for variable in missing):
            return ()
        provider = provider_of(self._name)
        return provider.variables if provider is not None else tuple(missing)

    def _way_to_a_key(self) -> str:
        if self.base_url is not None:
            return way_to_a_key((KEY_FOR_BASE_URL,))
        missing = library.litellm().validate_environment(self._name, api_key=None)["missing_keys"]
        provider = provider_of(self._name)
        variables = provider.variables if provider is not None else missing or ["the provider's variable"]
        return f"check {' or '.join(variables)} in the environment"


def _key_for(base_url: str, provider: str) -> str | None:
    """The key for a server of the person's own; None leaves it to litellm's rules for the provider.

    The key of OpenAI itself goes to another machine only where it is called OpenAI's, and never to this one.
    """
    own = find_key((KEY_FOR_BASE_URL,))
    if own:
        return own
    here = urlsplit(base_url).hostname in LOOPBACK
    if provider == "openai" and (here or not find_key(("OPENAI_API_KEY",))):
        return "none"
    return None
