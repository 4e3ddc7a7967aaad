"""What a Python program calls, read from its syntax tree: the file is never imported and never run.

A program calls its modules by name (`await call("write_query", question=…)`), so the names, their fields and the inputs
that it reads stand in the source. What is computed cannot be seen, and is said.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from toishi.tools.workbench.errors import TaskError
from toishi.tools.workbench.suggestion import did_you_mean

SEARCHES = re.compile(r"search|retriev|look_?up|find_|corpus|passages|documents")
USES = ("text", "python", "regex", "sql")
"""How a program uses a module's text without a model: `call.text("name")` and so on."""

NO_FIELDS = frozenset(
    {
        *("tools", "schema", "arguments", "stdin", "times", "against", "seconds", "memory", "packages", "whole"),
        *("tables", "parameters"),
    }
)


@dataclass
class Module:
    """One name that the program calls, with the fields that it is given, in the order of the source."""

    name: str
    line: int
    fields: dict[str, None] = field(default_factory=dict)

    @property
    def searches(self) -> bool:
        """Whether it looks like a retriever: `query`, perhaps `top`, and a name that says so."""
        return "query" in self.fields and set(self.fields) <= {"query", "top"} and bool(SEARCHES.search(self.name))


@dataclass(frozen=True)
class Code:
    """What was read: the object that runs, whether it is a graph, modules by name, inputs, keys that nodes return."""

    name: str
    kind: Literal["code", "graph"]
    modules: dict[str, Module]
    inputs: tuple[str, ...]
    returned: tuple[str, ...]
    computed: tuple[int, ...]
    """Lines where a module's name is no text, so that it cannot be read."""


def read_code(file: Path, name: str, *, shown: str) -> Code:
    """What the object `name` of a Python file calls; with an empty `name` the one that looks like a program.

    Raises `TaskError` for a file that is no Python, and where there is no such object, or none that could be meant.
    """
    try:
        tree = ast.parse(file.read_bytes(), filename=shown)
    except OSError as error:
        raise TaskError(f"{shown} cannot be read: {error.strerror}") from None
    except (SyntaxError, ValueError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        raise TaskError(f"{shown}{line} is no Python: {getattr(error, 'msg', error)}") from None
    programs = {node.name: node for node in tree.body if isinstance(node, ast.AsyncFunctionDef) and _takes_two(node)}
    graphs = dict(_graphs(tree))
    if not name:
        compiled = [one for one, node in graphs.items() if ".compile(" in ast.unparse(node)]
        likely = [*(one for one in programs if "run" in one or one == "main"), *programs, *compiled, *graphs]
        if not likely:
            raise TaskError(
                f"{shown} holds no program: an `async def run(example, call)`, or a compiled LangGraph graph; name "
                f"another file, or a prompt"
            )
        name = likely[0]
    known = [*programs, *graphs]
    objects = {one for node in tree.body for one in _names(node)}
    if name not in objects:
        raise TaskError(f"{shown} has no '{name}'; {did_you_mean(name, known or sorted(objects))}")
    kind: Literal["code", "graph"] = "code" if name in programs else "graph"
    modules, computed = _modules(tree)
    return Code(name, kind, modules, tuple(_read_keys(tree, kind)), tuple(_returned(tree)), computed)


def programs_in(file: Path) -> list[str]:
    """What in a file looks like a program: asynchronous functions of an example and a call, and graphs."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return []
    functions = [node.name for node in tree.body if isinstance(node, ast.AsyncFunctionDef) and _takes_two(node)]
    found = [*functions, *dict(_graphs(tree))]
    return found if _modules(tree)[0] else []


def _takes_two(node: ast.AsyncFunctionDef) -> bool:
    arguments = node.args
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    return len(names) == 2 and not arguments.kwonlyargs and any("call" in name or name == "example" for name in names)


def _names(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name
    elif isinstance(node, ast.Assign):
        yield from (target.id for target in node.targets if isinstance(target, ast.Name))
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        yield node.target.id


def _graphs(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    """Assignments of `….compile(…)` or `StateGraph(…)`, and functions without arguments that call one of them."""
    for node in tree.body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and _makes_graph(node.value):
            yield from ((name, node) for name in _names(node))
        elif isinstance(node, ast.FunctionDef) and not node.args.args and _calls_for_graph(node):
            yield node.name, node


def _calls_for_graph(node: ast.FunctionDef) -> bool:
    return any(isinstance(inner, ast.expr) and _makes_graph(inner) for inner in ast.walk(node))


def _makes_graph(value: ast.expr | None) -> bool:
    if not isinstance(value, ast.Call):
        return False
    made = value.func
    return (isinstance(made, ast.Attribute) and made.attr == "compile") or (
        isinstance(made, ast.Name) and made.id == "StateGraph"
    )


def _modules(tree: ast.Module) -> tuple[dict[str, Module], tuple[int, ...]]:
    """What `call("name", …)` and `….call("name", …)` name, and the lines where the name is computed."""
    found: dict[str, Module] = {}
    computed = []
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _is_call(node.func) and node.args]
    for node in sorted(calls, key=lambda node: (node.lineno, node.col_offset)):
        first = node.args[0]
        if not (isinstance(first, ast.Constant) and isinstance(first.value, str)):
            computed.append(node.lineno)
            continue
        module = found.setdefault(first.value, Module(first.value, node.lineno))
        module.fields.update(
            dict.fromkeys(word.arg for word in node.keywords if word.arg and word.arg not in NO_FIELDS)
        )
    return found, tuple(computed)


def _is_call(function: ast.expr) -> bool:
    if isinstance(function, ast.Attribute) and function.attr in USES:
        function = function.value
    named = (
        function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else ""
    )
    return named == "call"


def _read_keys(tree: ast.Module, kind: str) -> Iterator[str]:
    """Keys of `example.inputs["…"]`, and in a graph of `state["…"]`, each once, in the order of the source."""
    functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    states = {node.args.args[0].arg for node in functions if node.args.args} if kind == "graph" else set()
    found = [node for node in ast.walk(tree) if isinstance(node, (ast.Subscript, ast.Call))]
    seen: dict[str, None] = {}
    for node in sorted(found, key=lambda node: (node.lineno, node.col_offset)):
        key, owner = _subscript(node)
        inputs = isinstance(owner, ast.Attribute) and owner.attr == "inputs"
        if key is not None and (inputs or (isinstance(owner, ast.Name) and owner.id in states)):
            seen[key] = None
    yield from seen


def _subscript(node: ast.AST) -> tuple[str | None, ast.expr | None]:
    """The key and its owner in `owner["key"]` and `owner.get("key")`."""
    key: ast.expr | None = None
    owner: ast.expr | None = None
    if isinstance(node, ast.Subscript):
        key, owner = node.slice, node.value
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get" and node.args:
        key, owner = node.args[0], node.func.value
    return (key.value, owner) if isinstance(key, ast.Constant) and isinstance(key.value, str) else (None, None)


def _returned(tree: ast.Module) -> Iterator[str]:
    """Keys of the dictionaries that functions return: what a graph's nodes put into its state."""
    seen: dict[str, None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Dict):
            keys = [
                key.value for key in node.value.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)
            ]
            seen.update(dict.fromkeys(keys))
    yield from seen
