"""What rows have read so far, layer by layer: keys and values, and the last inputs of short convolutions.

All rows of one `RowStates` stand behind the same prefix. A row's own tokens lie at slots 0, 1, 2, … of its own part, so
nothing is padded on the left, and what a shorter row leaves empty on its right is masked or overwritten. The class
speaks the cache protocol of transformers 5 (`update`, `get_conv_state`, `update_conv_state`), and the attention
function that is registered there is the one that reads it.
"""

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from transformers import AttentionInterface
from transformers.cache_utils import Cache

from toishi.tools.workbench.models.local.attention import attend

ATTENTION = "toishi_rows"
"""The name under which models are told to use the attention of `RowStates`."""

SLOTS = 64
"""Slots are allocated in multiples of this."""


@dataclass(frozen=True)
class Prefix:
    """The states behind a shared beginning, by layer; `length` 0 is the beginning of everything.

    keys, values: (key heads, length, head). convolutions: (channels, kernel).
    """

    length: int = 0
    keys: Mapping[int, Tensor] = field(default_factory=dict)
    values: Mapping[int, Tensor] = field(default_factory=dict)
    convolutions: Mapping[int, Tensor] = field(default_factory=dict)


@dataclass
class _Pass:
    """One forward pass: which rows, what they hold already, how many new tokens each (padded on the right)."""

    rows: slice
    before: Tensor
    new: Tensor
    tokens: int
    is_prefill: bool
    masks: dict[int | None, tuple[Tensor | None, Tensor | None]] = field(default_factory=dict)


