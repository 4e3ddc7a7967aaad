"""Drawing tokens: each row by its own rules, whatever stands beside it."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from toishi.tools.workbench.models.local.sampling import draw, invert, nucleus
from toishi.tools.workbench.models.protocol import Sampling

GREEDY = Sampling()
uniforms = st.floats(0, 1, exclude_max=True)
samplings = st.builds(
    Sampling, temperature=st.sampled_from([0.0, 0.3, 1.0, 2.0]), top_p=st.sampled_from([0.1, 0.7, 0.95, 1.0])
)
rows = st.lists(
    st.tuples(st.lists(st.floats(-5, 5, width=32), min_size=6, max_size=6), samplings, uniforms), min_size=1, max_size=6
)


@given(rows)
def test_a_row_gets_the_same_token_alone_and_in_company(rows: list[tuple[list[float], Sampling, float]]) -> None:
    logits = torch.tensor([row[0] for row in rows])

    together, _ = draw(logits, [row[1] for row in rows], [row[2] for row in rows])

    alone = [draw(logits[i : i + 1], [sampling], [number])[0][0] for i, (_, sampling, number) in enumerate(rows)]
    assert together == alone


def test_at_temperature_zero_the_most_likely_token_comes() -> None:
    tokens, logprobs = draw(torch.tensor([[0.0, 2.0, 1.0]]), [GREEDY], [0.999])

    assert tokens == [1]
    assert logprobs[0] == pytest.approx(2.0 - math.log(math.exp(0) + math.exp(2) + math.exp(1)))


def test_log_probabilities_are_the_models_own_whatever_the_sampling() -> None:
    logits = torch.tensor([[0.0, 2.0, 1.0]])

    (token,), (logprob,) = draw(logits, [Sampling(temperature=3.0, top_p=0.5)], [0.2])

    assert logprob == pytest.approx(float(torch.log_softmax(logits, dim=-1)[0, token]), abs=1e-6)


def test_evenly_spread_numbers_give_the_probabilities() -> None:
    probabilities = torch.tensor([0.5, 0.0, 0.3, 0.2], dtype=torch.double)
    numbers = [(i + 0.5) / 1000 for i in range(1000)]

    tokens = invert(probabilities.expand(1000, -1), torch.tensor(numbers, dtype=torch.double)).tolist()

    assert [tokens.count(token) for token in range(4)] == [500, 0, 300, 200]


@given(st.lists(st.floats(0, 1), min_size=2, max_size=8).filter(lambda p: sum(p) > 0), uniforms)
def test_an_impossible_token_is_never_drawn(weights: list[float], number: float) -> None:
    token = int(invert(torch.tensor([weights], dtype=torch.double), torch.tensor([number], dtype=torch.double)))

    assert weights[token] > 0


def test_the_nucleus_is_the_smallest_set_that_reaches_its_mass() -> None:
    probabilities = torch.tensor([[0.1, 0.4, 0.2, 0.3]] * 3, dtype=torch.double)

    kept = nucleus(probabilities, torch.tensor([0.01, 0.5, 0.75]))

    assert [[index for index, value in enumerate(row) if value] for row in kept.tolist()] == [[1], [1, 3], [1, 2, 3]]
