"""Numbers as people and models write them: signs, thousands, decimals, fractions, powers of ten, percent, currencies.

Values are exact fractions, so that 0.1 + 0.2 is 0.3 and seventeen digits are seventeen digits.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Literal

# More than any answer has; what is longer is no number that somebody meant.
MOST_DIGITS = 400
MOST_EXPONENT = 400

VULGAR = {"½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4", "⅕": "1/5", "⅛": "1/8", "⅜": "3/8", "⅝": "5/8"}
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")

# What TeX writes inside and around numbers.
TEX = (
    (re.compile(r"(?<=\d)(?=\\[dt]?frac)"), " "),
    (re.compile(r"\\[dt]?frac\s*\{\s*([^{}]*?)\s*\}\s*\{\s*([^{}]*?)\s*\}"), r"\1/\2 "),
    (re.compile(r"\{,\}"), ","),
    (re.compile(r"(?<=\d)\\[,!;: ](?=\d{3})"), ","),
    (re.compile(r"\\(?:times|cdot)\b"), "×"),
    (re.compile(r"\\([$%&])"), r"\1"),
    (re.compile(r"\\(?:text|mathrm|mathbf|textbf)\s*\{([^{}]*)\}"), r" \1 "),
)


@dataclass(frozen=True)
class Style:
    """`decimal` stands before the decimals; `percent` says whether 5% is 5 or 0.05."""

    decimal: Literal[".", ","] = "."
    percent: Literal["number", "share"] = "number"


PLAIN = Style()


@dataclass(frozen=True)
class Numeral:
    """A number in a text: its value, and how it was written."""

    value: Fraction
    written: str


def numerals(text: str, style: Style = PLAIN) -> Iterator[Numeral]:
    """The numbers in a text, in order; what is part of a word (`GPT4`) is none."""
    for match in _pattern(style.decimal).finditer(_plain(text)):
        value = _value(match, style)
        if value is not None:
            yield Numeral(value, match.group().strip())


def numeral(text: str, style: Style = PLAIN) -> Numeral | None:
    """The number that a text is, with its sign, currency or percent; None where it is anything else."""
    match = _pattern(style.decimal).fullmatch(_plain(text).strip().rstrip(".").strip())
    value = _value(match, style) if match is not None else None
    return None if match is None or value is None else Numeral(value, match.group().strip())


def _plain(text: str) -> str:
    """Without TeX and with one sign for what several stand for."""
    if "\\" in text or "{,}" in text:
        for pattern, instead in TEX:
            text = pattern.sub(instead, text)
    for sign, fraction in VULGAR.items():
        if sign in text:
            text = re.sub(rf"(?<=\d)\s?{sign}", f" {fraction}", text).replace(sign, fraction)
    text = re.sub(r"(?<=10)[⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda power: "^" + power.group().translate(SUPERSCRIPTS), text)
    return text.replace("−", "-")


@cache
def _pattern(decimal: str) -> re.Pattern[str]:
    point, comma = re.escape(decimal), "." if decimal == "," else ","
    thousands = rf"[{comma}'’_\u00a0\u202f\u2009]"
    # Groups of two are Indian (1,00,000). Digits are [0-9] everywhere: \d has those of all scripts.
    whole = rf"[0-9]{{1,3}}(?:{thousands}[0-9]{{2,3}}){{0,12}}{thousands}[0-9]{{3}}(?![0-9])|[0-9]+"
    return re.compile(
        rf"""
        (?<![\w^]) (?<![\^_][{{(]) (?<![0-9][{point}/])
        (?P<sign> (?<![)\]}}]) [-+–] \s?(?=[$€£¥₹]) | (?<![)\]}}]) [-+–] )? (?P<currency> [$€£¥₹] \s? [-–]? )?
        (?: (?P<mixed> [0-9]+ ) \s (?=[0-9]+/[0-9]) )?
        (?P<number> (?:{whole}) (?:{point}[0-9]+)? | {point}[0-9]+ )
        (?: [eE] (?P<exponent> [-+]?[0-9]+ ) (?!\w)
          | \s?[×x*]\s?10\s?(?:\^|\*\*)\s?\{{?\(?(?P<ten> [-+–]?[0-9]+ )[)}}]?
          | (?:\^|\*\*)\{{?(?P<power> [-–]?[0-9]+ )\}}?
          | \s?/\s?(?P<over> (?:{whole}) (?:{point}[0-9]+)? ) (?!\s?/\s?[0-9])
        )?
        (?P<percent> \s?% )?
        """,
        re.VERBOSE,
    )


def _value(match: re.Match[str], style: Style) -> Fraction | None:
    """None for what is written like a number and is none: too long, or divided by nothing."""
    if len(match.group()) > MOST_DIGITS:
        return None
    value = _decimal(match["number"], style)
    ten = match["exponent"] or match["ten"]
    if ten is not None:
        exponent = int(ten.replace("–", "-"))
        if abs(exponent) > MOST_EXPONENT:
            return None
        value *= Fraction(10) ** exponent
    if match["power"] is not None:
        power = int(match["power"].replace("–", "-"))
        if len(match["number"]) * abs(power) > MOST_DIGITS or not (value or power > 0):
            return None
        value **= power
    if match["over"] is not None:
        over = _decimal(match["over"], style)
        if not over:
            return None
        value /= over
    if match["mixed"] is not None:
        value += int(match["mixed"])
    if match["percent"] is not None and style.percent == "share":
        value /= 100
    signs = (match["sign"] or "") + (match["currency"] or "")
    return -value if re.search("[-–]", signs) else value


def _decimal(written: str, style: Style) -> Fraction:
    whole, _, decimals = written.partition(style.decimal)
    return Fraction(f"{re.sub('[^0-9]', '', whole) or '0'}.{decimals or '0'}")
