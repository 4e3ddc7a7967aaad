"""A transformers model as the engine uses it: loaded once, asked for states behind tokens and for the next logits.

It serves every causal model of transformers whose layers are attention (full or within a window) or short convolutions;
another architecture is refused when it is loaded, by a sentence.
"""

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor

from toishi.tools.workbench.errors import ModelUnknown
from toishi.tools.workbench.models.local.states import ATTENTION, SERVING, Prefix, RowStates

if TYPE_CHECKING:
    from transformers import PreTrainedModel

LAYERS = {"full_attention", "sliding_attention", "conv"}

LOADING = threading.Lock()
"""transformers switches global states of torch while it loads: two loads at a time would leave weights unset."""

SMALL = 50_000_000
"""Parameters up to which one core is faster than several: the work of one token is too little to be shared out."""


class Network:
    """The model, without gradients; all methods are for one thread.

    `window` is how many tokens a row may have, None where the model does not say; `ends` are the tokens that end a
    reply; `room` is how many tokens' keys and values may be in memory at the same time.
    """

    def __init__(self, name: str, model: "PreTrainedModel") -> None:
        self.name = name
        self.device: torch.device = model.device
        self._model = model.eval().requires_grad_(False)
        config = model.config.get_text_config(decoder=True)
        self.window: int | None = getattr(config, "max_position_embeddings", None)
        ends = model.generation_config.eos_token_id if model.generation_config is not None else None
        self.ends = frozenset([ends] if isinstance(ends, int) else ends or [])
        self.room = max(_memory(self.device) // self._bytes_per_token(), 1)

    def prefill(self, states: RowStates, suffixes: Sequence[Sequence[int]]) -> None:
        """Adds a row for each suffix (at least one token) and reads it."""
        longest = max(map(len, suffixes))
        tokens = torch.tensor([[*suffix, *[0] * (longest - len(suffix))] for suffix in suffixes], device=self.device)
        self._forward(states, tokens, states.begin_prefill([len(suffix) for suffix in suffixes]))

    def decode(self, states: RowStates, tokens: Sequence[int]) -> Tensor:
        """Reads one token for every row; gives the logits behind it, (rows, vocabulary)."""
        column = torch.tensor(tokens, device=self.device)[:, None]
        return self._forward(states, column, states.begin_decode())[:, -1]

    def prefix(self, tokens: Sequence[int]) -> Prefix:
        """The states behind these tokens."""
        states = RowStates(Prefix(), self.device)
        self.prefill(states, [tokens])
        return states.as_prefix()

    def _forward(self, states: RowStates, tokens: Tensor, positions: Tensor) -> Tensor:
        token = SERVING.set(states)
        try:
            output: Any = self._model(
                input_ids=tokens, position_ids=positions, past_key_values=states, use_cache=True, logits_to_keep=1
            )
        finally:
            SERVING.reset(token)
        logits: Tensor = output.logits
        return logits

    def _bytes_per_token(self) -> int:
        """What one token's keys and values take, found by reading some; refuses what cannot be served."""
        try:
            with torch.inference_mode():
                prefix = self.prefix([0])
                states = RowStates(prefix, self.device)
                self.prefill(states, [[0, 0]])
                self.decode(states, [0])
        except (NotImplementedError, AttributeError, TypeError, ValueError) as error:
            raise _unserved(self.name, f"{type(self._model).__name__}: {error}") from error
        return sum(states.nbytes for part in (prefix.keys, prefix.values) for states in part.values()) or 1


def load(name: str, source: str) -> Network:
    """The model or the PEFT adapter in a folder or on the hub, on CUDA where there is any.

    Small models, and all on the CPU, compute in float32; others as their makers stored them. Raises `ModelUnknown` with
    one sentence where it cannot be loaded or served.
    """
    from transformers import AutoModelForCausalLM

    cuda = torch.cuda.is_available()
    with LOADING, quiet():
        try:
            model, report = cast("Any", AutoModelForCausalLM).from_pretrained(
                source,
                dtype="auto" if cuda else torch.float32,
                attn_implementation=ATTENTION,
                output_loading_info=True,
            )
        except Exception as error:
            # What transformers raises here is of every kind, down to a bare RuntimeError for a wrong shape.
            raise ModelUnknown(f"{name} cannot be loaded: {_first_sentence(error)}") from error
        if report["missing_keys"]:
            # transformers would go on with random weights in their place.
            raise ModelUnknown(f"{name} cannot be loaded: its weights lack {min(report['missing_keys'])}")
        _check_layers(name, model.config)
        small = model.num_parameters() <= SMALL
        if small and not cuda:
            torch.set_num_threads(1)
        if small:
            model = model.float()
        return Network(name, model.to("cuda" if cuda else "cpu"))


@contextmanager
def quiet() -> Iterator[None]:
    """Keeps transformers' progress bars and its notes about optional kernels off the screen."""
    from transformers.utils import logging

    level = logging.get_verbosity()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        logging.enable_progress_bar()


def _memory(device: torch.device) -> int:
    """Bytes that keys and values may take: half of what CUDA has free, a quarter of the machine's memory."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0] // 2
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 4


def _check_layers(name: str, config: Any) -> None:
    kinds = getattr(config.get_text_config(decoder=True), "layer_types", None) or ["full_attention"]
    foreign = sorted(set(kinds) - LAYERS)
    if foreign:
        raise _unserved(name, f"{config.model_type} has layers of the kind {foreign[0]}")


def _unserved(name: str, why: str) -> ModelUnknown:
    return ModelUnknown(
        f"{name} cannot be served in this process ({_first_sentence(why)}); "
        "serve it with vLLM and name its address by base_url"
    )


def _first_sentence(error: object) -> str:
    return str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else repr(error)
