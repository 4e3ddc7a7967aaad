"""Which metric suits the expected answers."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from toishi.tools.workbench.drafting.answers import Answers, answers
from toishi.tools.workbench.drafting.columns import table
from toishi.tools.workbench.errors import TaskError

CODE = "def area(radius):\n    return 3.14 * radius ** 2  # number {}"
LONG = (
    "The parcel with the number {} was sent on Monday from our store in Berne, and it should be with you by Thursday."
)


def judged(values: Sequence[str] | str, rows: int = 30, *, said: str = "", prompt: str = "", **more: str) -> Answers:
    column = [values.format(row) if isinstance(values, str) else values[row % len(values)] for row in range(rows)]
    seen = table("rows.csv", [{"answer": value, **more} for value in column])
    return answers(seen, seen.by_name["answer"], said=said, prompt=prompt)


def keys(found: Answers) -> Mapping[str, Any]:
    return {one.key.removeprefix("metric."): one.value for one in found.decisions}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param(["yes", "no"], {"kind": "choice", "choices": ("no", "yes")}, id="labels"),
        pytest.param([f"intent_{n}" for n in range(5)], {"kind": "choice"}, id="more labels"),
        pytest.param("{}", {"kind": "number"}, id="numbers"),
        pytest.param("First 3 + 4 = 7.\n#### {}", {"kind": "number"}, id="worked solutions"),
        pytest.param(["0", "1"], {"kind": "choice", "choices": ("0", "1")}, id="flags"),
        pytest.param("{}.25", {"kind": "number", "relative": 0.001}, id="fractions"),
        pytest.param("98765432{}", {"kind": "number", "relative": 0.001}, id="large numbers"),
        pytest.param('{{"name": "n{}", "age": 3}}', {"kind": "json", "compare": "fields"}, id="json"),
        pytest.param('["Bern", "Berne {}"]', {"kind": "f1", "separator": "json"}, id="several right answers"),
        pytest.param(CODE, {"kind": "judge"}, id="code that nothing tests"),
        pytest.param("Bern {}", {"kind": "f1"}, id="spans"),
    ],
)
def test_the_values_say_the_metric(values: Sequence[str] | str, expected: Mapping[str, Any]) -> None:
    assert expected.items() <= keys(judged(values)).items()


def test_long_answers_are_marked_by_a_rubric_from_the_prompt() -> None:
    found = judged(LONG, prompt="Answer the customer\n kindly.")

    assert found.kind == "judge"
    assert not found.decisions[0].sure
    assert keys(found)["rubric"] == (
        "A good answer\n"
        "- says what the expected answer says, in whatever words\n"
        "- contradicts the expected answer nowhere\n"
        "- does what the instruction asks, all of it and nothing else\n"
        "- keeps to the facts that the inputs give, and invents none\n"
        "\n"
        "The instruction was: Answer the customer kindly.\n"
    )


def test_labels_are_not_listed_where_only_the_first_rows_were_seen() -> None:
    seen = table("rows.csv", [{"answer": "ab"[row % 2]} for row in range(30)], total=900)
    assert keys(answers(seen, seen.by_name["answer"])) == {"kind": "choice"}


def test_labels_that_the_prompt_lists_need_not_come_again() -> None:
    assert judged(["billing", "fault"], rows=2).kind == "f1"
    assert judged(["billing", "fault"], rows=2, prompt="Sort into: billing, fault.").kind == "choice"


def test_code_is_run_where_a_column_holds_tests() -> None:
    row = {"prompt": "def f(x):", "canonical_solution": CODE, "test": "def check(candidate):\n    assert candidate(1)"}
    seen = table("humaneval.jsonl", [{**row, "entry_point": "f"}] * 3)
    solution = seen.by_name["canonical_solution"]
    assert keys(answers(seen, solution)) == {"kind": "code", "tests": "test", "function_column": "entry_point"}


def test_verifiable_instructions_are_known_by_their_columns() -> None:
    seen = table("ifeval.jsonl", [{"prompt": "write", "instruction_id_list": '["a:b"]', "kwargs": "[{}]"}])
    assert answers(seen, None, said="", prompt="").kind == "ifeval"


def test_without_answers_a_judge_marks() -> None:
    seen = table("rows.csv", [{"text": "hello"}])
    found = answers(seen, None, said="", prompt="Greet.")
    assert found.kind == "judge"
    assert "expected" not in str(keys(found)["rubric"])
    assert keys(answers(seen, None, said="choice", prompt="")) == {"kind": "choice"}


def test_answers_made_of_the_row_s_own_words_are_not_judged_by_words() -> None:
    rows = [{"input": f"sort these: pear{n} apple{n} fig{n}", "target": f"apple{n} fig{n} pear{n}"} for n in range(30)]
    seen = table("rows.csv", rows)
    assert answers(seen, seen.by_name["target"], inputs=["input"]).kind == "text"


def test_a_person_s_word_is_taken() -> None:
    found = judged(["yes", "no"], said="exact")
    assert keys(found) == {"kind": "exact"}
    assert found.decisions[0].reason == "chosen by you"
    with pytest.raises(TaskError, match="the metric 'regex' cannot be drafted"):
        judged(["yes", "no"], said="regex")


def test_a_metric_of_one_s_own_comes_with_a_file_to_fill() -> None:
    ((name, text),) = judged(["yes", "no"], said="python").files
    space: dict[str, Any] = {}
    exec(text, space)
    example = type("FakeExample", (), {"expected": "yes"})
    assert name == "metric.py"
    assert space["score"](example, " yes ") == (1.0, "correct")
    assert space["score"](example, "no") == (0.0, "expected yes, got no")


@pytest.mark.parametrize(
    ("values", "warning"),
    [
        (["yes"], "every row expects 'yes', so there is nothing to tell a good prompt by"),
        (["yes"] * 4 + ["no"], "always answering 'yes' already scores 80 %; hold the result against that"),
        (["Yes", "yes", "no"], "the labels 'Yes' and 'yes' differ in case only; write them alike in the data"),
        (["yes", "no", ""], "10 of 30 rows have an empty 'answer': take them out, or have answers drafted"),
    ],
)
def test_what_makes_a_score_worthless_is_told(values: Sequence[str], warning: str) -> None:
    assert any(warning in found for found in judged(values).warnings)


def test_labels_that_are_too_rare_for_three_splits_are_told() -> None:
    found = judged(["a"] * 14 + ["b"] * 14 + ["c", "d"])
    assert "2 of 4 labels have fewer than three rows ('c', 'd'): some split lacks them" in found.warnings
