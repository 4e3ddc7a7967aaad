"""From a settings file that pydantic refused to one sentence about its first mistake.

It knows how a mistake reads in TOML: tables, keys, lists. It does not know which settings they are.
"""

import re
from collections.abc import Sequence
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from toishi.tools.workbench.suggestion import did_you_mean

# A misspelt key is unknown and missing at once; the first says more.
FIRST = ("extra_forbidden", "missing")


def explain(error: ValidationError, model: type[BaseModel], *, table: str = "") -> str:
    """One sentence without a full stop: the key, its bad value, and what it should be.

    `model` is the class that was validated; `table` is the table it stands for, where that is not the whole file.
    """
    mistakes = error.errors(include_url=False)
    mistake = min(mistakes, key=lambda m: FIRST.index(m["type"]) if m["type"] in FIRST else len(FIRST))
    path = ([table] if table else []) + list(mistake["loc"])
    kind = mistake["type"]
    if kind == "extra_forbidden":
        return _unknown(mistake, model, path)
    if kind == "missing":
        return _missing(mistake, model, path)
    if kind in ("model_type", "dict_type", "model_attributes_type"):
        return f"{_name(path)} should be a table, not {_shown(mistake['input'])}"
    if kind == "value_error":
        where = f"{_name(path)}: " if path else ""
        return where + mistake["msg"].removeprefix("Value error, ")
    should = re.sub(r"^(Input|Tuple|List|String|Value) ", "", mistake["msg"]).replace(" after validation", "")
    should = re.sub("a valid (tuple|list)", "a list", should).replace("a valid string", "text")
    should = should.replace("a valid integer", "a whole number").replace("a valid number", "a number")
    return f"{_name(path)} {should}" + ("" if ", not " in should else f", not {_shown(mistake['input'])}")


def _unknown(mistake: ErrorDetails, model: type[BaseModel], path: Sequence[int | str]) -> str:
    key, owner = str(path[-1]), list(path[:-1])
    what = "table" if isinstance(mistake["input"], dict) else "key"
    where = f" in [{_name(owner)}]" if owner else ""
    home = _home(key, model)
    inside = list(mistake["loc"][:-1])
    if inside and home is not None:
        hint = f"it belongs in [{home}]" if home else "it belongs at the top of the file, before the first table"
    else:
        hint = did_you_mean(key, list(_model_at(model, inside).model_fields))
    return f"unknown {what} '{key}'{where}; {hint}"


def _missing(mistake: ErrorDetails, model: type[BaseModel], path: Sequence[int | str]) -> str:
    key, owner = str(path[-1]), list(path[:-1])
    field = _model_at(model, list(mistake["loc"][:-1])).model_fields.get(key)
    if field is not None and _section(field.annotation) is not None:
        return f"the table [{_name(path)}] is missing"
    meaning = f" ({field.description})" if field is not None and field.description else ""
    return f"'{key}' is missing" + (f" in [{_name(owner)}]" if owner else "") + meaning


def _home(key: str, model: type[BaseModel]) -> str | None:
    """The table that knows a key: "" for the top of the file, None for nowhere."""
    if key in model.model_fields:
        return ""
    for table, field in model.model_fields.items():
        section = _section(field.annotation)
        if section is not None and key in section.model_fields:
            return table
    return None


def _model_at(model: type[BaseModel], path: Sequence[int | str]) -> type[BaseModel]:
    for part in path:
        field = model.model_fields.get(str(part))
        section = _section(field.annotation) if field is not None else None
        if section is not None:
            model = section
    return model


def _section(annotation: Any) -> type[BaseModel] | None:
    options = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    return next((option for option in options if isinstance(option, type) and issubclass(option, BaseModel)), None)


def _name(path: Sequence[int | str]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
