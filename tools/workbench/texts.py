"""What the text of a module may be, and what is wrong with one that cannot be used: told by reading it alone.

Nothing here runs a text. What comes of running one is for `program`, which runs it in the sandbox.
"""

import ast
import json
import re
import sqlite3
import tomllib
import warnings
from collections.abc import Callable, Iterator, Sequence

from toishi.tools.workbench.suggestion import did_you_mean

INSTRUCTION = "instruction"
KINDS = {
    INSTRUCTION: "an instruction for a language model",
    "tool": "the description of a tool, which a language model reads to decide when and how to call it",
    "few_shot": "a block of worked examples that a language model is shown",
    "python": "Python code",
    "regex": "a regular expression of Python's `re`",
    "sql": "an SQL query for SQLite",
    "json": "a JSON document",
    "toml": "a TOML document",
    "text": "a text",
}
WITH_DETAIL = {"python": re.compile(r"[A-Za-z_]\w*"), "regex": re.compile(r"\d{1,2}|[A-Za-z_]\w*")}
"""Kinds that may be followed by what is wanted of the text: `python:FUNCTION`, `regex:GROUP`."""

CODE = ("python", "regex", "sql")
"""Kinds that a program runs by itself, without a model."""

QUERIES = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE)
"""What a query does, as SQLite's authorizer calls it; anything else changes something, or leaves the database."""

BEGINNING = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/)*(?:select|values|with)\b", re.IGNORECASE | re.DOTALL)
NESTED = "it is nested too deeply"


def parted(kind: str) -> tuple[str, str]:
    """The kind proper, and the function or group that it names ("" where it names none)."""
    name, _, detail = kind.partition(":")
    return name, detail


def kind_problem(kind: str) -> str | None:
    """Why this is no kind of text, in one sentence; None where it is one."""
    name, colon, detail = kind.partition(":")
    if name not in KINDS:
        return f"'{name}' is no kind of text; {did_you_mean(name, KINDS)}"
    if not colon:
        return None
    if name not in WITH_DETAIL:
        return f"'{kind}' should be '{name}' alone; only python:FUNCTION and regex:GROUP name a part"
    return None if WITH_DETAIL[name].fullmatch(detail) else f"'{detail}' in '{kind}' is no name of a part"


def flaw(kind: str, text: str) -> str | None:
    """Why a text cannot be of a kind, in words that go on from its name ("is no JSON: …"); None where it can.

    `kind` is one of `KINDS`, with a function or group behind a colon where it needs to have one. The text is parsed and
    never run, so that what passes may still fail.
    """
    name, detail = parted(kind)
    try:
        text.encode()
    except UnicodeEncodeError:
        return "holds half a character, which no file can hold"
    if "\0" in text:
        return "holds a NUL character"
    check = CHECKS.get(name)
    return None if check is None else check(text, detail)


def _python_flaw(text: str, function: str) -> str | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
            compile(tree, "text", "exec", dont_inherit=True)
    except SyntaxError as error:
        return f"is no Python: {error.msg} (line {error.lineno})"
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        return f"is no Python: {str(error) or NESTED}"
    if not function:
        return None
    found = [statement for statement in _at_the_top(tree.body) if function in _names(statement)]
    if not found:
        return f"does not define the function '{function}'"
    if isinstance(found[-1], ast.AsyncFunctionDef):
        return f"defines '{function}' as async; it is called like any plain function"
    return None


def _at_the_top(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a module, also those inside `if`, `try` and the like."""
    for statement in body:
        yield statement
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        for part in ("body", "orelse", "finalbody"):
            yield from _at_the_top(getattr(statement, part, []))
        for handler in getattr(statement, "handlers", []):
            yield from _at_the_top(handler.body)


def _names(statement: ast.stmt) -> set[str]:
    """The names that a statement gives a value."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name for alias in statement.names}
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return {node.id for target in targets if target for node in ast.walk(target) if isinstance(node, ast.Name)}


def _regex_flaw(text: str, group: str) -> str | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pattern = re.compile(text)
    except re.error as error:
        return f"is no regular expression: {error}"
    except (RecursionError, OverflowError) as error:
        return f"is no regular expression: {str(error) or NESTED}"
    known = not group or (int(group) <= pattern.groups if group.isdigit() else group in pattern.groupindex)
    return None if known else f"has no group '{group}'"


def _sql_flaw(text: str, _: str) -> str | None:
    """A query is compiled for an empty database, and may miss its tables there: they exist when it runs."""
    if not BEGINNING.match(text):
        return "is no query: it should begin with SELECT or WITH"
    database = sqlite3.connect(":memory:")
    database.set_authorizer(lambda action, *_: sqlite3.SQLITE_OK if action in QUERIES else sqlite3.SQLITE_DENY)
    try:
        database.execute(f"EXPLAIN {text}")
    except sqlite3.DatabaseError as error:
        if "not authorized" in str(error):
            return "is no query: only SELECT is run"
        return None if re.match("no such|incorrect number of bindings", str(error), re.I) else f"is no query: {error}"
    except (sqlite3.Warning, ValueError) as error:
        return f"is no query: {error}"
    finally:
        database.close()
    return None


def _json_flaw(text: str, _: str) -> str | None:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return f"is no JSON: {error.msg} (line {error.lineno})"
    except RecursionError:
        return f"is no JSON: {NESTED}"
    return None


def _toml_flaw(text: str, _: str) -> str | None:
    try:
        tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        return f"is no TOML: {error}"
    return None


CHECKS: dict[str, Callable[[str, str], str | None]] = {
    "python": _python_flaw,
    "regex": _regex_flaw,
    "sql": _sql_flaw,
    "json": _json_flaw,
    "toml": _toml_flaw,
}
