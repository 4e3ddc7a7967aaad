"""Continuous batching: requests join between two tokens and leave when they are done.

One thread does all the work of the network. Requests with the same beginning run in one lane behind its states, which
are computed once and kept for later. What a row gets does not depend on the rows beside it. The engine knows token ids
only, and nothing of messages, budgets or caches of replies.
"""

import queue
import random
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

import torch

from toishi.tools.workbench.models.local.network import Network
from toishi.tools.workbench.models.local.prefixes import RecentPrompts, Tokens, cut
from toishi.tools.workbench.models.local.sampling import draw
from toishi.tools.workbench.models.local.states import Prefix, RowStates
from toishi.tools.workbench.models.protocol import FinishReason, Sampling

ROWS = 64
"""Rows in flight at most."""

PREFILL_TOKENS = 4096
"""Tokens of one prefill pass at most, padding included, unless a single prompt is longer."""

PASS_TOKENS = 64
"""Tokens whose reading takes about as long as beginning another pass."""

PREFIXES = 8
"""Prefixes whose states are kept."""


TokenListener = Callable[[tuple[int, ...]], None]
"""Is told the tokens so far after each one, in the engine's thread."""


class EngineClosed(Exception):
    """The engine was closed before the request was done."""


@dataclass(frozen=True)
class Completion:
    """What was generated, the end token included where the model ended by itself; `logprobs` in natural logarithm."""

    tokens: tuple[int, ...]
    logprobs: tuple[float, ...]
    finish_reason: FinishReason


@dataclass
class _Row:
    prompt: Tokens
    natural_cut: int
    sampling: Sampling
    max_tokens: int
    random: random.Random
    future: "Future[Completion]"
    listen: TokenListener | None
    tokens: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)

    @property
    def size(self) -> int:
        return len(self.prompt) + self.max_tokens

    def finish_reason(self, ends: frozenset[int]) -> FinishReason | None:
        if self.tokens[-1] in ends:
            return "stop"
        return "length" if len(self.tokens) >= self.max_tokens else None


@dataclass
class _Lane:
    """Rows behind one prefix; row i of the states is rows[i]."""

    states: RowStates
    rows: list[_Row] = field(default_factory=list)


