"""Which column is for what."""

from collections.abc import Mapping, Sequence

import pytest

from toishi.tools.workbench.drafting.columns import Table, table
from toishi.tools.workbench.drafting.roles import Roles, Said, roles, words
from toishi.tools.workbench.errors import DataError

TEXT = "a customer writes about the parcel number {} and is not pleased"
ADDRESSES = [f"anna{number}@example.org" for number in range(20)]


def rows_of(count: int, **columns: Sequence[str] | str) -> Table:
    """`count` rows; a value is a format with the row's number, or a list that is gone round in a circle."""

    def value(column: Sequence[str] | str, row: int) -> str:
        return column.replace("{}", str(row)) if isinstance(column, str) else column[row % len(column)]

    return table("rows.csv", [{name: value(column, row) for name, column in columns.items()} for row in range(count)])


def found(seen: Table, named: Sequence[str] = (), **said: str | tuple[str, ...]) -> Roles:
    return roles(seen, named=named, said=Said(**said), namer="prompt.txt")  # type: ignore[arg-type]


def expected(roled: Roles) -> str | None:
    return None if roled.expected is None else str(roled.expected.value)


@pytest.mark.parametrize(
    ("columns", "inputs", "answer"),
    [
        pytest.param({"text": TEXT, "label": ["a", "b"]}, ("text",), "label", id="as tutorials name them"),
        pytest.param({"id": "{}", "ticket": TEXT, "queue": ["a", "b"]}, ("ticket",), "queue", id="with an id"),
        pytest.param({"question": TEXT, "context": TEXT, "answer": "{}"}, ("question", "context"), "answer", id="two"),
        pytest.param(
            {"question": TEXT, "answer": TEXT + " #### {}", "final": "{}"}, ("question",), "final", id="the shorter"
        ),
        pytest.param({"correctAnswer": ["x", "y"], "prompt": TEXT}, ("prompt",), "correctAnswer", id="camel case"),
        pytest.param({"wording": TEXT, "kind": ["x", "y"]}, ("wording",), "kind", id="by shape alone"),
    ],
)
def test_inputs_and_answer_are_found(columns: Mapping[str, str], inputs: tuple[str, ...], answer: str) -> None:
    roled = found(rows_of(30, **columns))

    assert roled.input_names == inputs
    assert expected(roled) == answer


def test_a_column_of_addresses_is_no_input_whatever_it_is_called() -> None:
    columns = {"Nr": "{}", "E-Mail": ADDRESSES, "Anfrage": TEXT, "Abteilung": ["a", "b"]}
    roled = found(rows_of(30, **columns))

    assert roled.input_names == ("Anfrage",)
    assert not roled.inputs.sure
    assert "E-Mail" in roled.inputs.options
    pages = [f"https://example.org/{number}" for number in range(20)]
    assert found(rows_of(30, source=pages, anfrage=TEXT)).input_names == ("anfrage",)


def test_whoever_wrote_often_is_not_the_answer() -> None:
    roled = found(rows_of(30, anfrage=TEXT, abteilung=["a", "b"], kunde=["a@b.org", "c@d.org"]))

    assert expected(roled) == "abteilung"


def test_addresses_alone_can_still_be_judged() -> None:
    assert found(rows_of(30, email=ADDRESSES, label=["a", "b"])).input_names == ("email",)


def test_a_key_that_comes_twice_by_mistake_makes_no_groups() -> None:
    ids = [str(number) for number in range(29)]

    assert found(rows_of(30, id=ids, text=TEXT, label=["a", "b"])).group is None
    assert found(rows_of(30, id=ids[:10], text=TEXT, label=["a", "b"])).group is not None


def test_what_the_prompt_names_in_braces_is_the_input() -> None:
    roled = found(rows_of(30, text=TEXT, notes=TEXT, label=["a", "b"]), named=["notes"])

    assert roled.input_names == ("notes",)
    assert roled.inputs.sure


def test_a_second_text_that_nobody_names_makes_it_a_question() -> None:
    roled = found(rows_of(30, text=TEXT, remark=TEXT, label=["a", "b"]))

    assert roled.input_names == ("text",)
    assert not roled.inputs.sure
    assert "remark" in roled.inputs.options


def test_texts_alone_have_no_answer() -> None:
    assert found(rows_of(30, text=TEXT)).expected is None
    assert found(rows_of(30, id="{}", text=TEXT, remark=TEXT)).expected is None


def test_a_person_can_say_that_there_is_no_answer() -> None:
    assert found(rows_of(30, text=TEXT, label=["a", "b"]), expected="none").expected is None


def test_a_reply_that_was_logged_is_asked_about() -> None:
    roled = found(rows_of(30, prompt=TEXT, output=["yes", "no"]))

    assert expected(roled) == "output"
    assert roled.expected is not None
    assert not roled.expected.sure


def test_the_answer_never_becomes_an_input() -> None:
    roled = found(rows_of(30, text=TEXT, solution=TEXT, answer=["a", "b"]))

    assert expected(roled) == "answer"
    assert roled.input_names == ("text",)


def test_the_split_column_is_known_by_its_values() -> None:
    roled = found(rows_of(30, text=TEXT, label=["a", "b"], split=["train", "test"]))

    assert roled.split is not None
    assert (roled.split.value, roled.split.reason) == ("split", "it says what each row is for: 15 train, 15 test")
    assert found(rows_of(30, text=TEXT, label=["a", "b"], set=["red", "blue"])).split is None


def test_foreign_words_for_splits_are_told() -> None:
    roled = found(rows_of(30, text=TEXT, label=["a", "b"], split=["train", "holdout", "test"]))

    assert roled.split is None
    assert roled.warnings == (
        "the column 'split' says 'holdout', which is none of feedback, validation, test, train: rename its values, or "
        "rows are divided by the seed",
    )


def test_rows_of_one_customer_stay_together_and_few_values_are_reported() -> None:
    customers = [f"c{number}" for number in range(15)]
    roled = found(rows_of(60, text=TEXT, label=["a", "b"], customer_id=customers, country=["DE", "CH"]))

    assert roled.group is not None
    assert roled.group.value == "customer_id"
    assert roled.subgroups is not None
    assert roled.subgroups.value == ("country",)


def test_a_column_that_is_not_there_is_answered_with_the_nearest() -> None:
    with pytest.raises(DataError, match=r"rows.csv has no column 'lable'; did you mean 'label'\?"):
        found(rows_of(3, text=TEXT, label=["a", "b"]), expected="lable")


def test_a_table_of_answers_alone_has_no_input() -> None:
    with pytest.raises(DataError, match="no column left for the program's input"):
        found(rows_of(30, id="{}", label=["a", "b"]))


def test_names_fall_into_words() -> None:
    assert words("correctAnswer") == words("Correct answer") == words("correct_answer") == {"correct", "answer"}
    assert words("label2") == {"label"}
