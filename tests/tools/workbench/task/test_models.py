"""The table `[models]`: where models are, what they take, and that no secret stands in it."""

from typing import Any

import pytest
from pydantic import ValidationError

from toishi.tools.workbench.task.models import ModelsSection

HERE = "http://127.0.0.1:8000/v1"
THERE = "https://llm.example.org/v1"


@pytest.mark.parametrize(
    ("name", "address"),
    [
        pytest.param("openai/mine", HERE, id="the task's model"),
        pytest.param("openai/another", HERE, id="of the same provider"),
        pytest.param(f"openai/another@{THERE}", THERE, id="with an address of its own"),
        pytest.param("anthropic/x", None, id="of another provider"),
        pytest.param("embedded/mini", None, id="in this process"),
    ],
)
def test_a_model_is_at_its_own_address_or_at_that_of_its_provider(name: str, address: str | None) -> None:
    assert ModelsSection(task="openai/mine", base_url=HERE).address_of(name) == address


def test_other_models_follow_an_address_in_base_url_and_not_one_in_the_name() -> None:
    models = ModelsSection(task=f"openai/mine@{HERE}", reflection="openai/gpt-5")

    assert models.address_of(models.task) == HERE
    assert models.address_of(models.reflection_name) is None


def test_prices_are_for_a_million_tokens_and_settings_have_defaults() -> None:
    assert ModelsSection(price=[0.5, 2]).price_per_token() == (0.5e-6, 2e-6)
    models = ModelsSection()
    assert (models.price_per_token(), models.concurrency, models.timeout) == (None, None, None)


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"price": [1.0]}, "at least 2 items"),
        ({"price": [1.0, 2.0, 3.0]}, "at most 2 items"),
        ({"price": [-1.0, 0.0]}, "greater than or equal to 0"),
        ({"timeout": 0}, "greater than 0"),
        ({"concurrency": 0}, "greater than 0"),
        ({"judge": "openai/x@http://me:secret@host/v1"}, "a user name or password does not belong here"),
    ],
)
def test_mistakes_are_named(keys: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        ModelsSection(**keys)
