"""From a task to a program that runs: Python functions and LangGraph graphs with the person's own code, and texts."""

import json
from pathlib import Path
from typing import Any

import pytest

from toishi.tools.workbench.errors import TaskError, TrustNeeded, UsageError
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.models.protocol import Message, Reply, ToolSpec
from toishi.tools.workbench.own_code import trust
from toishi.tools.workbench.program import Program
from toishi.tools.workbench.program.building import build_program
from toishi.tools.workbench.program.trace import Trace
from toishi.tools.workbench.rollout import ModuleCall
from toishi.tools.workbench.task import Task, load_task

EXAMPLE = Example("1", {"question": "Which stone?"}, "whetstone")

TASK = """\
name = "Two hops"
[program]
code = "program.py:run"
[program.modules]
plan = "prompts/plan.txt"
answer = "prompts/answer.txt"
[program.retrievers.search]
file = "corpus.jsonl"
top = 1
[data]
file = "rows.csv"
inputs = ["question"]
expected = "answer"
[metric]
kind = "exact"
"""

CODE = """\
from beside import polished


async def run(example, call):
    query = await call("plan", question=example.inputs["question"])
    found = await call("search", query=query)
    return polished(await call("answer", question=example.inputs["question"], found=found))


def plain(example, call):
    return "no"


async def number(example, call):
    return 3
"""

GRAPH = """\
from typing import TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime

from toishi.tools.workbench.program import Context


class State(TypedDict, total=False):
    question: str
    query: str
    answer: str


async def plan(state: State, runtime: Runtime[Context]) -> State:
    return {"query": await runtime.context.call("plan", question=state["question"])}


async def answer(state: State, runtime: Runtime[Context]) -> State:
    return {"answer": await runtime.context.call("answer", question=state["question"], found=state["query"])}


def build():
    graph = StateGraph(State, context_schema=Context)
    graph.add_node("plan", plan)
    graph.add_node("answer", answer)
    graph.add_edge(START, "plan")
    graph.add_edge("plan", "answer")
    graph.add_edge("answer", END)
    return graph


graph = build().compile()
nothing = 3
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    project = tmp_path / "project"
    (project / "prompts").mkdir(parents=True)
    (project / "prompts" / "plan.txt").write_text("Say what to look for: {question}\n")
    (project / "prompts" / "answer.txt").write_text('Answer {question} from {found}, as {"answer": …}.\n')
    (project / "program.py").write_text(CODE)
    (project / "beside.py").write_text("def polished(text):\n    return text.strip()\n")
    (project / "agent.py").write_text(GRAPH)
    (project / "corpus.jsonl").write_text('{"title": "Whetstone", "text": "A stone."}\n{"text": "A city."}\n')
    (project / "rows.csv").write_text("question,answer\nWhich stone?,whetstone\n")
    trust.trust(project)
    return project


def load(project: Path, text: str = TASK) -> Task:
    (project / "task.toml").write_text(text)
    return load_task(project / "task.toml")


def graph_task(name: str = "graph", output: str = "answer") -> str:
    head, _, tail = TASK.partition('code = "program.py:run"\n')
    return f'{head}graph = "agent.py:{name}"\noutput = "{output}"\n{tail}'


async def ran(program: Program) -> tuple[str, list[tuple[str, dict[str, Any]]]]:
    """The program's answer, and the calls that it made, where every module says its own name."""
    calls: list[tuple[str, dict[str, Any]]] = []

    async def own_name(module: str, /, **fields: Any) -> str:
        calls.append((module, fields))
        return f" {module} "

    call: Any = own_name
    return await program.run(EXAMPLE, call), calls


async def test_a_python_function_is_a_program(project: Path) -> None:
    program = build_program(load(project), project)
    assert program.modules["plan"] == "Say what to look for: {question}"
    answer, calls = await ran(program)
    assert answer == "answer"
    assert calls == [
        ("plan", {"question": "Which stone?"}),
        ("search", {"query": " plan "}),
        ("answer", {"question": "Which stone?", "found": " search "}),
    ]
    (passage,) = program.retrievers["search"].search("stone city", top=1)
    assert passage.text in ("A stone.", "A city.")


@pytest.mark.parametrize("name", ["graph", "build"])
async def test_a_graph_is_a_program(project: Path, name: str) -> None:
    answer, calls = await ran(build_program(load(project, graph_task(name)), project))
    assert (answer, [module for module, _ in calls]) == (" answer ", ["plan", "answer"])


