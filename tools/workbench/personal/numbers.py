"""Personal data that are numbers or codes: formats by pattern, and their check digits by libraries.

Where a format has no check of its own that rules chance out, a word before it has to say what it is.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from ipaddress import ip_address

from toishi.tools.workbench.personal.kinds import Kind, Match

Hints = frozenset[Kind]

# How many characters before a number are looked at for a word that says what it is, if no other number lies between.
REACH = 40

# What has no such run of digits holds no long number; one glance spares twenty patterns.
_LONG = re.compile(r"(?:\d[ ()/.+–-]{0,2}){6}")

# A number stands alone, and is no part of a larger one; Japanese writes no blanks around it.
_BEFORE = r"(?<![A-Za-zÀ-ɏ\d_.,-])"
_AFTER = r"(?![A-Za-zÀ-ɏ\d_-]|[.,]\d)"

_MAIL = re.compile(r"(?<![\w.%+-])[\w.%+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?![\w-])")
# A firm's, not a person's.
_ROLES = re.compile(
    r"(?:info|support|no-?reply|do-?not-?reply|sales|contact|admin|help|office|service|hello|kontakt|team|press|jobs|"
    r"webmaster|postmaster|billing|newsletter|marketing|abuse|security|privacy)@",
    re.IGNORECASE,
)
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2} ?(?:[A-Z0-9]{4} ?){2,7}[A-Z0-9]{0,4}(?![A-Za-z0-9])")
_CARD = re.compile(_BEFORE + r"(?:\d[ -]?){12,18}\d" + _AFTER)
_ISSUERS = re.compile(
    r"4\d{12}(?:\d{3}){0,2}$|5[1-5]\d{14}$|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}$|3[47]\d{13}$|"
    r"3(?:0[0-5]|[689]\d)\d{11}$|6(?:011|5\d\d|4[4-9]\d)\d{12}$|35(?:2[89]|[3-8]\d)\d{12}$|62\d{14,17}$"
)
_IP4 = re.compile(_BEFORE + r"(?:\d{1,3}\.){3}\d{1,3}" + _AFTER)
_IP6 = re.compile(r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:])")
_VERSION = re.compile(r"(?:version|release|firmware|build|\bv\.?)\W{0,3}$", re.IGNORECASE)


@dataclass(frozen=True)
class _Id:
    """A national id: its form, the library's module that knows its check, and whether a word has to say what it is.

    Where `glance` finds nothing, the form cannot either; it is much the faster.
    """

    form: re.Pattern[str]
    check: str | None
    needs_a_word: bool = False
    glance: re.Pattern[str] = _LONG


def _id(form: str, check: str | None = None, *, needs_a_word: bool = False, glance: re.Pattern[str] = _LONG) -> _Id:
    return _Id(re.compile(f"{_BEFORE}(?:{form}){_AFTER}"), check, needs_a_word, glance)


_IDS = (
    _id(r"\d{3}-\d{2}-\d{4}", "us.ssn"),
    _id(r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]"),
    _id(r"[12] ?\d{2} ?(?:0[1-9]|1[0-2]) ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}", "fr.nir"),
    _id(r"\d{8}-?[A-HJ-NP-TV-Z]", "es.dni"),
    _id(r"[XYZ]-?\d{7}-?[A-Z]", "es.nie"),
    _id(r"[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]", "it.codicefiscale", glance=re.compile(r"[A-Z]{6}\d\d")),
    _id(r"756\.\d{4}\.\d{4}\.\d{2}", "ch.ssn"),
    _id(r"\d{3}\.\d{3}\.\d{3}-\d{2}", "br.cpf"),
    _id(r"\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}", "be.nn"),
    _id(r"\d{6}[-+]\d{4}", "se.personnummer"),
    _id(r"\d{2} ?\d{3} ?\d{3} ?\d{3}", "de.idnr", needs_a_word=True),
    _id(r"\d{4}[ -]?\d{4}[ -]?\d{4}", needs_a_word=True),
    _id(r"\d{9}", "us.ssn", needs_a_word=True),
    _id(r"\d{9}", "nl.bsn", needs_a_word=True),
    _id(r"\d{11}", "pl.pesel", needs_a_word=True),
    _id(r"(?=[A-Z0-9]*\d)[A-Z0-9]{6,9}", needs_a_word=True, glance=re.compile(r"\d")),
)
_ID_WORD = re.compile(
    r"\bssn\b|social security|tax id|steuer-?(?:id|identifikation)|ausweis|reisepass|s[eé]curit[eé] sociale|\bdni\b|"
    r"\bnif\b|\bnie\b|passport|passeport|pasaporte|national id|\bbsn\b|\bpesel\b|aadhaar|マイナンバー|個人番号|旅券",
    re.IGNORECASE,
)

# One of these stands in every text in which the pattern can match; to look for them costs next to nothing.
_ID_CUES = (
    *("ssn", "social sec", "tax id", "steuer", "ausweis", "pass", "curit", "dni", "nif", "nie", "pasaporte"),
    *("national id", "bsn", "pesel", "aadhaar", "マイ", "個人番号", "旅券"),
)

_PHONE = re.compile(_BEFORE + r"(?:\+|\(\+?)?\d(?:[\d ()/.–-]{5,20})\d" + _AFTER)
_PHONE_WORD = re.compile(
    r"\b(?:tel|phone|telephone|mobile|cell|call|text|fax|whatsapp|sms|telefon\w*|handy\w*|mobil\w*|ruf\w*|nummer|"
    r"t[eé]l[eé]phone|t[eé]l|portable|appele\w*|tel[eé]fono|m[oó]vil|llam\w+|number is)\b|電話|携帯|連絡先",
    re.IGNORECASE,
)
_WRITTEN_AS_PHONE = re.compile(
    r"(?:\d-)?\(?\d{3}\)?[-. ]\d{3}[-. ]\d{4}|\(0\d{1,5}\)[ /-]?\d{2,}[\d /-]*|0\d{1,5}(?:[ /.-]\d{2,}){2,5}"
)
_DATE = re.compile(
    r"(?:1[5-9]|20)\d\d ?[-–/] ?(?:1[5-9]|20)\d\d|\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}"
)
SHORTEST_IP = len("1.22.33.44")
REGIONS = ("US", "GB", "DE", "FR", "ES", "JP", "CH", "AT", "IT", "IN")


def mails(text: str, _: Hints) -> Iterator[Match]:
    """E-mail addresses of people; `info@…` and its like are a firm's."""
    for found in _MAIL.finditer(text):
        if not _ROLES.match(found[0]):
            yield Match("e-mail address", *found.span())


