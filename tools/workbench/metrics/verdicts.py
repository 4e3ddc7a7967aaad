"""What a judging model says: the form that it is asked for, and how its reply is read.

It is asked for one JSON object, with the reason before the verdict, since a verdict that comes first is only defended
afterwards. Models that cannot write JSON may write lines `VERDICT: 4`; both are read, whatever stands around them.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

WHOLE = ""
"""The name of the only verdict where nothing is marked one by one."""

LONGEST_REASON = 600


class Unreadable(ValueError):
    """A reply holds no verdict; the message says why, as the end of a sentence."""


@dataclass(frozen=True)
class Verdict:
    """One of the form's values, and why."""

    value: str
    reason: str


@dataclass(frozen=True)
class Form:
    """What is asked for: a verdict for each name, each one of `values`."""

    names: tuple[str, ...]
    values: tuple[str, ...]

    @property
    def schema(self) -> str:
        """The JSON text of the JSON schema of a reply."""
        numbers = [int(value) for value in self.values if value.isdigit()]
        verdict = {"type": "integer", "enum": numbers} if numbers else {"type": "string", "enum": [*self.values]}
        one = _object({"reason": {"type": "string"}, "verdict": verdict})
        return json.dumps(one if self.names == (WHOLE,) else _object(dict.fromkeys(self.names, one)))

    @property
    def shown(self) -> str:
        """How a reply looks, for the model."""
        value = self.values[-1] if self.values[-1].isdigit() else f'"{self.values[-1]}"'
        one = f'{{"reason": "…", "verdict": {value}}}'
        if self.names == (WHOLE,):
            return one
        return "{" + ", ".join(f'"{name}": {one}' for name in self.names) + "}"

    @property
    def plain(self) -> str:
        """The same as lines of text."""
        return ", ".join(f"`{f'VERDICT {name}'.strip()}: {self.values[-1]}`" for name in self.names)


def read(text: str, form: Form) -> dict[str, Verdict]:
    """The verdicts by name; `Unreadable` where one is missing, or is none of the form's values.

    What comes last counts: of several JSON objects that fit, of several lines for one name, and of objects and lines.
    Models lead up to their verdict, and may quote others on the way, such as one that the answer gives itself.
    """
    problem: Unreadable | None = None
    for found, end in reversed([*_objects(text)]):
        try:
            verdicts = _from_json(found, form)
        except Unreadable as why:
            problem = problem or why
            continue
        try:
            return _all_from_lines(text, form, end)
        except Unreadable:
            return verdicts
    try:
        return _all_from_lines(text, form, 0)
    except Unreadable as why:
        raise problem or why from None


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def _objects(text: str) -> Iterator[tuple[dict[str, Any], int]]:
    """Every JSON object in a text that is not inside another, and where it ends."""
    decoder, place = json.JSONDecoder(strict=False), text.find("{")
    while place != -1:
        try:
            found, end = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            end = place + 1
        else:
            yield found, end
        place = text.find("{", end)


def _from_json(found: Mapping[str, Any], form: Form) -> dict[str, Verdict]:
    by_name = {key.strip().casefold(): value for key, value in found.items()}
    if len(form.names) == 1 and "verdict" in by_name:
        wrapped = isinstance(by_name["verdict"], dict)
        by_name = {form.names[0].casefold(): by_name["verdict"] if wrapped else by_name}
    verdicts = {}
    for name in form.names:
        one = by_name.get(name.casefold())
        if one is None:
            raise Unreadable(f"there is no verdict for '{name}'" if name else "there is no verdict")
        fields = {key.strip().casefold(): value for key, value in one.items()} if isinstance(one, dict) else {}
        value = fields.get("verdict") if isinstance(one, dict) else one
        reason = fields.get("reason", by_name.get("reason", ""))
        verdicts[name] = Verdict(_value(value, form), _reason(str(reason)))
    return verdicts


def _value(written: Any, form: Form) -> str:
    """One of the form's values, also where it is written as `4.0`, `4/5`, `PASS` or true."""
    if isinstance(written, bool):
        text = "pass" if written else "fail"
    elif isinstance(written, float) and written.is_integer():
        text = str(int(written))
    else:
        text = re.sub(rf"\s*(/|of|out of)\s*{re.escape(form.values[-1])}$", "", str(written).strip().rstrip("."))
    known = {value.casefold(): value for value in form.values}
    if text.casefold() not in known:
        raise Unreadable(f"the verdict {written!r} is none of {', '.join(form.values)}")
    return known[text.casefold()]


def _all_from_lines(text: str, form: Form, start: int) -> dict[str, Verdict]:
    return {name: _from_lines(text, name, form, start) for name in form.names}


def _from_lines(text: str, name: str, form: Form, start: int) -> Verdict:
    label = (
        rf"(?:verdict|score|rating)?\W*{re.escape(name)}"
        if name
        else r"(?:final\s+|overall\s+)?(?:verdict|score|rating)"
    )
    # Longer values first: `10` before `1`.
    values = "|".join(re.escape(value) for value in sorted(form.values, key=len, reverse=True))
    pattern = rf"^\W*{label}\W*?[:=–—-]\W*({values})(?![\w]|[.,]\d)"
    found = [*re.compile(pattern, re.IGNORECASE | re.MULTILINE).finditer(text, start)]
    if not found:
        raise Unreadable(f"there is no verdict for '{name}'" if name else "there is no verdict")
    return Verdict(_value(found[-1][1], form), _reason(text[: found[-1].start()]))


def _reason(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= LONGEST_REASON else flat[: LONGEST_REASON - 1].rstrip() + "…"
