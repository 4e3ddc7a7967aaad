"""Attention over a shared prefix equals plain attention over prefix and own part written out for every row."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from toishi.tools.workbench.models.local import attention
from toishi.tools.workbench.models.local.attention import attend


def plain(query: Tensor, keys: Tensor, values: Tensor, mask: Tensor, prefix: tuple[Tensor, Tensor]) -> Tensor:
    """mask: (rows, tokens, length + slots)."""
    rows = query.shape[0]
    keys = torch.cat((prefix[0].expand(rows, -1, -1, -1), keys), dim=2)
    values = torch.cat((prefix[1].expand(rows, -1, -1, -1), values), dim=2)
    return F.scaled_dot_product_attention(query, keys, values, attn_mask=mask[:, None], scale=0.4, enable_gqa=True)


def draws(rows: int, tokens: int, slots: int, length: int, *, heads: int = 6, kinds: int = 2) -> list[Tensor]:
    generator = torch.Generator().manual_seed(rows + 10 * tokens + 100 * slots)
    shapes = [(rows, heads, tokens, 8), (rows, kinds, slots, 8), (rows, kinds, slots, 8), (kinds, length, 8)]
    return [torch.randn(shape, generator=generator) for shape in [*shapes, shapes[3]]]


@pytest.mark.parametrize(
    ("rows", "tokens", "slots"),
    [pytest.param(5, 7, 7, id="prefill"), pytest.param(5, 1, 9, id="decode"), pytest.param(1, 1, 1, id="one token")],
)
@pytest.mark.parametrize("scores", [attention.SCORES, 64], ids=["in one piece", "in many pieces"])
def test_it_equals_plain_attention(
    rows: int, tokens: int, slots: int, scores: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attention, "SCORES", scores)
    query, keys, values, *prefix = draws(rows, tokens, slots, 13)
    own = torch.ones(rows, tokens, slots, dtype=torch.bool)
    if tokens > 1:
        own = own.tril()
    everything = torch.cat((torch.ones(rows, tokens, 13, dtype=torch.bool), own), dim=2)

    read = attend(query, keys, values, scaling=0.4, prefix=(prefix[0], prefix[1]))

    torch.testing.assert_close(read, plain(query, keys, values, everything, (prefix[0], prefix[1])))


def test_masks_hide_what_they_say_also_a_whole_prefix() -> None:
    query, keys, values, *prefix = draws(3, 4, 6, 13)
    own = torch.rand(3, 4, 6) > 0.5
    own[:, :, 0] = True
    before = torch.rand(3, 4, 13) > 0.5
    before[1] = False

    read = attend(query, keys, values, scaling=0.4, mask=own, prefix=(prefix[0], prefix[1]), prefix_mask=before)

    both = torch.cat((before, own), dim=2)
    torch.testing.assert_close(read, plain(query, keys, values, both, (prefix[0], prefix[1])))


def test_scores_that_no_exponential_can_hold_are_no_trouble() -> None:
    query, keys, values, *prefix = draws(2, 3, 3, 5)
    everything = torch.cat((torch.ones(2, 3, 5, dtype=torch.bool), torch.ones(2, 3, 3, dtype=torch.bool).tril()), dim=2)

    read = attend(query * 1e3, keys, values, scaling=0.4, prefix=(prefix[0], prefix[1]))

    expected = plain(query * 1e3, keys, values, everything, (prefix[0], prefix[1]))
    torch.testing.assert_close(read, expected, rtol=1e-3, atol=1e-3)
