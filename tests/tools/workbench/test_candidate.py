"""Candidates are known by their content."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toishi.tools.workbench.candidate import Candidate

texts = st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=40), min_size=1, max_size=4)


@given(texts)
def test_the_same_texts_are_the_same_candidate_in_any_order(texts: dict[str, str]) -> None:
    assert Candidate(texts).id == Candidate(dict(reversed(texts.items()))).id


@given(texts, st.text(max_size=40))
def test_another_text_is_another_candidate(texts: dict[str, str], new: str) -> None:
    module = next(iter(texts))
    child = Candidate(texts).with_text(module, new)
    assert (child.id == Candidate(texts).id) == (texts[module] == new)
    assert child.texts[module] == new


def test_a_module_that_does_not_exist_cannot_be_changed() -> None:
    with pytest.raises(KeyError, match="judge"):
        Candidate({"answer": "Answer."}).with_text("judge", "Judge.")
