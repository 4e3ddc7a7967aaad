"""A draft as the text of a `task.toml` in which every line says why it is there."""

import json
import textwrap
from collections.abc import Sequence

from toishi.tools.workbench.drafting.decision import Decision, Value

WIDTH = 110
COMMENT_FROM = 30


def task_text(title: str, decisions: Sequence[Decision], notes: dict[str, tuple[str, ...]]) -> str:
    """The file: keys of the top first, then table by table in the order of the decisions.

    `notes` holds, by table, lines of comment that end it: keys that a person may want, and what they are for.
    """
    lines = [*_comment(title), ""]
    tables: dict[str, list[Decision]] = {"": []}
    for decision in decisions:
        tables.setdefault(decision.key.rpartition(".")[0], []).append(decision)
    for name in notes:
        tables.setdefault(name, [])
    for name, inside in tables.items():
        if name:
            lines += ["", _header(name)]
        for decision in inside:
            lines += _line(decision.key.rpartition(".")[2], decision.value, decision.reason)
        lines += [f"# {line}" for line in notes.get(name, ())]
    return "\n".join(lines) + "\n"


def _header(name: str) -> str:
    """`metric.parts.0` is one of several tables under the same name."""
    owner, _, last = name.rpartition(".")
    return f"[[{owner}]]" if last.isdigit() else f"[{name}]"


def _line(key: str, value: Value, reason: str) -> list[str]:
    """The key with its reason behind it, or above it where the line would be long."""
    code = f"{key} = {toml(value)}"
    if "\n" in code:
        return [*_comment(reason), *code.split("\n")]
    behind = f"{code:<{COMMENT_FROM}}  # {_printable(reason)}"
    return [behind] if len(behind) <= WIDTH else [*_comment(reason), code]


def _comment(text: str) -> list[str]:
    """Lines of comment; a reason may quote values of the data, and TOML's comments hold no control characters."""
    return [f"# {line}" for line in textwrap.wrap(_printable(text), WIDTH - 2)]


def _printable(text: str) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def toml(value: Value) -> str:
    """A value as TOML writes it; a text of several lines in three quotes."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return _text(value)
    return "[" + ", ".join(toml(one) for one in value) + "]"


def _text(value: str) -> str:
    if "\n" not in value:
        return _quoted(value)
    body = "\n".join(_quoted(line)[1:-1].replace('\\"', '"').replace('"""', '""\\"') for line in value.split("\n"))
    return f'"""\n{body}"""' if not body.endswith('"') else f'"""\n{body[:-1]}\\""""'


def _quoted(value: str) -> str:
    # JSON's escapes are TOML's, but for this one sign, which TOML wants escaped and JSON does not.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