class RowStates(Cache):
    """The states of rows 0 to `rows` - 1. Begin a pass, run the model with `past_key_values=self`, and so on."""

    def __init__(self, prefix: Prefix, device: torch.device) -> None:
        super().__init__(layers=[])
        self.prefix = prefix
        self.lengths: list[int] = []
        self._device = device
        self._keys: dict[int, Tensor] = {}
        self._values: dict[int, Tensor] = {}
        self._convolutions: dict[int, Tensor] = {}
        self._pass = _Pass(slice(0, 0), torch.empty(0), torch.empty(0), 0, False)

    @property
    def rows(self) -> int:
        return len(self.lengths)

    def begin_prefill(self, lengths: Sequence[int]) -> Tensor:
        """Adds a row for each length (at least 1) and expects that many tokens for it; gives their positions."""
        rows = slice(self.rows, self.rows + len(lengths))
        new = torch.tensor(lengths, device=self._device)
        self._pass = _Pass(rows, torch.zeros_like(new), new, max(lengths), True)
        self._add_rows(lengths)
        return self._positions()

    def add_empty_rows(self, count: int) -> None:
        """Adds rows that have read nothing behind the prefix."""
        self._add_rows([0] * count)

    def begin_decode(self) -> Tensor:
        """Expects one token for every row; gives their positions, (rows, 1)."""
        before = torch.tensor(self.lengths, device=self._device)
        self._pass = _Pass(slice(0, self.rows), before, torch.ones_like(before), 1, False)
        self.lengths = [length + 1 for length in self.lengths]
        return self._positions()

    def drop(self, row: int) -> None:
        """Forgets a row; the last one takes its place."""
        last = self.rows - 1
        length = self.lengths[last]
        if row != last:
            for states in (*self._keys.values(), *self._values.values()):
                states[row, :, :length] = states[last, :, :length]
            for states in self._convolutions.values():
                states[row] = states[last]
            self.lengths[row] = length
        self.lengths.pop()

    def as_prefix(self) -> Prefix:
        """The states of the only row, for others to stand behind; there must be no prefix before it."""
        length = self.lengths[0]
        return Prefix(
            length,
            {layer: states[0, :, :length].clone() for layer, states in self._keys.items()},
            {layer: states[0, :, :length].clone() for layer, states in self._values.items()},
            {layer: states[0].clone() for layer, states in self._convolutions.items()},
        )

    # What transformers calls

    def update(
        self, key_states: Tensor, value_states: Tensor, layer_idx: int, *args: Any, **kwargs: Any
    ) -> tuple[Tensor, Tensor]:
        """Stores new keys and values, (rows, key heads, tokens, head); gives all of the rows' own part."""
        now = self._pass
        slots = now.tokens if now.is_prefill else max(self.lengths)
        keys = self._keys[layer_idx] = self._room(self._keys.get(layer_idx), key_states, slots)
        values = self._values[layer_idx] = self._room(self._values.get(layer_idx), value_states, slots)
        if now.is_prefill:
            keys[now.rows, :, :slots] = key_states
            values[now.rows, :, :slots] = value_states
            return key_states, value_states
        every = torch.arange(self.rows, device=self._device)
        keys[every, :, now.before] = key_states[:, :, 0]
        values[every, :, now.before] = value_states[:, :, 0]
        return keys[: self.rows, :, :slots], values[: self.rows, :, :slots]

    def get_conv_state(self, layer_idx: int, state_idx: int = 0) -> Tensor | None:
        """The rows' last inputs, (rows, channels, kernel), to be overwritten in place; None before the first."""
        states = self._convolutions.get(layer_idx)
        if states is None and layer_idx in self.prefix.convolutions:
            states = self._convolution_room(layer_idx, self.prefix.convolutions[layer_idx])
        return None if states is None else states[self._pass.rows]

    def update_conv_state(self, conv_states: Tensor, layer_idx: int, state_idx: int = 0, **kwargs: Any) -> Tensor:
        """Stores each row's last real inputs; gives old and new inputs together, (rows, channels, kernel + tokens)."""
        kernel: int = kwargs["conv_kernel_size"]
        before = self.get_conv_state(layer_idx)
        if before is None:
            like = conv_states.new_zeros(conv_states.shape[1], kernel)
            before = self._convolution_room(layer_idx, like)[self._pass.rows]
        both = torch.cat((before, conv_states), dim=-1)
        window = self._pass.new[:, None] + torch.arange(kernel, device=self._device)
        before.copy_(both.gather(2, window[:, None].expand(-1, both.shape[1], -1)))
        return both

    def is_recording_past(self, layer_idx: int) -> bool:
        return False

    # What the attention function asks

    def read(
        self, layer: int, query: Tensor, keys: Tensor, values: Tensor, scaling: float, window: int | None
    ) -> Tensor:
        """Attention of the pass at hand over prefix and own part; `window` is how far back a query sees."""
        mask, prefix_mask = self._masks(window, keys.shape[2])
        prefix = (self.prefix.keys[layer], self.prefix.values[layer]) if self.prefix.length else None
        return attend(query, keys, values, scaling=scaling, mask=mask, prefix=prefix, prefix_mask=prefix_mask)

    def _masks(self, window: int | None, slots: int) -> tuple[Tensor | None, Tensor | None]:
        """Masks over own slots and over the prefix, made once a pass; None where nothing is hidden."""
        now = self._pass
        if window is not None and window >= self.prefix.length + slots:
            window = None
        if window not in now.masks:
            own = prefix = None
            place = now.before[:, None, None] + torch.arange(now.tokens, device=self._device)[:, None]
            slot = torch.arange(slots, device=self._device)
            if window is not None:
                own = (slot <= place) & (slot > place - window)
                at = torch.arange(self.prefix.length, device=self._device) - self.prefix.length
                prefix = at > place - window
            elif not now.is_prefill and self.rows > 1:
                own = slot <= place
            now.masks[window] = (own, prefix)
        return now.masks[window]

    def _positions(self) -> Tensor:
        now = self._pass
        return self.prefix.length + now.before[:, None] + torch.arange(now.tokens, device=self._device)

    def _add_rows(self, lengths: Sequence[int]) -> None:
        start = self.rows
        self.lengths.extend(lengths)
        for layer, states in self._convolutions.items():
            states = self._convolutions[layer] = _grown(states, 0, self.rows)
            states[start : self.rows] = self.prefix.convolutions.get(layer, 0)

    def _room(self, states: Tensor | None, new: Tensor, slots: int) -> Tensor:
        if states is None:
            states = new.new_zeros(0, new.shape[1], 0, new.shape[3])
        return _grown(_grown(states, 0, self.rows), 2, -(-slots // SLOTS) * SLOTS)

    def _convolution_room(self, layer: int, like: Tensor) -> Tensor:
        states = self._convolutions[layer] = like.expand(self.rows, -1, -1).clone()
        return states


def _grown(states: Tensor, dimension: int, size: int) -> Tensor:
    """The same states with room for `size` along a dimension, a half more where they have to move."""
    old = states.shape[dimension]
    if size <= old:
        return states
    shape = list(states.shape)
    shape[dimension] = max(size, old + old // 2)
    grown = states.new_zeros(shape)
    grown.narrow(dimension, 0, old).copy_(states)
    return grown


SERVING: ContextVar[RowStates] = ContextVar("SERVING")
"""The states that the forward pass at hand belongs to; attention functions are called without them."""


def attention_forward(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    sliding_window: int | None = None,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """Attention as transformers calls it; gives (rows, tokens, heads, head)."""
    foreign = [name for name in ("softcap", "s_aux", "position_bias") if kwargs.get(name) is not None]
    if foreign:
        raise NotImplementedError(f"attention with {foreign[0]}")
    scaling = query.shape[-1] ** -0.5 if scaling is None else scaling
    read = SERVING.get().read(module.layer_idx, query, key, value, scaling, sliding_window)
    return read.transpose(1, 2).contiguous(), None


AttentionInterface.register(ATTENTION, attention_forward)
