"""What a person can set."""

import pytest
from pydantic import ValidationError

from toishi.tools.gepa.settings import GepaSettings


def test_the_defaults_are_the_paper_s() -> None:
    settings = GepaSettings()
    assert (settings.minibatch, settings.max_merges, settings.merge_minibatch) == (3, 5, 5)
    assert (settings.selection, settings.accept, settings.merge) == ("pareto", "strict", False)


@pytest.mark.parametrize(
    "table",
    [{"minibatch": 0}, {"selection": "beam"}, {"epsilon": 1.5}, {"max_merges": -1}, {"minibach": 3}, {"patience": 0}],
)
def test_what_does_not_fit_is_refused(table: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(table))):
        GepaSettings.model_validate(table)


def test_every_setting_says_what_it_is() -> None:
    assert [name for name, field in GepaSettings.model_fields.items() if not field.description] == []