async def test_a_node_of_a_graph_uses_texts_as_a_function_does(project: Path) -> None:
    node = 'return {"query": await runtime.context.call("plan", question=state["question"])}'
    assert node in GRAPH
    uses = 'ran = await runtime.context.call.python("plan", "plan")\n    return {"query": ran.text}'
    text = GRAPH.replace(node, uses).replace(
        'await runtime.context.call("answer"', 'runtime.context.call.text("answer"'
    )
    (project / "agent.py").write_text(text)
    (project / "prompts" / "plan.txt").write_text("def plan():\n    return 'planned'\n")
    task = load(project, graph_task().replace("[data]", '[program.kinds]\nplan = "python:plan"\n[data]'))
    trace = Trace(task.seed_texts(), {}, never)
    answer = await build_program(task, project).run(EXAMPLE, trace.call)
    assert answer == task.seed_texts()["answer"]
    assert [dict(call.inputs) for call in trace.calls] == [
        {"arguments": "[]"},
        {"question": "Which stone?", "found": "planned"},
    ]


async def test_what_own_code_prints_stays_out_of_stdout(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "program.py").write_text(
        "print('loaded')\n\n\nasync def run(example, call):\n    print('ran')\n    return await call('plan')\n"
    )
    await ran(build_program(load(project), project))
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "loaded\nran\n")


async def test_a_graph_without_the_named_output_says_what_it_has(project: Path) -> None:
    program = build_program(load(project, graph_task(output="reply")), project)
    with pytest.raises(KeyError, match="the graph's state has no 'reply'; it has 'question', 'query', 'answer'"):
        await ran(program)


ALONE = """\
name = "One text"
[program]
modules = { solve = "solve.py" }
kinds = { solve = "python:solve" }
[data]
file = "rows.csv"
inputs = ["question"]
expected = "answer"
[metric]
kind = "exact"
"""


async def answered(project: Path, text: str, source: str, **inputs: str) -> tuple[str, list[ModuleCall]]:
    """What the program of a task gives where the one module has this text, and the trace."""
    (project / "solve.py").write_text(source)
    task = load(project, text)
    trace = Trace(task.seed_texts(), {}, never)
    example = Example("1", inputs or {"question": "Which stone?"}, "")
    return await build_program(task, project).run(example, trace.call), trace.calls


async def never(module: str, messages: tuple[Message, ...], tools: tuple[ToolSpec, ...], schema: str | None) -> Reply:
    raise AssertionError("no model is needed")


async def test_a_function_is_a_program_without_code_of_the_person_s_own(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "trusts nobody"))
    answer, (call,) = await answered(project, ALONE, "def solve(question):\n    return question.upper()\n")
    assert (answer, call.module, call.error) == ("WHICH STONE?", "solve", None)
    assert json.loads(call.output or "")["times"] == 5


async def test_inputs_are_what_they_say_and_text_where_the_function_is_annotated_so(project: Path) -> None:
    two = ALONE.replace('inputs = ["question"]', 'inputs = ["question", "more"]')
    inputs = {"question": "[3, 1]", "more": "7"}
    typed = "def solve(question: list[int], more: str) -> list[object]:\n    return [sum(question), more]\n"
    assert (await answered(project, two, typed, **inputs))[0] == '[4, "7"]'
    plain = "def solve(question, more):\n    return {'more': (more, question)}\n"
    assert (await answered(project, two, plain, **inputs))[0] == '{"more": [7, [3, 1]]}'


async def test_a_script_reads_its_input_and_prints_the_answer(project: Path) -> None:
    script = ALONE.replace("python:solve", "python")
    assert (await answered(project, script, "print(input()[::-1])\n"))[0] == "?enots hcihW"
    two = script.replace('inputs = ["question"]', 'inputs = ["question", "more"]')
    source = "import json, sys\nprint(json.load(sys.stdin)['more'])\n"
    assert (await answered(project, two, source, question="a", more="b"))[0] == "b"