def ibans(text: str, _: Hints) -> Iterator[Match]:
    """IBANs with the right check digits."""
    if not _LONG.search(text):
        return
    for found in _IBAN.finditer(text):
        code = found[0].rstrip()
        if _is_valid("iban", code):
            yield Match("IBAN", found.start(), found.start() + len(code))


def cards(text: str, _: Hints) -> Iterator[Match]:
    """Payment card numbers: the form of an issuer, and the check digit of ISO/IEC 7812 (Luhn)."""
    if not _LONG.search(text):
        return
    for found in _CARD.finditer(text):
        digits = re.sub(r"\D", "", found[0])
        if _ISSUERS.match(digits) and _is_valid("luhn", digits):
            yield Match("card number", *found.span())


def national_ids(text: str, hints: Hints) -> Iterator[Match]:
    """Numbers that a state gives to a person."""
    named = "national id" in hints
    lowered = text.casefold()
    has_word = named or any(cue in lowered for cue in _ID_CUES)
    for one in _IDS:
        if (one.needs_a_word and not has_word) or not one.glance.search(text):
            continue
        for found in one.form.finditer(text):
            said = named or _says(_ID_WORD, text, found.start())
            if (said or not one.needs_a_word) and (one.check is None or _is_valid(one.check, found[0])):
                yield Match("national id", *found.span())


def ip_addresses(text: str, _: Hints) -> Iterator[Match]:
    """Addresses on the public internet; private, loopback and documentation ones tell nobody apart."""
    if text.count(".") < 3 and text.count(":") < 2:
        return
    for found in (*_IP4.finditer(text), *_IP6.finditer(text)):
        try:
            address = ip_address(found[0])
        except ValueError:
            continue
        # Fewer digits are the number of a version or of a section, or a resolver that everybody uses.
        is_short = address.version == 4 and len(found[0]) < SHORTEST_IP
        if address.is_global and not is_short and not _VERSION.search(text[: found.start()]):
            yield Match("IP address", *found.span())


def phones(text: str, hints: Hints) -> Iterator[Match]:
    """Phone numbers that exist: international ones, and national ones that are written as such or announced."""
    if not _LONG.search(text):
        return
    for found in _PHONE.finditer(text):
        digits = re.sub(r"\D", "", found[0])
        if not 8 <= len(digits) <= 15 or _DATE.fullmatch(found[0].strip()):
            continue
        said = "phone number" in hints or _says(_PHONE_WORD, text, found.start())
        if _is_phone(found[0], digits, said):
            yield Match("phone number", *found.span())


def _is_phone(written: str, digits: str, said: bool) -> bool:
    """A national number is one where a word says so, or where it is written as people write nothing else."""
    if written.startswith(("+", "(+", "00")):
        return _exists("+" + digits.lstrip("0"), None)
    is_one = said or _WRITTEN_AS_PHONE.fullmatch(written)
    return bool(is_one) and any(_exists(digits, region) for region in REGIONS)


def _exists(number: str, region: str | None) -> bool:
    import phonenumbers

    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(number, region))
    except phonenumbers.NumberParseException:
        return False


def _says(word: re.Pattern[str], text: str, start: int) -> bool:
    before = re.split(r"\d", text[max(0, start - REACH) : start])[-1]
    return word.search(before) is not None


def _is_valid(module: str, code: str) -> bool:
    return _checks(module)(code)


@cache
def _checks(module: str) -> Callable[[str], bool]:
    check: Callable[[str], bool] = import_module(f"stdnum.{module}").is_valid
    return check
