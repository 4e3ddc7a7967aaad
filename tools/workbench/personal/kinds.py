"""The kinds of personal data that are looked for, and one match of one kind in a text."""

from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal[
    "e-mail address",
    "IBAN",
    "card number",
    "national id",
    "IP address",
    "date of birth",
    "phone number",
    "street address",
    "name",
]
KINDS: tuple[Kind, ...] = get_args(Kind)

PLURALS: dict[Kind, str] = {
    "e-mail address": "e-mail addresses",
    "IBAN": "IBANs",
    "card number": "card numbers",
    "national id": "national ids",
    "IP address": "IP addresses",
    "date of birth": "dates of birth",
    "phone number": "phone numbers",
    "street address": "street addresses",
    "name": "names",
}


@dataclass(frozen=True)
class Match:
    """A stretch of a text, `start` to `end` in characters."""

    kind: Kind
    start: int
    end: int
