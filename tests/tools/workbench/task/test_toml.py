"""A mistake in TOML is one sentence with its line and what was probably meant."""

import pytest

from toishi.tools.workbench.task.toml import NotToml, parse_toml


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("kind = choice", ", line 2 is no TOML: put texts in double quotes (`kind = choice`)"),
        ('prompt = "prompt.txt', ', line 2 is no TOML: close the quote (`prompt = "prompt.txt`)'),
        ("prompt = 'it", ", line 2 is no TOML: close the quote (`prompt = 'it`)"),
        ('rubric = """good', ', line 2 is no TOML: close the quote (`rubric = """good`)'),
        ('inputs = ["text"', ', line 2 is no TOML: close the bracket (`inputs = ["text"`)'),
        ("[data", ", line 2 is no TOML: close the bracket (`[data`)"),
        ("strict = True", ", line 2 is no TOML: write true and false in small letters (`strict = True`)"),
        ("split = None", ", line 2 is no TOML: leave the key out where it has no value (`split = None`)"),
        ('kind: "choice"', ', line 2 is no TOML: write = between key and value (`kind: "choice"`)'),
        (
            r'file = "C:\users\me"',
            r', line 2 is no TOML: write / in paths, or put the text in single quotes (`file = "C:\users\me"`)',
        ),
        ("name = 2", ", line 2 is no TOML: the key stands there twice; keep one (`name = 2`)"),
        ('"a" "b"', ', line 2 is no TOML: expected \'=\' after a key in a key/value pair (`"a" "b"`)'),
    ],
)
def test_a_line_that_is_no_toml_says_what_was_meant(line: str, sentence: str) -> None:
    with pytest.raises(NotToml) as raised:
        parse_toml(f"name = 1\n{line}")
    assert str(raised.value) == sentence


def test_a_table_that_stands_there_twice_is_named() -> None:
    with pytest.raises(
        NotToml, match=r"line 3 is no TOML: the table \[data\] stands there twice; put its keys together"
    ):
        parse_toml("[data]\n[metric]\n[data]\n")


def test_json_is_known_for_what_it_is() -> None:
    with pytest.raises(NotToml, match="line 1 is no TOML: this looks like JSON"):
        parse_toml('{"name": "x"}')


def test_a_long_line_is_shown_in_part() -> None:
    with pytest.raises(NotToml) as raised:
        parse_toml(f"name = {'x' * 500}")
    assert len(str(raised.value)) < 130


def test_what_is_toml_is_read() -> None:
    assert parse_toml("# none = None\na = 1\n[b]\nc = 'x: y'") == {"a": 1, "b": {"c": "x: y"}}
