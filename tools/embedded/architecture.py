"""The shape of the model, and a training pass that runs many answers over one shared prefix.

It knows Hugging Face's `Lfm2ForCausalLM` and its parameters; it does not know what the tokens mean. `branched_logits`
computes what the model itself would compute for each branch read on its own behind the prefix: attention by a mask,
short convolutions by reading each token's true predecessors, so training sees exactly what inference sees.
"""

from typing import TYPE_CHECKING

import torch
from torch.nn import functional as F

if TYPE_CHECKING:
    from transformers import Lfm2ForCausalLM

LAYERS = ("conv", *("conv", "full_attention") * 3)


HINTED = 5
"""The layer after which the middle hidden states are taken: the last attention layer can still read them."""


def build(vocab_size: int, *, width: int = 160, layers: tuple[str, ...] = LAYERS) -> "Lfm2ForCausalLM":
    """A fresh model in float32; seed torch before the call. Heads are 32 wide."""
    from transformers import Lfm2Config, Lfm2ForCausalLM

    config = Lfm2Config(
        vocab_size=vocab_size,
        hidden_size=width,
        intermediate_size=width * 5 // 2,
        block_auto_adjust_ff_dim=False,
        num_hidden_layers=len(layers),
        num_attention_heads=width // 32,
        num_key_value_heads=width // 32,
        layer_types=list(layers),
        max_position_embeddings=4096,
        rope_parameters={"rope_type": "default", "rope_theta": 100_000.0},
        pad_token_id=0,
        bos_token_id=None,
        eos_token_id=1,
        tie_word_embeddings=True,
        conv_L_cache=3,
    )
    return Lfm2ForCausalLM(config)


def rotate(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """Rotary position embedding as Lfm2 applies it; x: (batch, heads, length, head)."""
    half = x.shape[-1] // 2
    turned = torch.cat((-x[..., half:], x[..., :half]), dim=-1)
    return x * cos + turned * sin


def norm(x: torch.Tensor, weight: torch.Tensor, eps: float) -> torch.Tensor:
    return F.rms_norm(x, (x.shape[-1],), weight.to(x.dtype), eps)


def attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """Attention written out: on a CPU twice as fast, backwards, as the fused kernel with a mask."""
    scores = torch.matmul(q * q.shape[-1] ** -0.5, k.transpose(-1, -2)) + bias
    with torch.autocast(scores.device.type, enabled=False):
        shares = torch.softmax(scores, -1)
    return torch.matmul(shares, v)


def branched_hidden(
    model: "Lfm2ForCausalLM",
    tokens: torch.Tensor,
    positions: torch.Tensor,
    mask: torch.Tensor,
    before: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """The last hidden states and those after layer `HINTED`, each (batch, length, width).

    tokens, positions: (batch, length). mask: (batch, 1, length, length), true where a row may look. before: (2, batch,
    length), the index of the token one and two places before in the branch's own reading; `length` where there is none.
    """
    config = model.config
    eps = config.norm_eps
    batch, length = tokens.shape
    heads = config.num_attention_heads
    head = config.hidden_size // heads
    x = model.model.embed_tokens(tokens)
    width = x.shape[-1]
    cos, sin = model.model.rotary_emb(x, positions)
    cos, sin = cos[:, None], sin[:, None]
    dtype = torch.get_autocast_dtype(x.device.type) if torch.is_autocast_enabled(x.device.type) else x.dtype
    bias = torch.zeros(mask.shape, dtype=dtype, device=x.device).masked_fill_(~mask, float("-inf"))
    rows = torch.arange(batch, device=tokens.device)[:, None] * (length + 1)
    one, two = (before[0] + rows).reshape(-1), (before[1] + rows).reshape(-1)
    middle = x
    for number, layer in enumerate(model.model.layers):
        y = norm(x, layer.operator_norm.weight, eps)
        if layer.is_attention_layer:
            part = layer.self_attn
            q, k, v = (p(y).view(batch, length, heads, head) for p in (part.q_proj, part.k_proj, part.v_proj))
            q = rotate(norm(q, part.q_layernorm.weight, eps).transpose(1, 2), cos, sin)
            k = rotate(norm(k, part.k_layernorm.weight, eps).transpose(1, 2), cos, sin)
            v = v.transpose(1, 2)
            y = attend(q.to(v.dtype), k.to(v.dtype), v, bias)
            y = part.out_proj(y.transpose(1, 2).reshape(batch, length, width))
        else:
            part = layer.conv
            gate, out, inner = part.in_proj(y).chunk(3, dim=-1)
            inner = gate * inner
            flat = F.pad(inner, (0, 0, 0, 1)).reshape(-1, width)
            taps = part.conv.weight[:, 0]  # (width, 3), the last tap is the token itself
            y = inner * taps[:, 2]
            y = y + flat[one].view(batch, length, width) * taps[:, 1]
            y = y + flat[two].view(batch, length, width) * taps[:, 0]
            y = part.out_proj(out * y)
        x = x + y
        y = norm(x, layer.ffn_norm.weight, eps)
        part = layer.feed_forward
        x = x + part.w2(F.silu(part.w1(y)) * part.w3(y))
        if number == HINTED:
            middle = norm(x, model.model.embedding_norm.weight, eps)
    return norm(x, model.model.embedding_norm.weight, eps), middle


def branched_loss(
    model: "Lfm2ForCausalLM",
    tokens: torch.Tensor,
    positions: torch.Tensor,
    mask: torch.Tensor,
    before: torch.Tensor,
    at: torch.Tensor,
    targets: torch.Tensor,
    weights: torch.Tensor,
    hinted: torch.Tensor,
    hints: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean cross-entropy at the flat places `at`, whose next tokens are `targets`, weighted; and that of the hints.

    A hint asks the middle layers, at a place of the prefix where it can be known, for a word that the answer needs.
    """
    hidden, middle = branched_hidden(model, tokens, positions, mask, before)
    logits = F.linear(hidden.reshape(-1, hidden.shape[-1])[at], model.model.embed_tokens.weight).float()
    loss = F.cross_entropy(logits, targets, reduction="none")
    told = (loss * weights).sum() / weights.sum()
    if not len(hinted):
        return told, told.new_zeros(())
    guessed = F.linear(middle.reshape(-1, middle.shape[-1])[hinted], model.model.embed_tokens.weight).float()
    return told, F.cross_entropy(guessed, hints)
