"""Python: a person's own function judges, and whatever it does wrong stops the run."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from toishi.tools.workbench.errors import MetricFailed, TaskError, TrustNeeded
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.metrics.context import MetricContext
from toishi.tools.workbench.metrics.own_function import build
from toishi.tools.workbench.metrics.protocol import Judgement, Metric
from toishi.tools.workbench.own_code.trust import trust
from toishi.tools.workbench.rollout import ModuleCall
from toishi.tools.workbench.task.kinds.code import PythonKind

EXAMPLE = Example("row-7", {"text": "6 * 7"}, "42", {"unit": "m"})


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = tmp_path / "project"
    folder.mkdir()
    trust(folder)
    return folder


def metric(project: Path, code: str, **keys: Any) -> Metric:
    (project / "metric.py").write_text(code)
    return build(PythonKind(kind="python", function="metric.py:score", **keys), MetricContext(project))


@pytest.mark.parametrize(
    ("body", "judgement"),
    [
        pytest.param("return 1", Judgement(1.0, "correct"), id="a score"),
        pytest.param("return output == '42'", Judgement(0.0, 'score 0: expected "42", got "41"'), id="true or false"),
        pytest.param("return 0.5", Judgement(0.5, 'score 0.5: expected "42", got "41"'), id="part of a score"),
        pytest.param("return 0.25, 'off by one'", Judgement(0.25, "off by one"), id="score and feedback"),
        pytest.param(
            "return {'right': 0.0, 'brief': 1.0}",
            Judgement(0.5, 'score 0.5: expected "42", got "41"; below 1: right 0', {"right": 0.0, "brief": 1.0}),
            id="named scores",
        ),
        pytest.param(
            "from toishi.tools.workbench.metrics.protocol import Judgement; return Judgement(0.3, 'so', {'words': 7})",
            Judgement(0.3, "so", {"words": 7.0}),
            id="a judgement",
        ),
        pytest.param("import numpy; return numpy.float32(1)", Judgement(1.0, "correct"), id="a number of numpy"),
    ],
)
@pytest.mark.parametrize("kind", ["def", "async def"])
async def test_what_it_may_return(project: Path, kind: str, body: str, judgement: Judgement) -> None:
    assert await metric(project, f"{kind} score(example, output):\n    {body}\n")(EXAMPLE, "41") == judgement


async def test_it_sees_the_example_and_the_trace_where_it_asks_for_it(project: Path) -> None:
    own = metric(
        project,
        "def score(example, output, calls):\n"
        "    return 1.0, f'{example.inputs} {example.fields} {[call.module for call in calls]}'\n",
    )
    judgement = await own(EXAMPLE, "", [ModuleCall("answer", {}, (), None)])
    assert judgement.feedback == "{'text': '6 * 7'} {'unit': 'm'} ['answer']"


async def test_a_callable_object_is_a_function_too(project: Path) -> None:
    own = metric(
        project,
        "class Score:\n    async def __call__(self, example, output):\n        return 0.5, 'half'\nscore = Score()\n",
    )
    assert await own(EXAMPLE, "") == Judgement(0.5, "half")


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        pytest.param(
            "return example.inputs['txt']", "fails on row row-7: KeyError: 'txt' (metric.py, line 2)", id="raises"
        ),
        pytest.param("raise SystemExit(3)", "fails on row row-7: SystemExit: 3 (metric.py, line 2)", id="exits"),
        pytest.param(
            "raise TimeoutError('slow')", "fails on row row-7: TimeoutError: slow (metric.py, line 2)", id="late"
        ),
        pytest.param("return 2", "gave 2, which is not from 0 to 1 for row row-7; it should give", id="too much"),
        pytest.param("return float('nan')", "gave nan for row row-7; it should give", id="no number"),
        pytest.param("return 'good'", "gave 'good' for row row-7; it should give", id="a text"),
        pytest.param("return None", "gave None for row row-7; it should give", id="nothing"),
        pytest.param("return 1, 2", "gave (1, 2) for row row-7; it should give", id="two numbers"),
        pytest.param("return {}", "gave an empty table for row row-7; it should give", id="empty table"),
        pytest.param("return {'a': 'b'}", "gave 'b' for 'a' for row row-7; it should give", id="text in a table"),
    ],
)
@pytest.mark.parametrize("kind", ["def", "async def"])
async def test_what_it_does_wrong_stops_the_run(project: Path, kind: str, body: str, sentence: str) -> None:
    with pytest.raises(MetricFailed) as raised:
        await metric(project, f"{kind} score(example, output):\n    {body}\n")(EXAMPLE, "41")
    assert str(raised.value).startswith(f"metric.function = 'metric.py:score' {sentence}")


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("import threading\ndef score(example, output):\n    threading.Event().wait()\n", id="sync"),
        pytest.param(
            "import asyncio\nasync def score(example, output):\n    await asyncio.Event().wait()\n", id="async"
        ),
    ],
)
async def test_one_that_never_ends_is_given_up(project: Path, code: str) -> None:
    with pytest.raises(MetricFailed) as raised:
        await metric(project, code, timeout=0.05)(EXAMPLE, "41")
    assert str(raised.value) == (
        "metric.function = 'metric.py:score' takes over 0.05 seconds on row row-7; "
        "make it faster, or set metric.timeout"
    )


async def test_plain_functions_run_beside_one_another(project: Path) -> None:
    own = metric(
        project,
        "import threading\n"
        "both = threading.Barrier(2)\n"
        "def score(example, output):\n"
        "    both.wait(30)\n"
        "    return 1.0\n",
    )
    assert [one.score for one in await asyncio.gather(own(EXAMPLE, "a"), own(EXAMPLE, "b"))] == [1.0, 1.0]


@pytest.mark.parametrize("kind", ["def", "async def"])
async def test_what_it_prints_goes_to_stderr(project: Path, capsys: pytest.CaptureFixture[str], kind: str) -> None:
    own = metric(project, f"{kind} score(example, output):\n    print('looking at', output)\n    return 1.0\n")
    before = sys.stdout
    await asyncio.gather(own(EXAMPLE, "41"), own(EXAMPLE, "42"))
    print("the document")
    assert sys.stdout is before
    out, err = capsys.readouterr()
    assert out == "the document\n"
    assert sorted(err.splitlines()) == ["looking at 41", "looking at 42"]


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("def scores(example, output):\n    return 1\n", "metric.py has no 'score'; did you mean 'scores'?"),
        ("score = 3\n", " is int, not a function"),
        (
            "def score(output):\n    return 1\n",
            " takes (output); it is called with the example and the output, and with the trace where it takes a third",
        ),
        ("import nothing_of_the_kind\n", "fails when it is loaded: ModuleNotFoundError"),
    ],
)
def test_a_function_that_cannot_be_called_is_refused_before_anything_is_paid(
    project: Path, code: str, sentence: str
) -> None:
    with pytest.raises(TaskError) as raised:
        metric(project, code)
    assert str(raised.value).startswith("metric.function = 'metric.py:score'")
    assert sentence in str(raised.value)


def test_nothing_runs_before_the_project_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    code = f"open({str(tmp_path / 'ran')!r}, 'w').close()\ndef score(example, output):\n    return 1\n"
    with pytest.raises(TrustNeeded):
        metric(tmp_path, code)
    assert not (tmp_path / "ran").exists()
