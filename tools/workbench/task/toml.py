"""Reads TOML, and tells a mistake in it as one sentence with the line where it stands and what was probably meant."""

import re
import tomllib
from typing import Any

PLACE = re.compile(r" \(at (?:line (?P<line>\d+), column \d+|end of document)\)$")
LONGEST_SHOWN = 60

HINTS: tuple[tuple[str, str], ...] = (
    (r"=\s*(True|False)\s*(#.*)?$", "write true and false in small letters"),
    (r"=\s*(None|null|nil)\s*(#.*)?$", "leave the key out where it has no value"),
    (r"^[\w.-]+\s*:", "write = between key and value"),
    (r"^\s*\{", "this looks like JSON; a task is TOML, as `toishi init` writes it"),
    (r'=\s*"[^"]*\\[^"]*"', "write / in paths, or put the text in single quotes"),
    (r"""=\s*("[^"]*|'[^']*)$""", "close the quote"),
    (r"=\s*\[[^\]]*$", "close the bracket"),
    (r"^\[[^\]]*$", "close the bracket"),
    (r"""=\s*[^\s"'\[\{\d+-][^"']*$""", "put texts in double quotes"),
)
"""What a line that is no TOML looks like, and the way out; the first that fits is told."""


class NotToml(ValueError):
    """The text is no TOML; the message is the end of a sentence that begins with the file's name."""


def parse_toml(text: str) -> dict[str, Any]:
    """The document; `NotToml` where it is none."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise NotToml(_told(str(error), text)) from None


def _told(problem: str, text: str) -> str:
    place = PLACE.search(problem)
    said = _plainly(PLACE.sub("", problem))
    if place is None:
        return f" is no TOML: {said}"
    lines = text.splitlines() or [""]
    number = int(place["line"]) if place["line"] else len(lines)
    line = lines[min(number, len(lines)) - 1].strip()
    shown = line if len(line) <= LONGEST_SHOWN else line[: LONGEST_SHOWN - 1] + "…"
    hint = next((hint for pattern, hint in HINTS if re.search(pattern, line)), said)
    return f", line {number} is no TOML: {hint} (`{shown}`)"


def _plainly(problem: str) -> str:
    """tomllib's words where the line itself does not show what is wrong."""
    if problem.startswith("Unterminated string"):
        return "close the quote"
    if problem.startswith("Cannot overwrite a value"):
        return "the key stands there twice; keep one"
    twice = re.match(r"Cannot declare \((.*)\) twice", problem)
    if twice:
        name = ".".join(re.findall(r"'([^']*)'", twice[1]))
        return f"the table [{name}] stands there twice; put its keys together"
    return f"{problem[:1].lower()}{problem[1:]}"
