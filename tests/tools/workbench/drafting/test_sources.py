"""Which files a draft is made from."""

from pathlib import Path

import pytest

from toishi.tools.workbench.drafting.sources import Sources, sources
from toishi.tools.workbench.errors import UsageError

PROGRAM = 'async def run(example, call):\n    return await call("answer", text=example.inputs["text"])\n'


def fill(folder: Path, *names: str) -> Path:
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(PROGRAM if name.endswith(".py") else f"content of {name}")
    return folder


def names(found: Sources, folder: Path) -> tuple[str | None, dict[str, str]]:
    program = found.prompt or found.program
    return (
        program.relative_to(folder).as_posix() if program else None,
        {key: path.relative_to(folder).as_posix() for key, path in found.data.items()},
    )


@pytest.mark.parametrize(
    ("files", "program", "data"),
    [
        pytest.param(["prompt.txt", "rows.csv"], "prompt.txt", {"file": "rows.csv"}, id="the plain case"),
        pytest.param(
            ["README.md", "LICENSE", "requirements.txt", "package.json", "instructions.md", "a.jsonl"],
            "instructions.md",
            {"file": "a.jsonl"},
            id="among files that every project has",
        ),
        pytest.param(["sort.txt", "rows.tsv"], "sort.txt", {"file": "rows.tsv"}, id="the only text file"),
        pytest.param(["one.txt", "two.txt", "rows.csv"], None, {"file": "rows.csv"}, id="two texts, neither a prompt"),
        pytest.param(
            ["prompts/main.txt", "data/rows.csv"], "prompts/main.txt", {"file": "data/rows.csv"}, id="folders"
        ),
        pytest.param(
            ["prompt.txt", "train.jsonl", "test.jsonl"],
            "prompt.txt",
            {"train": "train.jsonl", "test": "test.jsonl"},
            id="files that are splits",
        ),
        pytest.param(
            ["prompt.txt", "my_dev.csv", "my_train.csv", "my_test.csv"],
            "prompt.txt",
            {"train": "my_train.csv", "validation": "my_dev.csv", "test": "my_test.csv"},
            id="three splits, by other words",
        ),
        pytest.param(["agent.py", "rows.csv"], "agent.py", {"file": "rows.csv"}, id="a program"),
        pytest.param(["rows.csv"], None, {"file": "rows.csv"}, id="data alone"),
    ],
)
def test_a_folder_is_read_as_a_person_would(
    tmp_path: Path, files: list[str], program: str | None, data: dict[str, str]
) -> None:
    assert names(sources([], fill(tmp_path, *files)), tmp_path) == (program, data)


def test_named_files_win_over_found_ones(tmp_path: Path) -> None:
    fill(tmp_path, "prompt.txt", "other.txt", "rows.csv", "more.csv")

    found = sources(["more.csv", "other.txt"], tmp_path)

    assert names(found, tmp_path) == ("other.txt", {"file": "more.csv"})
    assert found.others == {}


def test_what_else_would_do_is_told(tmp_path: Path) -> None:
    fill(tmp_path, "prompt.txt", "system_prompt.txt", "rows.csv", "old.csv")

    found = sources([], tmp_path)

    assert [path.name for path in found.others["program"]] == ["system_prompt.txt"]
    assert len(found.others["data"]) == 1


def test_a_program_is_named_with_its_function(tmp_path: Path) -> None:
    fill(tmp_path, "agent.py", "rows.csv", "corpus.jsonl")

    found = sources(["agent.py:run", "rows.csv"], tmp_path)

    assert (found.program, found.object) == (tmp_path / "agent.py", "run")
    assert found.corpora == (tmp_path / "corpus.jsonl",)


def test_a_folder_may_be_named(tmp_path: Path) -> None:
    fill(tmp_path / "task", "prompt.txt", "rows.csv")

    assert names(sources(["task"], tmp_path), tmp_path / "task") == ("prompt.txt", {"file": "rows.csv"})


def test_hidden_folders_packages_and_other_tasks_are_left_alone(tmp_path: Path) -> None:
    fill(tmp_path, "rows.csv", ".venv/prompt.txt", "node_modules/prompt.txt", "other/task.toml", "other/prompt.txt")

    assert sources([], tmp_path).prompt is None


@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        (["nothing.csv"], r"nothing.csv does not exist; name a prompt file"),
        (["prompt.txt", "other.txt"], r"are two programs; name the one that is to be improved"),
        (["a.csv", "b.csv"], r"a.csv and b.csv cannot be told apart by their names; call them train and test"),
        (["one", "two"], r"are both folders; name one"),
        (["one"], r"holds no data \(\.csv"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(tmp_path: Path, named: list[str], sentence: str) -> None:
    fill(tmp_path, "prompt.txt", "other.txt", "a.csv", "b.csv", "one/x.txt", "two/x.txt")

    with pytest.raises(UsageError, match=sentence):
        sources(named, tmp_path)
