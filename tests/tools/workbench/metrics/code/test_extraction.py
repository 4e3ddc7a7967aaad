"""The code in an answer: what stands between fences, or all of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toishi.tools.workbench.metrics.code.extraction import code_in


@pytest.mark.parametrize(
    ("answer", "function", "code"),
    [
        pytest.param("x = 1", None, "x = 1", id="plain"),
        pytest.param("Well:\n```python\nx = 1\n```\nSo.", None, "x = 1\n", id="fenced"),
        pytest.param("```\nx = 1\n```", None, "x = 1\n", id="without a language"),
        pytest.param("~~~py\nx = 1\n~~~", None, "x = 1\n", id="tildes"),
        pytest.param("````python\ns = '''\n```\n'''\n````", None, "s = '''\n```\n'''\n", id="longer fence"),
        pytest.param("```python\nx = 1\n", None, "x = 1\n", id="cut off"),
        pytest.param("```bash\npip install x\n```\n```python\nx = 1\n```", None, "x = 1\n", id="other language"),
        pytest.param("```json\n{}\n```\nx = 1", None, "```json\n{}\n```\nx = 1", id="no Python among them"),
        pytest.param(
            "```python\ndef f():\n    pass\n```\n```python\nf()\n```", None, "def f():\n    pass\n", id="longest"
        ),
        pytest.param(
            "```python\ndef f(): return 1\n```\nOr:\n```python\ndef f(): 2\n```\n```python\nprint(f(), f())\n```",
            "f",
            "def f(): 2\n",
            id="last that defines",
        ),
        pytest.param("- so:\n  ```python\n  x = 1\n  ```", None, "  x = 1\n", id="within a list"),
    ],
)
def test_the_code_is_what_was_meant(answer: str, function: str | None, code: str) -> None:
    assert code_in(answer, function) == code


@given(st.text(alphabet="`~ \npythonx=1:", max_size=200))
def test_every_answer_has_some_code(answer: str) -> None:
    assert code_in(answer) in answer or not code_in(answer)
