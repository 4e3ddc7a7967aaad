"""From logits to tokens: every row with its own temperature, nucleus and random number.

Nothing here depends on how many rows there are or in which order they stand, so an answer does not depend on what was
asked at the same time.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from toishi.tools.workbench.models.protocol import Sampling


def draw(logits: Tensor, samplings: Sequence[Sampling], uniforms: Sequence[float]) -> tuple[list[int], list[float]]:
    """The next token of each row and its log-probability under the model itself (temperature 1, no nucleus).

    logits: (rows, vocabulary). `uniforms` holds one number in [0, 1) a row; rows at temperature 0 take the most likely
    token and leave theirs unused.
    """
    logits = logits.float()
    tokens = logits.argmax(dim=-1)
    hot = [row for row, sampling in enumerate(samplings) if sampling.temperature > 0]
    if hot:
        where = torch.tensor(hot, device=logits.device)
        temperatures = torch.tensor([samplings[row].temperature for row in hot], device=logits.device)
        probabilities = torch.softmax(logits[where].double() / temperatures[:, None], dim=-1)
        narrow = [place for place, row in enumerate(hot) if samplings[row].top_p < 1]
        if narrow:
            some = torch.tensor(narrow, device=logits.device)
            top_p = torch.tensor([samplings[hot[place]].top_p for place in narrow], device=logits.device)
            probabilities[some] = nucleus(probabilities[some], top_p)
        numbers = torch.tensor([uniforms[row] for row in hot], dtype=torch.double, device=logits.device)
        tokens[where] = invert(probabilities, numbers)
    logprobs = logits.gather(1, tokens[:, None])[:, 0] - torch.logsumexp(logits, dim=-1)
    return tokens.tolist(), logprobs.tolist()


def nucleus(probabilities: Tensor, top_p: Tensor) -> Tensor:
    """Zero outside the smallest set of most likely tokens whose mass reaches `top_p`; (rows, vocabulary), (rows,)."""
    ordered, order = probabilities.sort(dim=-1, descending=True, stable=True)
    mass_before = ordered.cumsum(dim=-1) - ordered
    kept = ordered.masked_fill(mass_before >= top_p[:, None], 0.0)
    # The most likely token stays, however small `top_p` is.
    kept[:, 0] = ordered[:, 0]
    return torch.zeros_like(probabilities).scatter(1, order, kept)


def invert(probabilities: Tensor, uniforms: Tensor) -> Tensor:
    """The token at which the cumulated (unnormalised) probability passes `uniforms` x the total; (rows,)."""
    cumulated = probabilities.cumsum(dim=-1)
    passed = torch.searchsorted(cumulated, (uniforms * cumulated[:, -1])[:, None], right=True)[:, 0]
    # Where rounding lets the number reach the total, the last token that has any probability is meant.
    last = probabilities.shape[1] - 1 - (probabilities > 0).flip(1).int().argmax(dim=1)
    return torch.minimum(passed, last)
