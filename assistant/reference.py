"""Every key of `task.toml`, from the pydantic sections: what help prints, and what `docs/reference` is made from."""

import types
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

TYPES = {str: "text", int: "whole number", float: "number", bool: "true or false", Any: "any value"}
TOP = "top of the file"
PART = ("name", "weight")
"""Keys that every kind of metric has, and that have a meaning in [[metric.parts]] alone."""

HIDDEN = ("gepa",)
WIDTH = 100
BOUNDS = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}


@dataclass(frozen=True)
class Key:
    """One key: its name, type, default ("" where it must be given) and bounds in words, and its meaning."""

    name: str
    type: str
    default: str
    bounds: str
    meaning: str


@dataclass(frozen=True)
class TableOfKeys:
    """One table of the file; `title` is how it is written, `[metric]` with a kind for those that depend on it."""

    title: str
    meaning: str
    keys: tuple[Key, ...]


def tables() -> list[TableOfKeys]:
    """All tables, the top of the file first, in the order of the file; GEPA's own table last."""
    from toishi.tools.gepa import GepaSettings
    from toishi.tools.workbench.task import TaskFile

    (gepa,) = _tables("[gepa]", GepaSettings)
    meaning = "How GEPA searches; with `paper = true` the defaults are the paper's."
    return [*_tables("", TaskFile), replace(gepa, meaning=meaning)]


def _tables(title: str, model: type[BaseModel]) -> Iterator[TableOfKeys]:
    """A section's own keys, then the tables inside it; a section that depends on its `kind` is one table for each."""
    fields = {name: field for name, field in model.model_fields.items() if name not in HIDDEN}
    if "root" in fields:
        for kind in _sections(fields["root"].annotation):
            yield from _tables(title, kind)
        return
    of_kind = "kind" in fields
    inner = {name: _sections(field.annotation) for name, field in fields.items()}
    own = [name for name in fields if not inner[name] and not (of_kind and name in ("kind", *PART))]
    shown = f"{title} kind = {_literals(fields['kind'].annotation)}" if of_kind else title or TOP
    yield TableOfKeys(shown, (model.__doc__ or "").strip(), tuple(_key(name, fields[name]) for name in own))
    for name, sections in inner.items():
        below = f"{title[1:-1]}.{name}" if title else name
        origin = get_origin(fields[name].annotation)
        if of_kind and "kind" in (sections[0].model_fields if sections else ()):
            keys = tuple(_key(key, sections[0].model_fields[key]) for key in PART)
            yield TableOfKeys(
                f"[[{below}]]", "One of several metrics: its name, its weight, and the keys of its kind.", keys
            )
            continue
        for inside in sections:
            yield from _tables(
                f"[[{below}]]" if origin is tuple else f"[{below}{'.NAME' if origin is dict else ''}]", inside
            )


def _key(name: str, field: FieldInfo) -> Key:
    return Key(name, _type(field.annotation), _default(field), _bounds(field), field.description or "")


def _sections(annotation: Any) -> list[type[BaseModel]]:
    """The sections that an annotation holds, also inside unions, lists and tables, each once."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return list(dict.fromkeys(section for part in get_args(annotation) for section in _sections(part)))


def _type(annotation: Any) -> str:
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(parts[0])
    if origin is Literal:
        return _literals(annotation)
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(_type(part) for part in parts if part is not type(None)))
    if origin in (tuple, list):
        return f"list of {_plural(_type(parts[0]))}"
    if origin is dict:
        return f"table of {_plural(_type(parts[1]))}"
    return TYPES.get(annotation, getattr(annotation, "__name__", str(annotation)))


def _plural(noun: str) -> str:
    return noun + "s" if noun in ("text", "number", "whole number", "any value") else noun


def _literals(annotation: Any) -> str:
    return ", ".join(f"'{one}'" if isinstance(one, str) else str(one) for one in get_args(annotation))


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return ""
    value = field.get_default(call_default_factory=True) if not field.validate_default else field.default
    if value is None or value is PydanticUndefined or value in ({}, (), []):
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(f"'{one}'" if isinstance(one, str) else str(one) for one in value) + "]"
    return f"'{value}'" if isinstance(value, str) else str(value)


def _bounds(field: FieldInfo) -> str:
    found = []
    for bound in field.metadata:
        found += [f"{word} {getattr(bound, name)}" for name, word in BOUNDS.items() if hasattr(bound, name)]
        least = getattr(bound, "min_length", None)
        if least is not None and not _is_text(field.annotation):
            found.append(f"at least {least} of them")
        elif least is not None:
            found.append("not empty")
    return ", ".join(found)


def _is_text(annotation: Any) -> bool:
    parts = get_args(annotation) or (annotation,)
    return str in parts and get_origin(annotation) not in (tuple, list, dict)


def print_tables(found: Sequence[TableOfKeys]) -> None:
    """The tables on stdout, each as it is written in the file, with its keys below it."""
    from textwrap import wrap

    from toishi.assistant.console import say

    for number, one in enumerate(found):
        say(("\n" if number else "") + one.title)
        for line in wrap(one.meaning, WIDTH):
            say(line)
        for key in one.keys:
            facts = [key.type, key.bounds, f"default {key.default}" if key.default else "must be given"]
            say(f"  {key.name}: {', '.join(fact for fact in facts if fact and fact != 'default none')}")
            for line in wrap(key.meaning, WIDTH - 6):
                say(f"      {line}")
