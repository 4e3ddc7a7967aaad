"""What a program calls, read from its syntax tree."""

from pathlib import Path

import pytest

from toishi.tools.workbench.drafting.code import Code, programs_in, read_code
from toishi.tools.workbench.errors import TaskError

PROGRAM = """
raise SystemExit("nobody may run this")

async def answer_once(example, call):
    return await call("answer", question=example.inputs["question"])

async def run(example, call):
    question = example.inputs["question"]
    query = await call("write_query", question=question, hint=example.inputs.get("hint"))
    passages = await call("search_wiki", query=query)
    return await shorten(call, question, passages)

async def shorten(call, question, passages):
    return await call("answer", question=question, passages=passages, tools=[len], schema={})
"""

GRAPH = """
from langgraph.graph import StateGraph

async def write(state, runtime):
    query = await runtime.context.call("write_query", question=state["question"])
    return {"query": query}

async def finish(state, runtime):
    return {"answer": await runtime.context.call("answer", query=state["query"])}

builder = StateGraph(dict)
graph = builder.compile()

def make():
    inner = StateGraph(dict)
    return inner
"""


def read(tmp_path: Path, source: str, name: str = "") -> Code:
    file = tmp_path / "program.py"
    file.write_text(source)
    return read_code(file, name, shown="program.py")


def test_modules_fields_and_inputs_are_seen_without_running_anything(tmp_path: Path) -> None:
    code = read(tmp_path, PROGRAM)

    assert (code.name, code.kind, code.inputs) == ("run", "code", ("question", "hint"))
    assert {name: list(module.fields) for name, module in code.modules.items()} == {
        "answer": ["question", "passages"],
        "write_query": ["question", "hint"],
        "search_wiki": ["query"],
    }
    assert [name for name, module in code.modules.items() if module.searches] == ["search_wiki"]


def test_the_function_can_be_named(tmp_path: Path) -> None:
    assert read(tmp_path, PROGRAM, "answer_once").name == "answer_once"


def test_a_graph_is_seen_with_what_its_nodes_return(tmp_path: Path) -> None:
    code = read(tmp_path, GRAPH)

    assert (code.name, code.kind) == ("graph", "graph")
    assert list(code.modules) == ["write_query", "answer"]
    assert code.returned == ("query", "answer")
    assert "question" in code.inputs
    assert read(tmp_path, GRAPH, "make").kind == "graph"


def test_a_computed_name_is_told_by_its_line(tmp_path: Path) -> None:
    code = read(tmp_path, "async def run(example, call):\n    return await call(f'{example.id}', text='x')\n")

    assert code.computed == (2,)
    assert code.modules == {}


@pytest.mark.parametrize(
    ("source", "name", "sentence"),
    [
        ("async def run(example, call:\n", "", r"program.py, line 1 is no Python: "),
        ("x = 1\n", "", r"program.py holds no program: an `async def run\(example, call\)`, or a compiled LangGraph"),
        (PROGRAM, "runn", r"program.py has no 'runn'; did you mean 'run'\?"),
    ],
)
def test_what_cannot_be_a_program_is_one_sentence(tmp_path: Path, source: str, name: str, sentence: str) -> None:
    with pytest.raises(TaskError, match=sentence):
        read(tmp_path, source, name)


def test_only_files_with_modules_are_taken_for_programs(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "other.py").write_text("async def handle(request, callback):\n    return callback(request)\n")
    (tmp_path / "broken.py").write_text("async def run(:\n")

    assert programs_in(tmp_path / "program.py") == ["answer_once", "run"]
    assert programs_in(tmp_path / "other.py") == []
    assert programs_in(tmp_path / "broken.py") == []
