"""Attention of many rows over one shared prefix and over what each row read after it.

The prefix's keys and values lie in memory once, not once a row, so a long instruction costs a batch one matrix product
and no copies. Each part gives its sums with the largest score taken out, and the two are put together exactly, as in
online softmax (Milakov and Gimelshein 2018, algorithm 3). Where a row may look is the caller's affair, by masks.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

SCORES = 2**20
"""Scores over the prefix that are in memory at once: few enough to stay near the processor."""

LOWEST = -1e30
"""Stands for the largest score where everything is masked; finite, so that differences stay numbers."""


def attend(
    query: Tensor,
    keys: Tensor,
    values: Tensor,
    *,
    scaling: float,
    mask: Tensor | None = None,
    prefix: tuple[Tensor, Tensor] | None = None,
    prefix_mask: Tensor | None = None,
) -> Tensor:
    """What each query reads, (rows, heads, tokens, head).

    query: (rows, heads, tokens, head). keys, values: (rows, key heads, slots, head); heads is a multiple of key heads.
    mask: (1 or rows, tokens, slots), true where a query may look; None: causal where tokens equals slots, else all.
    prefix: keys and values, each (key heads, length, head). prefix_mask: (1 or rows, tokens, length), None: all.
    """
    rows, heads, tokens, head = query.shape
    kinds, slots = keys.shape[1:3]  # kinds: key heads
    causal = mask is None and tokens == slots and tokens > 1
    if prefix is None:
        where = None if mask is None else mask[:, None]
        return F.scaled_dot_product_attention(
            query, keys, values, attn_mask=where, is_causal=causal, scale=scaling, enable_gqa=heads != kinds
        )
    if causal:
        mask = torch.ones(1, tokens, slots, dtype=torch.bool, device=query.device).tril()
    shared = heads // kinds
    query = (query * scaling).reshape(rows, kinds, shared * tokens, head)
    own = _read(query, keys, values, None if mask is None else mask.repeat(1, shared, 1)[:, None])
    # All rows' queries stand behind one another here: (key heads, rows x queries, head).
    flat = query.transpose(0, 1).reshape(kinds, -1, head)
    size = max(SCORES // (kinds * prefix[0].shape[1]), 1)
    masks: list[Tensor | None] = [None] * -(-flat.shape[1] // size)
    if prefix_mask is not None:
        every = prefix_mask.repeat(1, shared, 1).expand(rows, -1, -1).reshape(1, flat.shape[1], -1)
        masks = list(every.split(size, dim=1))
    pieces = [_read(piece, *prefix, where) for piece, where in zip(flat.split(size, dim=1), masks, strict=True)]
    sums, weights, tops = (
        torch.cat(part, dim=1).view(kinds, rows, shared * tokens, -1).transpose(0, 1)
        for part in zip(*pieces, strict=True)
    )
    return _together(own, (sums, weights, tops)).to(values.dtype).reshape(rows, heads, tokens, -1)


def _read(query: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """Sum of values by weight, sum of weights, and the largest score, which was taken out of the weights' exponents."""
    scores = torch.matmul(query, keys.transpose(-1, -2)).float()
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    top = scores.amax(dim=-1, keepdim=True).clamp(min=LOWEST)
    weights = scores.sub_(top).exp_()
    return torch.matmul(weights.to(values.dtype), values).float(), weights.sum(dim=-1, keepdim=True), top


def _together(one: tuple[Tensor, Tensor, Tensor], other: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    top = torch.maximum(one[2], other[2])
    share, rest = torch.exp(one[2] - top), torch.exp(other[2] - top)
    return (one[0] * share + other[0] * rest) / (one[1] * share + other[1] * rest)