class Engine:
    """Serves one network from a thread of its own, which starts at once and calls `load` first.

    `reuse_prefixes` off computes every prompt on its own, for comparison.
    """

    def __init__(self, load: Callable[[], Network], *, name: str = "engine", reuse_prefixes: bool = True) -> None:
        self._inbox: queue.SimpleQueue[_Row | None] = queue.SimpleQueue()
        self._waiting: deque[_Row] = deque()
        self._joining: list[_Row] = []
        self._lanes: dict[Tokens, _Lane] = {}
        self._prefixes: OrderedDict[Tokens, Prefix] = OrderedDict()
        self._recent = RecentPrompts()
        self._reuse_prefixes = reuse_prefixes
        self._closing = False
        self.network: Future[Network] = Future()
        self._thread = threading.Thread(target=self._run, args=(load,), name=name, daemon=True)
        self._thread.start()

    def submit(
        self,
        prompt: Tokens,
        sampling: Sampling,
        *,
        seed: int,
        max_tokens: int,
        natural_cut: int = 0,
        listen: TokenListener | None = None,
    ) -> "Future[Completion]":
        """Asks for a completion of a prompt of at least one token; cancelling the future drops the request.

        `max_tokens` stands for the one in `sampling`, which may be more than the network's window has room for.
        `natural_cut` is the number of leading tokens that other prompts are likely to share.
        """
        future: Future[Completion] = Future()
        self._inbox.put(_Row(prompt, natural_cut, sampling, max_tokens, random.Random(seed), future, listen))
        if not self._thread.is_alive():
            # It may have ended before it saw this request.
            self._fail(EngineClosed())
        return future

    def close(self) -> None:
        """Ends the thread after its current step; what is unfinished, or comes later, gets `EngineClosed`."""
        self._inbox.put(None)
        self._thread.join()
        self._fail(EngineClosed())

    # Everything below runs in the thread; `_fail` also once it is dead

    def _run(self, load: Callable[[], Network]) -> None:
        try:
            network = load()
        except BaseException as error:
            self.network.set_exception(error)
            return self._refuse_all(error)
        self.network.set_result(network)
        with torch.inference_mode():
            while True:
                self._collect(block=not self._lanes and not self._waiting)
                if self._closing:
                    return self._fail(EngineClosed())
                try:
                    self._admit(network)
                    for prefix in list(self._lanes):
                        self._step(network, prefix)
                except Exception as error:
                    self._fail(error)

    def _collect(self, *, block: bool) -> None:
        try:
            while True:
                row = self._inbox.get(block=block)
                block = False
                if row is None:
                    self._closing = True
                else:
                    self._waiting.append(row)
                    self._recent.add(row.prompt)
        except queue.Empty:
            pass

    def _admit(self, network: Network) -> None:
        """Takes in what fits, oldest first, and reads their prompts but for the last token."""
        in_flight = [row.size for lane in self._lanes.values() for row in lane.rows]
        while self._waiting and len(in_flight) < ROWS:
            row = self._waiting[0]
            if in_flight and sum(in_flight) + row.size > network.room:
                break
            self._waiting.popleft()
            if not row.future.cancelled():
                in_flight.append(row.size)
                self._joining.append(row)
        by_prefix: dict[Tokens, list[_Row]] = {}
        for row in self._joining:
            by_prefix.setdefault(self._prefix_of(network, row), []).append(row)
        for prefix, rows in by_prefix.items():
            self._join(network, prefix, rows)
        self._joining.clear()

    def _prefix_of(self, network: Network, row: _Row) -> Tokens:
        """The beginning of the prompt that others share, its states computed and kept."""
        if not self._reuse_prefixes:
            return ()
        kept = {**self._prefixes, **self._lanes}
        prefix = row.prompt[: cut(row.prompt, row.natural_cut, self._recent.common(row.prompt), kept)]
        if not prefix:
            return ()
        if prefix not in self._prefixes:
            lane = self._lanes.get(prefix)
            self._prefixes[prefix] = network.prefix(prefix) if lane is None else lane.states.prefix
            while len(self._prefixes) > PREFIXES:
                self._prefixes.popitem(last=False)
        self._prefixes.move_to_end(prefix)
        return prefix

    def _join(self, network: Network, prefix: Tokens, rows: list[_Row]) -> None:
        lane = self._lanes.get(prefix)
        if lane is None:
            states = RowStates(self._prefixes[prefix] if prefix else Prefix(), network.device)
            lane = self._lanes[prefix] = _Lane(states)
        # The last token is read by the first decoding step, which needs the logits behind it anyway.
        unread = sorted(((row.prompt[len(prefix) : -1], row) for row in rows), key=lambda pair: len(pair[0]))
        start = 0
        for count in batches([len(suffix) for suffix, _ in unread]):
            batch = unread[start : start + count]
            if batch[0][0]:
                network.prefill(lane.states, [suffix for suffix, _ in batch])
            else:
                lane.states.add_empty_rows(count)
            lane.rows.extend(row for _, row in batch)
            start += count

    def _step(self, network: Network, prefix: Tokens) -> None:
        """One token for every row of a lane; done and cancelled rows leave."""
        lane = self._lanes[prefix]
        logits = network.decode(lane.states, [row.tokens[-1] if row.tokens else row.prompt[-1] for row in lane.rows])
        uniforms = [row.random.random() for row in lane.rows]
        tokens, logprobs = draw(logits, [row.sampling for row in lane.rows], uniforms)
        for row, token, logprob in zip(lane.rows, tokens, logprobs, strict=True):
            row.tokens.append(token)
            row.logprobs.append(logprob)
            if row.listen is not None:
                row.listen(tuple(row.tokens))
        for index in reversed(range(len(lane.rows))):
            row = lane.rows[index]
            reason = row.finish_reason(network.ends)
            if reason is not None and row.future.set_running_or_notify_cancel():
                row.future.set_result(Completion(tuple(row.tokens), tuple(row.logprobs), reason))
            if reason is not None or row.future.cancelled():
                lane.states.drop(index)
                lane.rows[index] = lane.rows[-1]
                lane.rows.pop()
        if not lane.rows:
            del self._lanes[prefix]

    def _fail(self, error: BaseException) -> None:
        """Tells everybody, and starts afresh: after an error (out of memory, say) no state can be trusted."""
        self._collect(block=False)
        rows = [*self._waiting, *self._joining, *(row for lane in self._lanes.values() for row in lane.rows)]
        self._waiting.clear()
        self._joining.clear()
        self._lanes.clear()
        self._prefixes.clear()
        for row in rows:
            if not row.future.done() and row.future.set_running_or_notify_cancel():
                row.future.set_exception(error)

    def _refuse_all(self, error: BaseException) -> None:
        while not self._closing:
            self._collect(block=True)
            self._fail(error)


def batches(lengths: Sequence[int]) -> list[int]:
    """How many suffixes to read in each pass, given their lengths in ascending order.

    Empty ones stay among themselves; a pass is cut in two where that saves padding worth more than a pass.
    """
    if not lengths or not lengths[-1]:
        return [len(lengths)] if lengths else []
    if not lengths[0]:
        return [lengths.count(0), *batches(lengths[lengths.count(0) :])]
    whole = len(lengths) * lengths[-1]
    costs = [count * lengths[count - 1] + (len(lengths) - count) * lengths[-1] for count in range(1, len(lengths))]
    if costs and (min(costs) + PASS_TOKENS < whole or whole > PREFILL_TOKENS):
        count = costs.index(min(costs)) + 1
        return [*batches(lengths[:count]), *batches(lengths[count:])]
    return [len(lengths)]
