"""A remote model that is asked in batches where many requests come at once, at half the price of single calls.

Requests that come together go into one batch; a few are asked one by one, since nobody wants to wait a day for them.
Which file holds which request is written down before its batch is made, so a run that was killed finds its batches
again and pays for nothing twice.
"""

import asyncio
import os
import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from toishi.tools.workbench.errors import ModelUnavailable, RequestRefused, ToishiError, UsageError
from toishi.tools.workbench.models.protocol import Listener, Reply, Request
from toishi.tools.workbench.models.remote import batches, library
from toishi.tools.workbench.models.remote.batches import PACE, Line, Pace
from toishi.tools.workbench.models.remote.model import RemoteModel
from toishi.tools.workbench.models.remote.replies import Answer, read

FEWEST = 16
"""Requests that make a batch; fewer are asked one by one."""

MOST = 10_000
"""Requests in one batch, and in flight."""

QUIET = 1.0
"""Seconds without a new request after which those that came go together."""

DISCOUNT = 0.5
"""What OpenAI takes for a batched token, of the price of any other."""


class BatchBook(Protocol):
    """Where it is written down which file holds which request, and which batch answers a file."""

    def file_of(self, key: str) -> str | None:
        """The newest file that holds a request, whichever run asked it."""
        ...

    def batch_of(self, file: str) -> str | None: ...

    def add_file(self, file: str, keys: Sequence[str]) -> None: ...

    def add_batch(self, file: str, batch: str) -> None: ...


class BatchedModel:
    """`model` in batches. Raises `UsageError` at the first call where its provider takes none."""

    def __init__(
        self, model: RemoteModel, book: BatchBook, *, fewest: int = FEWEST, quiet: float = QUIET, pace: Pace = PACE
    ) -> None:
        self._model = model
        self._book = book
        self._fewest = fewest
        self._quiet = quiet
        self._pace = pace
        self._gathering: dict[str, tuple[Request, asyncio.Future[str | None]]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._collecting: dict[str, asyncio.Task[Mapping[str, Line]]] = {}
        self._sending: set[asyncio.Task[None]] = set()
        self._fruitless: set[tuple[str, str]] = set()
        self._fresh: set[str] = set()
        self._client: Any = None

    @property
    def name(self) -> str:
        """That of the model: it is the same one that answers."""
        return self._model.name

    async def generate(self, request: Request, listen: Listener | None = None) -> Reply:
        """The reply, which may take a day; nobody can listen to it. Raises as `RemoteModel.generate` does."""
        start = time.perf_counter()
        await asyncio.to_thread(self._model.route)
        self._open()
        file = self._book.file_of(request.key)
        if file is None or (request.key, file) in self._fruitless:
            file = await self._gather(request)
        if file is None:
            return await self._model.generate(request, listen)
        try:
            answer = self._answer((await asyncio.shield(self._collect(file))).get(request.key))
        except ModelUnavailable:
            self._fruitless.add((request.key, file))
            raise
        except ToishiError:
            raise
        except Exception as error:
            if getattr(error, "status_code", None) != 404:
                raise self._model.failure(error) from None
            self._fruitless.add((request.key, file))
            raise ModelUnavailable(f"{self._model.where} failed: the batch is no longer there") from None
        return self._model.reply(request, answer, time.perf_counter() - start)

    def count_tokens(self, request: Request) -> int:
        return self._model.count_tokens(request)

    def price(self) -> tuple[float, float] | None:
        """That of a single call, which a request may become."""
        return self._model.price()

    async def close(self) -> None:
        """Lets go of batches in flight, which go on by themselves, and closes the connections."""
        tasks = [*self._collecting.values(), *self._sending]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._timer is not None:
            self._timer.cancel()
        if self._client is not None:
            await self._client.close()
        await self._model.close()

    def _open(self) -> None:
        if self._client is not None:
            return
        route = self._model.route()
        if route.provider != "openai":
            raise UsageError(
                f"{self._model.where} cannot be asked in batches, which OpenAI and servers like it take; leave out "
                "models.batch"
            )
        from openai import AsyncOpenAI

        self._client = AsyncOpenAI(
            api_key=route.key or os.environ.get("OPENAI_API_KEY"), base_url=self._model.base_url, max_retries=0
        )

    async def _gather(self, request: Request) -> str | None:
        """The file that a request went into with others; None where too few came together."""
        loop = asyncio.get_running_loop()
        sent: asyncio.Future[str | None] = loop.create_future()
        self._gathering[request.key] = (request, sent)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_later(0 if len(self._gathering) >= MOST else self._quiet, self._begin_sending)
        return await sent

    def _begin_sending(self) -> None:
        gathered, self._gathering = self._gathering, {}
        waiting = [(request, sent) for request, sent in gathered.values() if not sent.done()]
        if len(waiting) < self._fewest:
            for _, sent in waiting:
                sent.set_result(None)
            return
        task = asyncio.ensure_future(self._send(waiting))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send(self, waiting: Sequence[tuple[Request, asyncio.Future[str | None]]]) -> None:
        requests = [request for request, _ in waiting]
        try:
            route = self._model.route()
            told = self._model.base_url is not None or not route.keeps_schemas
            content = batches.lines_of(library.litellm(), route.own_name, requests, schema_is_told=told)
            file = await batches.upload(self._client, content)
            self._book.add_file(file, [request.key for request in requests])
            self._fresh.add(file)
        except Exception as error:
            failure = error if isinstance(error, ToishiError) else self._model.failure(error)
            for _, sent in waiting:
                if not sent.done():
                    sent.set_exception(failure)
            return
        for _, sent in waiting:
            if not sent.done():
                sent.set_result(file)

    def _collect(self, file: str) -> "asyncio.Task[Mapping[str, Line]]":
        """What is said to the requests of a file: one task for all that wait for it, and a new one after a failure."""
        task = self._collecting.get(file)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = self._collecting[file] = asyncio.ensure_future(self._answers(file))
        return task

    async def _answers(self, file: str) -> Mapping[str, Line]:
        batch = self._book.batch_of(file)
        if batch is None:
            is_fresh = file in self._fresh
            # Whether an attempt that fails made a batch, nobody knows.
            self._fresh.discard(file)
            batch = await batches.start(self._client, file, may_be_there=not is_fresh)
            self._book.add_batch(file, batch)
        return await batches.collect(self._client, batch, self._pace)

    def _answer(self, line: Line | None) -> Answer:
        where = self._model.where
        if line is None:
            raise ModelUnavailable(f"{where} failed: the batch ended before it came to this request")
        if line.status != 200:
            error = (line.body or {}).get("error") or {}
            said = f"{where} refused the request: {error.get('message', line.status)}"
            if line.status in (408, 409, 429) or line.status >= 500:
                raise ModelUnavailable(said)
            raise RequestRefused(said) if "context" in said else UsageError(said)
        answer = read(library.litellm().ModelResponse(**line.body), where)
        return self._model.discounted(answer, DISCOUNT)
