"""From a settings file that pydantic refused to one sentence about its first mistake.

It knows how a mistake reads in TOML: tables, keys, lists, and tables whose `kind` decides which keys they have. It does
not know which settings they are.
"""

import re
from collections.abc import Iterator, Sequence
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel, RootModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from toishi.tools.workbench.suggestion import did_you_mean

NAMED_AS_SECRET = re.compile(r"api_?key|token$|secret|password", re.IGNORECASE)

# A misspelt key is unknown and missing at once; the first says more.
FIRST = ("extra_forbidden", "missing")

Model = type[BaseModel]
Path = Sequence[int | str]


class _Place(NamedTuple):
    """Where a mistake was made, as the file says it: without the names that pydantic gives to kinds of tables."""

    path: list[int | str]
    # The table at that place, and its kind where it is one of several.
    table: Model
    kind: str | None
    # All kinds that it could be; empty where there is one sort of table.
    kinds: dict[str, Model]
    # Whether pydantic says next which of several types it tried.
    labelled: bool = False


def explain(error: ValidationError, model: Model, *, table: str = "") -> str:
    """One sentence without a full stop: the key, its bad value, and what it should be.

    `model` is the class that was validated; `table` is the table it stands for, where that is not the whole file.
    """
    mistakes = error.errors(include_url=False)
    mistake = min(mistakes, key=lambda m: FIRST.index(m["type"]) if m["type"] in FIRST else len(FIRST))
    kind = mistake["type"]
    if kind == "extra_forbidden":
        return _unknown(mistake, model, table)
    if kind == "missing":
        return _missing(mistake, model, table)
    place = _place(mistake["loc"], model, table)
    if kind == "union_tag_not_found":
        return f"'kind' is missing in [{_name(place.path)}]; known are {_listed(place.kinds)}"
    if kind == "union_tag_invalid":
        return _unknown_kind(mistake, place)
    if kind in ("model_type", "dict_type", "model_attributes_type"):
        return f"{_name(place.path)} should be a table, not {_shown(mistake['input'])}"
    if kind == "value_error":
        where = f"{_name(place.path)}: " if place.path else ""
        return where + mistake["msg"].removeprefix("Value error, ")
    # Where a key may have values of several types, each of them has its say.
    there = [other for other in mistakes if _place(other["loc"], model, table).path == place.path]
    should = " or ".join(dict.fromkeys(_should(other) for other in there))
    should = "should " + should.replace("should ", "").replace(" or be ", " or ")
    return f"{_name(place.path)} {should}" + ("" if ", not " in should else f", not {_shown(mistake['input'])}")


def _should(mistake: ErrorDetails) -> str:
    """What a value should be, in words of TOML."""
    should = re.sub(r"^(Input|Tuple|List|String|Value) ", "", mistake["msg"]).replace(" after validation", "")
    should = re.sub("a valid (tuple|list)", "a list", should).replace("a valid string", "text")
    should = should.replace("a valid integer", "a whole number").replace("a valid number", "a number")
    return should.replace("a valid boolean", "true or false").replace("a valid dictionary", "a table")


def sections(annotation: Any) -> dict[str, Model]:
    """The sorts of table that a key's type allows, by kind; the name is empty where a table has no kind."""
    return {_kind_of(table): table for table in _tables(annotation)}


def _unknown_kind(mistake: ErrorDetails, place: _Place) -> str:
    written = mistake["input"]["kind"]
    if not isinstance(written, str):
        return f"{_name([*place.path, 'kind'])} should be text, not {_shown(written)}"
    return f"{_name([*place.path, 'kind'])} = '{written}' is unknown; {did_you_mean(written, list(place.kinds))}"


