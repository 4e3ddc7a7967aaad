"""The labels' file: what is written is read again, whatever an editor did to it, and nothing of a person's is lost."""

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toishi.tools.workbench.errors import DataError
from toishi.tools.workbench.labels.sidecar import STATUSES, Label, key_of, read_labels, update_labels

HEADER = "id,text,expected,source,status,confidence,draft\n"


def label(number: int = 1, **values: object) -> Label:
    one = {"id": f"r{number}", "inputs": {"text": f"row {number}"}, "expected": "card", "source": "model:m"}
    return Label(**{**one, "draft": "card", **values})  # type: ignore[arg-type]


def write(file: Path, labels: list[Label]) -> None:
    update_labels(file, ["text"], lambda _: labels)


texts = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n,;\"'\t"), max_size=30)
plain = texts.map(str.strip)


@given(
    st.lists(
        st.builds(
            Label,
            id=plain.filter(bool),
            inputs=st.fixed_dictionaries({"text": texts, "status": texts}),
            expected=plain.filter(bool),
            source=plain.filter(bool),
            status=st.sampled_from(STATUSES),
            confidence=st.none() | st.integers(0, 100).map(lambda share: share / 100),
            draft=plain,
        ),
        min_size=1,
    )
)
def test_what_is_written_is_read_again(tmp_path_factory: pytest.TempPathFactory, labels: list[Label]) -> None:
    file = tmp_path_factory.mktemp("labels") / "rows.labels.csv"
    update_labels(file, ["text", "status"], lambda _: labels)
    assert read_labels(file, ["text", "status"]) == labels


def test_a_missing_file_holds_no_labels_and_a_new_one_is_the_persons_alone(tmp_path: Path) -> None:
    file = tmp_path / "rows.labels.csv"
    assert read_labels(file, ["text"]) == []
    write(file, [label(1, confidence=2 / 3)])
    assert file.read_text() == HEADER + "r1,row 1,card,model:m,drafted,0.67,card\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_what_a_spreadsheet_made_of_it_is_understood_and_kept(tmp_path: Path) -> None:
    file = tmp_path / "rows.labels.csv"
    file.write_bytes(
        "\ufeffid;text;expected;source;status;confidence;draft;note\r\n"
        "r1;row 1;card ;model:m;Confirmed;0,67;card;fine\r\nr2;row 2;pin;;;;;\r\n".encode()
    )
    file.chmod(0o644)
    one, other = read_labels(file, ["text"])
    assert (one.expected, one.status, one.confidence, one.others) == ("card", "confirmed", 0.67, {"note": "fine"})
    assert (other.status, other.source, other.is_untouched) == ("drafted", "person", False)

    update_labels(file, ["text"], lambda labels: [*labels, label(3)])
    assert file.read_bytes().decode().splitlines() == [
        "\ufeffid;text;expected;source;status;confidence;draft;note",
        "r1;row 1;card;model:m;confirmed;0.67;card;fine",
        "r2;row 2;pin;person;drafted;;;",
        "r3;row 3;card;model:m;drafted;;card;",
    ]
    assert stat.S_IMODE(file.stat().st_mode) == 0o644


def test_what_somebody_writes_in_between_is_not_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "rows.labels.csv"
    write(file, [label(1)])
    edits = iter([lambda: write(file, [label(1, expected="pin", status="confirmed")])])

    def change(labels: list[Label]) -> list[Label]:
        # The first attempt meets an editor that saves meanwhile.
        next(edits, lambda: None)()
        return [*labels, label(2)]

    assert [(one.id, one.expected, one.status) for one in update_labels(file, ["text"], change)] == [
        ("r1", "pin", "confirmed"),
        ("r2", "card", "drafted"),
    ]


def test_nothing_is_written_where_nothing_changes(tmp_path: Path) -> None:
    file = tmp_path / "rows.labels.csv"
    file.write_text(HEADER + "r1,row 1,  card,model:m,DRAFTED,1,card\n")
    before = file.read_bytes()
    update_labels(file, ["text"], lambda labels: labels)
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("id,text,expected\n", "has no column 'status'"),
        ("id,txt,expected,status\n", "has no column 'text' (did you mean 'txt'?)"),
        (HEADER + "r1,row 1,card,model:m,confirmd,,card\n", "line 2 has the status 'confirmd'; did you mean 'conf"),
        (HEADER + "r1,row 1,,model:m,confirmed,,card\n", "line 2 is confirmed and has an empty 'expected'"),
        (HEADER + "r1,row 1,card,model:m,drafted,high,card\n", "line 2 has the confidence 'high'; write a number"),
        (HEADER + "r1,row 1,card\n", "line 2 has more or fewer values than columns"),
        (HEADER + 'r1,"row 1,card\n', "is no csv"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "rows.labels.csv"
    file.write_text(text)
    with pytest.raises(DataError) as raised:
        read_labels(file, ["text"])
    assert str(raised.value).startswith(str(file))
    assert sentence in str(raised.value)


def test_a_file_in_another_encoding_names_the_line(tmp_path: Path) -> None:
    file = tmp_path / "rows.labels.csv"
    file.write_bytes(HEADER.encode() + b"r1,caf\xe9,card,model:m,drafted,,card\n")
    with pytest.raises(DataError, match="line 2 is not UTF-8"):
        read_labels(file, ["text"])


def test_a_row_is_known_by_its_inputs_whatever_their_blanks() -> None:
    assert key_of({"a": "two  words\r\n", "b": "x"}) == key_of({"a": " two words", "b": "x"})
    assert key_of({"a": "x", "b": "y"}) != key_of({"a": "y", "b": "x"})
