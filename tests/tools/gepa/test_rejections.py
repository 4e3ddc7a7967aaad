"""What was refused, and is remembered."""

import pytest

from toishi.tools.gepa.rejections import Rejections


def test_a_parent_remembers_its_own_refusals_of_a_module_with_their_reasons() -> None:
    rejections = Rejections(keep=3)
    rejections.add("one", "answer", "a", "worse")
    rejections.add("two", "answer", "b", "worse")
    rejections.add("one", "search", "c", "worse")
    assert rejections.of("one", "answer") == {"a": "worse"}
    assert rejections.of("three", "answer") == {}


@pytest.mark.parametrize(("keep", "kept"), [(0, ""), (2, "bc"), (9, "abc")])
def test_the_newest_are_kept_newest_last(keep: int, kept: str) -> None:
    rejections = Rejections(keep)
    for text in "abc":
        rejections.add("one", "answer", text, "worse")
    assert "".join(rejections.of("one", "answer")) == kept


def test_a_text_that_is_refused_again_is_the_newest() -> None:
    rejections = Rejections(keep=2)
    for text in "aba":
        rejections.add("one", "answer", text, f"worse than {text}")
    assert list(rejections.of("one", "answer").items()) == [("b", "worse than b"), ("a", "worse than a")]