@pytest.mark.parametrize(
    ("kind", "pattern", "answer"),
    [
        ("regex", r"[Ss]tone", "yes"),
        ("regex", r"brick", "no"),
        ("regex:0", r"s\w+", "stone"),
        ("regex:1", r"(\w+)\?", "stone"),
        ("regex:what", r"(?P<what>Wh\w*)", "Which"),
        ("regex:1", r"(brick)", ""),
        ("regex:1", r"Which|(brick)", ""),
    ],
)
async def test_a_pattern_answers_whether_it_matches_or_what_it_captured(
    project: Path, kind: str, pattern: str, answer: str
) -> None:
    found, (call,) = await answered(project, ALONE.replace("python:solve", kind), pattern)
    assert found == answer
    assert dict(call.inputs) == {"text": "Which stone?"}


@pytest.mark.parametrize(
    ("written", "instead", "source", "sentence"),
    [
        pytest.param(
            "", "", "def other(): pass", "solve.py does not define the function 'solve' (program.kinds.solve = 'python:"
        ),
        pytest.param("python:solve", "regex", "a(", "solve.py is no regular expression: missing ), unterminated"),
        pytest.param("python:solve", "regex:3", "a(b)", "solve.py has no group '3' (program.kinds.solve = 'regex:3')"),
        pytest.param(
            '"question"]\nexpected',
            '"question", "more"]\nexpected',
            None,
            "a regular expression looks at one input, not question, more; name one in data.inputs",
        ),
    ],
)
def test_a_text_that_is_not_what_it_should_be_is_refused_before_anything_runs(
    project: Path, written: str, instead: str, source: str | None, sentence: str
) -> None:
    text = ALONE if source is not None else ALONE.replace("python:solve", "regex")
    (project / "solve.py").write_text(source or "a")
    with pytest.raises(TaskError) as raised:
        build_program(load(project, text.replace(written, instead, 1)), project)
    assert str(raised.value).startswith(sentence)


def test_what_a_text_names_in_braces_must_stay_in_it(project: Path) -> None:
    assert load(project).placeholders() == {"plan": ("question",), "answer": ("question", "found")}


def test_code_runs_only_where_the_person_trusts_it(project: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "another state"))
    (project / "program.py").write_text("raise AssertionError('this ran')")
    with pytest.raises(TrustNeeded, match="--trust"):
        build_program(load(project), project)


@pytest.mark.parametrize("file", ["program.py", "corpus.jsonl"])
def test_a_run_does_not_go_on_with_another_program(project: Path, file: str) -> None:
    task = load(project)
    (project / file).write_text((project / file).read_text() + "\n")
    with pytest.raises(UsageError, match=f"{file} has changed since the run was made; put it back to go on"):
        build_program(task, project)
    (project / file).unlink()
    with pytest.raises(UsageError, match=f"{file}, which the task's program needs, is no longer there"):
        build_program(task, project)


@pytest.mark.parametrize(
    ("written", "instead", "sentence"),
    [
        pytest.param(
            "py:run", "py:rum", "program.code = 'program.py:rum': program.py has no 'rum'; did you mean 'run'?"
        ),
        pytest.param("py:run", "py:plain", "program.code = 'program.py:plain' should be a function `async def plain("),
        pytest.param(
            "program.py:run", "beside.py:polished", "should be a function `async def polished(example, call)`"
        ),
    ],
)
def test_code_that_is_no_program_is_refused(project: Path, written: str, instead: str, sentence: str) -> None:
    with pytest.raises(TaskError) as raised:
        build_program(load(project, TASK.replace(written, instead)), project)
    assert sentence in str(raised.value)


def test_a_graph_that_leads_nowhere_is_refused(project: Path) -> None:
    (project / "agent.py").write_text(
        GRAPH.replace('    graph.add_edge(START, "plan")\n', "").replace(".compile()", "")
    )
    with pytest.raises(TaskError, match=r"program.graph = 'agent.py:build' cannot be made: ValueError: "):
        build_program(load(project, graph_task("build")), project)


def test_a_graph_that_is_none_is_refused(project: Path) -> None:
    with pytest.raises(
        TaskError, match=r"program.graph = 'agent.py:nothing' is int; name a LangGraph graph, or a func"
    ):
        build_program(load(project, graph_task("nothing")), project)


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        pytest.param("x = 1\ny = 1 / 0\n", "ZeroDivisionError: division by zero (program.py, line 2)", id="fails"),
        pytest.param("x = 1\ndef run(:\n", "SyntaxError: invalid syntax (program.py, line 2)", id="no Python"),
        pytest.param(
            "import nowhere_to_be_found\n", "No module named 'nowhere_to_be_found' (program.py, line 1)", id="import"
        ),
    ],
)
def test_code_that_cannot_be_loaded_is_named_with_its_line(project: Path, code: str, sentence: str) -> None:
    (project / "program.py").write_text(code)
    with pytest.raises(TaskError) as raised:
        build_program(load(project), project)
    assert str(raised.value).startswith("program.code = 'program.py:run' fails when it is loaded: ")
    assert sentence in str(raised.value)


