"""What a person can set."""

import pytest
from pydantic import ValidationError

from toishi.tools.gepa.settings import GepaSettings


def test_the_paper_s_search_is_one_switch_and_what_is_set_beside_it_holds() -> None:
    published = GepaSettings.model_validate({"paper": True, "remember_rejected": 2})
    assert (published.minibatch, published.max_merges, published.merge_minibatch) == (3, 5, 5)
    assert (published.lookahead, published.selection, published.gate) == (1, "pareto_anew", "minibatch")
    assert (published.validation, published.look_again, published.finalists) == ("full", 0, 1)
    assert published.remember_rejected == 2


def test_without_the_switch_nothing_is_as_published() -> None:
    settings = GepaSettings.model_validate({"paper": False})
    assert settings == GepaSettings()
    assert (settings.lookahead, settings.gate, settings.validation) == (None, "sequential", "race")


@pytest.mark.parametrize(
    "table",
    [
        {"minibatch": 0},
        {"selection": "beam"},
        {"epsilon": 1.5},
        {"max_merges": -1},
        {"minibach": 3},
        {"patience": 0},
        pytest.param({"paper": "yes"}, id="a word that would switch nothing"),
    ],
)
def test_what_does_not_fit_is_refused(table: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(table))):
        GepaSettings.model_validate(table)


def test_every_setting_says_what_it_is() -> None:
    assert [name for name, field in GepaSettings.model_fields.items() if not field.description] == []