def _unknown(mistake: ErrorDetails, model: Model, table: str) -> str:
    place, key = _place(mistake["loc"][:-1], model, table), str(mistake["loc"][-1])
    what = "table" if isinstance(mistake["input"], dict) else "key"
    where = f" in [{_name(place.path)}]" if place.path else ""
    others = [name for name, other in place.kinds.items() if key in other.model_fields]
    if place.kind is not None and others:
        return f"{_name([*place.path, key])} has no meaning with kind = '{place.kind}', only with {_listed(others)}"
    return f"unknown {what} '{key}'{where}; {_meant(key, place.table, model, inside=len(mistake['loc']) > 1)}"


def _meant(key: str, table: Model, model: Model, *, inside: bool) -> str:
    """The way out for a key that the table does not know."""
    if NAMED_AS_SECRET.search(key):
        return "secrets stand in the environment or in a keyring (`toishi key`), never in a file"
    home = _home(key, model)
    if home or (inside and home is not None):
        return f"it belongs in [{home}]" if home else "it belongs at the top of the file, before the first table"
    other_words: dict[str, str] = getattr(table, "other_words", {})
    return f"did you mean '{other_words[key]}'?" if key in other_words else did_you_mean(key, list(table.model_fields))


def _missing(mistake: ErrorDetails, model: Model, table: str) -> str:
    place, key = _place(mistake["loc"][:-1], model, table), str(mistake["loc"][-1])
    field = place.table.model_fields.get(key)
    if field is not None and any(_tables(field.annotation)) and not _is_list(field.annotation):
        return f"the table [{_name([*place.path, key])}] is missing"
    meaning = f" ({field.description.partition('. ')[0]})" if field is not None and field.description else ""
    return f"'{key}' is missing" + (f" in [{_name(place.path)}]" if place.path else "") + meaning


def _home(key: str, model: Model) -> str | None:
    """The table that knows a key: "" for the top of the file, None for nowhere."""
    if key in model.model_fields:
        return ""
    for table, field in model.model_fields.items():
        if not _is_list(field.annotation) and any(key in one.model_fields for one in _tables(field.annotation)):
            return table
    return None


def _place(loc: Path, model: Model, table: str) -> _Place:
    """Follows pydantic's path, in which the kind of a table stands like a key, behind the table's own."""
    tables = sections(model)
    place = _Place([table] if table else [], model, None, {} if "" in tables else tables)
    for part in loc:
        if part in place.kinds:
            place = place._replace(table=place.kinds[str(part)], kind=str(part))
            continue
        if isinstance(part, int):
            place = place._replace(path=[*place.path, part])
            continue
        if place.labelled:
            place = place._replace(labelled=False)
            continue
        field: FieldInfo | None = place.table.model_fields.get(part)
        tables = sections(field.annotation) if field is not None else {}
        kinds = {} if "" in tables else tables
        inner = next(iter(tables.values()), place.table) if not kinds else place.table
        place = _Place([*place.path, part], inner, None, kinds, field is not None and _is_choice(field.annotation))
    return place


def _tables(annotation: Any) -> Iterator[Model]:
    """Every sort of table in a type, also those in lists, in tables by name, and behind a root model."""
    if isinstance(annotation, type) and issubclass(annotation, RootModel):
        yield from _tables(annotation.model_fields["root"].annotation)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) is Annotated:
        yield from _tables(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, UnionType, tuple, list, dict):
        for option in get_args(annotation):
            yield from _tables(option)


def _is_list(annotation: Any) -> bool:
    return get_origin(annotation) in (tuple, list)


def _is_choice(annotation: Any) -> bool:
    """Whether values of several types are allowed, none of them a table."""
    types = [option for option in get_args(annotation) if option is not type(None)]
    return get_origin(annotation) in (Union, UnionType) and len(types) > 1 and not any(_tables(annotation))


def _kind_of(table: Model) -> str:
    field = table.model_fields.get("kind")
    named = get_args(field.annotation) if field is not None and get_origin(field.annotation) is Literal else ()
    return str(named[0]) if named else ""


def _listed(names: Sequence[str] | dict[str, Model]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _name(path: Path) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