@pytest.mark.parametrize(
    ("written", "instead", "sentence"),
    [
        pytest.param(
            'code = "program.py:run"', "", "a program is one of prompt, code and graph, not none of them", id="none"
        ),
        pytest.param(
            'code = "program.py:run"',
            'code = "program.py:run"\nprompt = "prompts/plan.txt"',
            "a program is one of prompt, code and graph, not prompt and code",
            id="two",
        ),
        pytest.param(
            'code = "program.py:run"',
            'prompt = "prompts/plan.txt"',
            "modules have no meaning beside prompt; name the code or the graph that calls them",
            id="modules of a prompt",
        ),
        pytest.param(
            '[program.modules]\nplan = "prompts/plan.txt"\nanswer = "prompts/answer.txt"\n',
            "",
            "code needs modules: a text file for each name that it calls",
            id="no modules",
        ),
        pytest.param(
            "py:run", "py", "'program.py' should be a file and a name in it, such as program.py:run", id="no name"
        ),
        pytest.param(
            "retrievers.search",
            "retrievers.plan",
            "'plan' is a module and a retriever; rename one of them",
            id="same name",
        ),
        pytest.param(
            "prompts/answer.txt", "prompts/plan.txt", "two modules have the file 'prompts/plan.txt'", id="same file"
        ),
        pytest.param("answer = ", '"my answer" = ', "the name 'my answer' should be letters, digits and", id="no name"),
        pytest.param(
            "corpus.jsonl", "gone.jsonl", "program.retrievers.search.file = 'gone.jsonl' does not exist", id="corpus"
        ),
        pytest.param("program.py:run", "gone.py:run", "program.code = 'gone.py' does not exist", id="code"),
        pytest.param(
            "program.py:run", "../out.py:run", "program.code = '../out.py' leads out of the project", id="outside"
        ),
        pytest.param(
            "prompts/plan.txt", "gone.txt", "program.modules.plan = 'gone.txt' does not exist", id="module file"
        ),
        pytest.param(
            "[program.retr",
            '[program.kinds]\nplam = "tool"\n[program.retr',
            "kinds names 'plam', which is no module; did you mean 'plan'?",
            id="kind of no module",
        ),
        pytest.param(
            "[program.retr",
            '[program.kinds]\nplan = "pyton"\n[program.retr',
            "kinds.plan: 'pyton' is no kind of text; did you mean 'python'?",
            id="no kind",
        ),
        pytest.param(
            'code = "program.py:run"\n[program.modules]\nplan = "prompts/plan.txt"\nanswer = "prompts/answer.txt"\n',
            'kinds = { plan = "regex" }\n[program.modules]\nplan = "prompts/plan.txt"\n',
            "retrievers have no meaning without the code or the graph that calls them",
            id="retrievers of one text",
        ),
        pytest.param(
            'code = "program.py:run"\n[program.modules]\nplan = "prompts/plan.txt"\nanswer = "prompts/answer.txt"\n'
            '[program.retrievers.search]\nfile = "corpus.jsonl"\ntop = 1\n',
            'prompt = "prompts/plan.txt"\nkinds = { prompt = "python" }\n',
            "kinds.prompt = 'python' is run, and a prompt is given to a model; name the file in modules",
            id="code as a prompt",
        ),
        pytest.param(
            'code = "program.py:run"\n[program.modules]\nplan = "prompts/plan.txt"\nanswer = "prompts/answer.txt"\n'
            '[program.retrievers.search]\nfile = "corpus.jsonl"\ntop = 1\n',
            'kinds = { plan = "sql" }\n[program.modules]\nplan = "prompts/plan.txt"\n',
            "a program is one of prompt, code and graph, not none of them",
            id="a query by itself",
        ),
    ],
)
def test_a_mistake_is_answered_by_one_sentence(project: Path, written: str, instead: str, sentence: str) -> None:
    assert written in TASK
    with pytest.raises(TaskError) as raised:
        load(project, TASK.replace(written, instead, 1))
    assert sentence in str(raised.value)
