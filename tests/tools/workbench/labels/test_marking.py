"""What a person says of drafts, and what drafting anew leaves alone."""

from collections.abc import Sequence

import pytest

from toishi.tools.workbench.errors import UsageError
from toishi.tools.workbench.labels.drafting import to_draft
from toishi.tools.workbench.labels.marking import Selection, edit, mark, merged
from toishi.tools.workbench.labels.rows import Unlabelled
from toishi.tools.workbench.labels.sidecar import Label


def label(row: str, **values: object) -> Label:
    one = {"id": row, "inputs": {"text": row}, "expected": "card", "source": "model:m", "draft": "card"}
    return Label(**{**one, **values})  # type: ignore[arg-type]


LABELS = [
    label("sure", confidence=1.0),
    label("torn", confidence=0.67),
    label("ruled", source="rule:2"),
    label("refused", status="refused"),
    label("confirmed", status="confirmed"),
    label("empty", expected="", draft=""),
    label("written", expected="pin", source="person", draft=""),
]


def confirmed(labels: Sequence[Label]) -> list[str]:
    return [one.id for one in labels if one.status == "confirmed"]


@pytest.mark.parametrize(
    ("selection", "ids"),
    [
        (Selection(), ["sure", "torn", "ruled", "written"]),
        (Selection(("torn", "refused")), ["torn", "refused"]),
        (Selection(source="rule"), ["ruled"]),
        (Selection(source="person"), ["written"]),
        (Selection(least_confidence=1), ["sure"]),
        (Selection(source="model", least_confidence=0.5), ["sure", "torn"]),
    ],
)
def test_a_selection_is_confirmed_and_nothing_else(selection: Selection, ids: list[str]) -> None:
    assert set(confirmed(mark(LABELS, selection, "confirmed"))) == {*ids, "confirmed"}


def test_what_is_refused_was_drafted() -> None:
    marked = mark(LABELS, Selection(source="model"), "refused")
    assert [one.id for one in marked if one.status == "refused"] == ["sure", "torn", "refused"]


def test_what_a_person_writes_is_confirmed_and_theirs() -> None:
    by_id = {one.id: one for one in edit(LABELS, {"sure": " refund ", "torn": "card"})}
    assert (by_id["sure"].expected, by_id["sure"].source, by_id["sure"].draft) == ("refund", "person", "card")
    assert (by_id["torn"].source, by_id["torn"].status) == ("model:m", "confirmed")


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: mark(LABELS, Selection(("shure",)), "confirmed"), "no draft has the id 'shure'; did you mean 'sure'?"),
        (lambda: mark(LABELS, Selection(("empty",)), "confirmed"), "the draft of 'empty' is empty"),
        (lambda: mark(LABELS, Selection(("written",)), "confirmed", ["card"]), "'pin' for 'written' is not among"),
        (lambda: edit(LABELS, {"sure": "crd"}, ["card"]), "'crd' for 'sure' is not among metric.choices; did you mean"),
        (lambda: edit(LABELS, {"x": "card"}), "no draft has the id 'x'"),
    ],
)
def test_what_cannot_be_is_one_sentence(call: object, sentence: str) -> None:
    assert callable(call)
    with pytest.raises(UsageError) as raised:
        call()
    assert sentence in str(raised.value)


def test_new_drafts_take_the_place_of_untouched_and_empty_rows_only() -> None:
    drafts = [label(one.id, expected="new", draft="new", source="model:n") for one in LABELS]
    changed = {one.id for one in merged(LABELS, [*drafts, label("added")]) if one.source == "model:n"}
    assert changed == {"sure", "torn", "ruled", "empty"}
    assert merged([], drafts) == drafts
    edited_by_hand = label("hand", expected="pin")
    assert merged([edited_by_hand], [label("hand", expected="new", draft="new")]) == [edited_by_hand]


def test_only_rows_without_a_draft_are_drafted_and_untouched_ones_when_asked_again() -> None:
    rows = [Unlabelled(one.id, one.key, one.inputs) for one in LABELS]
    new = Unlabelled("new", "k", {"text": "new"})
    assert [row.id for row in to_draft([*rows, new], LABELS, again=False)] == ["empty", "new"]
    assert [row.id for row in to_draft([*rows, new], LABELS, again=True)] == ["sure", "torn", "ruled", "empty", "new"]
