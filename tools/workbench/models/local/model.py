"""`local/…` and `embedded/…`: a model that lives in this process."""

import asyncio
import hashlib
import time
from concurrent.futures import Future
from pathlib import Path

from toishi.tools.workbench.errors import ModelUnavailable, RequestRefused, ToishiError
from toishi.tools.workbench.models.local import chat, network
from toishi.tools.workbench.models.local.engine import Engine, EngineClosed, TokenListener
from toishi.tools.workbench.models.local.network import Network
from toishi.tools.workbench.models.local.tool_calls import find_tool_calls
from toishi.tools.workbench.models.protocol import Listener, Reply, Request
from toishi.tools.workbench.seeds import derive_seed

LARGE = 64 * 2**20

UNFINISHED = "\ufffd\x01"
"""At the end of a text that still grows: part of a character of several tokens, or the mark of a capital to come."""


class LocalModel:
    """A transformers model by folder or hub id; loading begins at once, in the engine's thread.

    Samples are drawn from (seed, key, replicate) of a request, so they do not depend on what else is asked.
    """

    def __init__(self, name: str, source: str, *, reuse_prefixes: bool = True) -> None:
        self._name = name
        self._version = fingerprint(Path(source))
        self._chat: Future[chat.ChatTokenizer] = Future()
        self._engine = Engine(lambda: self._load(source), name=name, reuse_prefixes=reuse_prefixes)

    @property
    def name(self) -> str:
        """The name that a task gives, and the version of the weights where they lie in a folder."""
        return f"{self._name}@{self._version}" if self._version else self._name

    async def generate(self, request: Request, listen: Listener | None = None) -> Reply:
        """The reply; `RequestRefused` where the prompt fills the window, `ModelUnknown` where the model cannot load."""
        start = time.perf_counter()
        # One caller that is cancelled must not cancel the loading for all.
        loaded = await asyncio.shield(asyncio.wrap_future(self._engine.network))
        tokenizer = self._chat.result()
        prompt = tokenizer.render(request)
        room = request.sampling.max_tokens if loaded.window is None else loaded.window - len(prompt)
        if room < 1:
            raise RequestRefused(
                f"the prompt has {len(prompt)} tokens, and {self._name} has a window of {loaded.window}"
            )
        seed = derive_seed(request.seed, request.key, request.replicate)
        max_tokens = min(request.sampling.max_tokens, room)
        try:
            done = await asyncio.wrap_future(
                self._engine.submit(
                    prompt,
                    request.sampling,
                    seed=seed,
                    max_tokens=max_tokens,
                    natural_cut=tokenizer.last_message(request),
                    listen=None if listen is None else _telling(tokenizer, listen),
                )
            )
        except ToishiError:
            raise
        except EngineClosed as error:
            raise ModelUnavailable(f"{self._name} was closed") from error
        except Exception as error:
            raise ModelUnavailable(f"{self._name} failed: {type(error).__name__}: {error}") from error
        text, tool_calls = find_tool_calls(tokenizer.text(done.tokens), request.tools)
        return Reply(
            text=text,
            finish_reason="tool_calls" if tool_calls else done.finish_reason,
            prompt_tokens=len(prompt),
            completion_tokens=len(done.tokens),
            cost=0.0,
            seconds=time.perf_counter() - start,
            token_ids=done.tokens,
            logprobs=done.logprobs,
            tool_calls=tool_calls,
        )

    def count_tokens(self, request: Request) -> int:
        """The prompt's tokens, exactly; waits until the tokenizer is loaded."""
        return len(self._chat.result().render(request))

    def price(self) -> tuple[float, float]:
        return 0.0, 0.0

    async def close(self) -> None:
        """Ends the engine; what is unfinished gets `ModelUnavailable`."""
        await asyncio.to_thread(self._engine.close)

    def _load(self, source: str) -> Network:
        try:
            tokenizer = chat.load(self._name, source)
        except BaseException as error:
            self._chat.set_exception(error)
            raise
        self._chat.set_result(tokenizer)
        loaded = network.load(self._name, source)
        if tokenizer.end is not None:
            loaded.ends |= {tokenizer.end}
        return loaded


def _telling(tokenizer: chat.ChatTokenizer, listen: Listener) -> TokenListener:
    """Tells the text from the event loop, only the newest where tokens come faster than they can be told."""
    loop = asyncio.get_running_loop()
    newest: tuple[int, ...] = ()

    def tell(tokens: tuple[int, ...]) -> None:
        if tokens is newest:
            listen(tokenizer.text(tokens).rstrip(UNFINISHED))

    def note(tokens: tuple[int, ...]) -> None:
        nonlocal newest
        newest = tokens
        loop.call_soon_threadsafe(tell, tokens)

    return note


def fingerprint(folder: Path) -> str:
    """Eight hexadecimal digits that change with the folder's files; empty where there is no such folder.

    Files of more than `LARGE` bytes count by size and time of change, since reading them would take too long.
    """
    if not folder.is_dir():
        return ""
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.iterdir() if path.is_file()):
        facts = file.stat()
        content = file.read_bytes() if facts.st_size <= LARGE else str(facts.st_mtime_ns).encode()
        digest.update(f"{file.name}/{facts.st_size}/".encode() + content)
    return digest.hexdigest()[:8]
