"""What the name of a column says about its content: `kunden_email`, `firstName`, `生年月日`.

A name is a reason to look closer, never a finding by itself: a column of that name may hold anything.
"""

import re
import unicodedata
from functools import lru_cache

from toishi.tools.workbench.personal.kinds import Kind

# Each is searched for in the words of the header, in lower case with blanks between them.
_HEADERS: dict[Kind, str] = {
    "name": (
        r"\b(?:first|last|given|family|middle|full|maiden|user|customer|client|patient|contact|person|employee|author|"
        r"sender|recipient|student|teacher|member|owner|holder|applicant|guest|driver|nick) ?names?\b|\bsurnames?\b|"
        r"\bvor ?name\b|\bnach ?name\b|\bfamilien ?name\b|\b(?:kunden|patienten|mitarbeiter|ansprechpartner) ?name\b|"
        r"\bpr[eé]nom\b|^nom$|\bnom (?:de famille|complet|du client)\b|^nombre$|\bnombre (?:completo|del cliente)\b|"
        r"\bapellidos?\b|氏名|名前|^姓$|^名$|苗字|フリガナ|ふりがな|担当者名?$|顧客名|お客様名"
    ),
    "e-mail address": r"\be ?mails?\b|\bmail\b|\bcourriel\b|\bcorreo\b|メール",
    "phone number": (
        r"\b(?:tele)?phones?\b|\btel\b|\bmobile\b|\bcell\b|\bfax\b|\btelefon\w*\b|\bhandy\w*\b|\bmobil\w*\b|"
        r"\brufnummer\b|\bt[eé]l[eé]phone\b|\bportable\b|\btel[eé]fono\b|\bm[oó]vil\b|電話|携帯"
    ),
    "street address": (
        r"\b(?:postal|home|street|mailing|billing|shipping|delivery)? ?address(?: line)?\b|\bstreet\b|\banschrift\b|"
        r"\badresse\b|\bstra(?:ß|ss)e\b|\bwohnort\b|\brue\b|\bdirecci[oó]n\b|\bdomicilio\b|\bcalle\b|住所"
    ),
    "IBAN": r"\biban\b|\bbank account\b|\bkonto ?nummer\b|\bcuenta bancaria\b",
    "card number": (
        r"\b(?:credit|debit)? ?card (?:number|no)\b|\bkreditkarte\w*\b|\bcarte bancaire\b|\btarjeta\b|カード番号"
    ),
    "national id": (
        r"\bssn\b|\bsocial security\b|\bnational id\b|\bpassport\b|\btax ?id\b|\bsteuer ?id\b|\bpersonalausweis\w*\b|"
        r"\bausweis\w*\b|\breise ?pass\w*\b|\bdni\b|\bnie\b|\bnif\b|\bnir\b|\bs[eé]curit[eé] sociale\b|\bpasaporte\b|"
        r"\bpasseport\b|マイナンバー|個人番号|旅券"
    ),
    "IP address": r"\bip\b|\bip ?addr\w*\b|\bremote addr\b",
    "date of birth": (
        r"\bdob\b|\bbirth ?(?:date|day)?\b|\bdate of birth\b|\bborn\b|\bgeburts ?(?:datum|tag)\b|\bgeboren\b|"
        r"\bnaissance\b|\bnacimiento\b|生年月日|誕生日"
    ),
}
_PATTERNS = {kind: re.compile(pattern) for kind, pattern in _HEADERS.items()}

# Headers of whoever may be a person or a firm: what their cells look like decides.
_WHOEVER = re.compile(
    r"^(?:name|customer|client|patient|author|person|contact|employee|sender|recipient|signed|from|to|kunde|kundin|"
    r"patientin|autor|absender|empf[aä]nger|auteur|cliente|autora?|顧客|患者|宛名)$"
)


@lru_cache(maxsize=1024)
def kinds_named(header: str) -> frozenset[Kind]:
    """The kinds that a column's name tells of."""
    words = _words(header)
    return frozenset(kind for kind, pattern in _PATTERNS.items() if pattern.search(words))


@lru_cache(maxsize=1024)
def may_be_people(header: str) -> bool:
    """Whether a column of this name may hold people's names, among other things."""
    return _WHOEVER.search(_words(header)) is not None


def _words(header: str) -> str:
    text = unicodedata.normalize("NFKC", header)
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    return " ".join(re.split(r"[\W_]+", text.lower())).strip()
