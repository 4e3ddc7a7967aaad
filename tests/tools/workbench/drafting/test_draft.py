"""A draft as a whole: whatever the data looks like, it is a task that loads, or one sentence."""

import json
import tempfile
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toishi.tools.workbench.drafting import Question, Wishes, draft, with_answer
from toishi.tools.workbench.errors import UsageError
from toishi.tools.workbench.models.discovery import Found
from toishi.tools.workbench.task import load_task

HERE = [Found("package", "embedded/mini", "it ships with toishi")]
SEVERAL = [Found("environment", "openai/gpt-5-mini", "OPENAI_API_KEY is set"), *HERE]

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
names = st.one_of(st.sampled_from(["text", "label", "answer", "id", "split", "user_id", "test", "kwargs"]), texts)
values = st.one_of(
    texts,
    st.sampled_from(["yes", "no", "7", "3.5", "#### 12", "", "train", "test", '{"a": 1}', '["x", "y"]', "def f(): 1"]),
)


@settings(max_examples=60)
@given(st.lists(names, min_size=1, max_size=5, unique=True), st.data())
def test_whatever_the_rows_hold_the_draft_loads_or_is_one_sentence(columns: list[str], data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.fixed_dictionaries(dict.fromkeys(columns, values)), min_size=1, max_size=12))
    prompt = data.draw(st.sampled_from(["Sort it.", "Sort {text}", "Answer {nothing} with {label}.", '{"a": 1}']))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        (folder / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
        (folder / "prompt.txt").write_text(prompt)
        try:
            drafted = draft(Wishes(), models=HERE, here=folder)
        except UsageError as error:
            sentence = str(error)
        else:
            sentence = ""
        if sentence:
            assert "\n" not in sentence
            return
        assert {path.name for path in folder.iterdir()} == {"rows.jsonl", "prompt.txt"}
        drafted.path.write_text(drafted.text)
        assert load_task(drafted.path, project=folder).data.file == "rows.jsonl"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A prompt, and rows in which it is not plain what goes in and how an answer is judged."""
    (tmp_path / "prompt.txt").write_text("Answer.\n")
    rows = [f"who was number {n},as said in week {n},rider {n}" for n in range(40)]
    (tmp_path / "rows.csv").write_text("\n".join(["question,remark,answer", *rows]))
    return tmp_path


def asked(wishes: Wishes, folder: Path, *, models: list[Found] | None = None) -> dict[str, Question]:
    return {one.key: one for one in draft(wishes, models=models or HERE, here=folder).questions}


def test_what_looking_cannot_settle_is_a_question_with_a_proposal(folder: Path) -> None:
    questions = asked(Wishes(), folder, models=SEVERAL)

    assert list(questions) == ["data.inputs", "metric.kind", "models.task"]
    assert questions["data.inputs"].proposed == "question"
    assert questions["models.task"].proposed == "openai/gpt-5-mini"
    assert questions["models.task"].options == ("embedded/mini",)


def test_an_answer_is_a_wish_and_is_not_asked_again(folder: Path) -> None:
    question = asked(Wishes(), folder)["data.inputs"]

    wishes = with_answer(Wishes(), question, "question, remark")

    assert wishes.inputs == ("question", "remark")
    assert "data.inputs" not in asked(wishes, folder)
    assert with_answer(Wishes(), question, "question") == Wishes()


def test_an_answer_that_is_no_metric_is_refused_with_the_nearest(folder: Path) -> None:
    question = asked(Wishes(), folder)["metric.kind"]

    with pytest.raises(UsageError, match=r"'jugde' is no metric that can be drafted; did you mean 'judge'\?"):
        with_answer(Wishes(), question, "jugde")


def test_the_task_goes_where_prompt_and_data_are(folder: Path, tmp_path: Path) -> None:
    (folder / "data").mkdir()
    (folder / "rows.csv").rename(folder / "data" / "rows.csv")

    drafted = draft(Wishes(("prompt.txt", "data/rows.csv")), models=HERE, here=folder)

    assert drafted.path == folder / "task.toml"
    assert tomllib.loads(drafted.text)["data"]["file"] == "data/rows.csv"


def test_data_may_lie_elsewhere_and_a_prompt_may_not(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (folder / "rows.csv").rename(elsewhere / "rows.csv")

    drafted = draft(Wishes(("prompt.txt", str(elsewhere / "rows.csv"))), models=HERE, here=folder)
    assert tomllib.loads(drafted.text)["data"]["file"] == str(elsewhere / "rows.csv")

    with pytest.raises(UsageError, match=r"lies outside .*, where the task would be; copy it there, or say with --out"):
        draft(Wishes(("prompt.txt", str(elsewhere / "rows.csv")), out=elsewhere), models=HERE, here=folder)


def test_without_a_model_the_task_says_so(folder: Path) -> None:
    nothing = [Found("environment", None, "no provider's key is set")]
    text = draft(Wishes(), models=nothing, here=folder).text
    assert 'task = "auto"                   # none was found here: see `toishi doctor`\n' in text


def test_a_longer_answer_gets_room(folder: Path) -> None:
    rows = [{"question": f"q {n}", "answer": "word " * 2000} for n in range(3)]
    (folder / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    text = draft(Wishes(("rows.jsonl", "prompt.txt")), models=HERE, here=folder).text
    assert tomllib.loads(text)["models"]["max_tokens"] == 5120
