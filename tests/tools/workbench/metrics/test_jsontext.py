"""JSON as models write it."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toishi.tools.workbench.metrics.jsontext import NotJson, find, parse


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param('{"a": 1}', {"a": 1}, id="alone"),
        pytest.param("12", 12, id="a number alone"),
        pytest.param('Here:\n```json\n{"a": 1}\n```\nDone.', {"a": 1}, id="fence"),
        pytest.param("```\n[1]\n```\nor\n```json\n[2]\n```", [2], id="the last fence"),
        pytest.param("```json\n[1, 2]", [1, 2], id="a fence that is left open"),
        pytest.param('I think {"a": {"b": [1]}} or [3].', {"a": {"b": [1]}}, id="the longest among words"),
        pytest.param('{not json} but {"a": 1}', {"a": 1}, id="after braces that are none"),
    ],
)
def test_the_value_that_an_answer_gives(text: str, value: Any) -> None:
    assert find(text) == value


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("no idea", "holds no JSON"),
        ("", "holds no JSON"),
        ('{"a": 1,}', "is not valid JSON (illegal trailing comma before end of object"),
        ('{"a": NaN}', "is not valid JSON (NaN is no JSON number)"),
        ("[" * 100_000, "is not valid JSON (it is nested too deeply)"),
        ("[" + "1" * 5000, "is not valid JSON ("),
    ],
)
def test_what_is_no_json_says_why(text: str, sentence: str) -> None:
    with pytest.raises(NotJson) as raised:
        find(text)
    said = str(raised.value)
    assert said.startswith((sentence, "is not valid JSON (expecting property name"))


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda v: st.lists(v) | st.dictionaries(st.text(max_size=4), v),
    max_leaves=8,
)


@given(values)
def test_every_value_is_read_back(value: Any) -> None:
    assert parse(json.dumps(value)) == value


@given(st.text('{}[]",:1a`\n ', max_size=40))
def test_no_text_is_too_odd(text: str) -> None:
    with contextlib.suppress(NotJson):
        json.dumps(find(text))
