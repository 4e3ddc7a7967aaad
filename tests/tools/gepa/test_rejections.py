"""What was refused, and is remembered."""

import pytest

from toishi.tools.gepa.rejections import Rejections


def test_a_parent_remembers_its_own_refusals_of_a_module() -> None:
    rejections = Rejections(keep=3)
    rejections.add("one", "answer", "a")
    rejections.add("two", "answer", "b")
    rejections.add("one", "search", "c")
    assert rejections.of("one", "answer") == ("a",)
    assert rejections.of("three", "answer") == ()


@pytest.mark.parametrize(("keep", "kept"), [(0, ()), (2, ("b", "c")), (9, ("a", "b", "c"))])
def test_the_newest_are_kept_newest_last(keep: int, kept: tuple[str, ...]) -> None:
    rejections = Rejections(keep)
    for text in "abc":
        rejections.add("one", "answer", text)
    assert rejections.of("one", "answer") == kept
