"""Personal data that are words: people's names, street addresses, dates of birth.

A capitalised word may be anything. So in running text a name is found only where the text says that one follows (an
introduction, a salutation, a signature, a label); and in a column, where its cells are names and nothing else.
"""

import re
from collections.abc import Iterator

from toishi.tools.workbench.personal.first_names import FIRST_NAMES
from toishi.tools.workbench.personal.kinds import Match
from toishi.tools.workbench.personal.numbers import Hints

_UPPER = "A-ZÀ-ÖØ-ÞĀĆČĎĐĒĘĚĞĢĪĶĻŁŃŅŇŐŒŘŚŞŠŤŪŮŰŹŻŽ"
_WORD = rf"[{_UPPER}][^\W\d_]+(?:[-’'][^\W\d_]+)*"
_INITIAL = rf"[{_UPPER}]\."
_PARTICLE = r"(?:d[aeiou]s?|del|della|la|le|van(?: de[nr]?)?|von(?: der)?|zu|bin|al|y)"
_FULL = rf"{_WORD}(?: (?:{_INITIAL}|{_PARTICLE}))*(?: {_WORD}){{1,2}}"
_TITLE = (
    r"(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Herrn?|Frau|Monsieur|Madame|Mademoiselle|Mme|Mlle|Sr|Sra|Srta|[Ss]eñora?|Don|Doña)"
    r"\.?"
)
_KANJI = r"[\u4e00-\u9fff々]"

_INTRODUCED = re.compile(
    rf"(?:\b[Mm]y name(?: is|['’]s)|\b[Tt]his is|\b[Mm]ein Name ist|\b[Ii]ch hei(?:ß|ss)e|\b[Jj]e m['’]appelle|"
    rf"\b[Mm]on nom est|\b[Mm]e llamo|\b[Mm]i nombre es) (?:{_TITLE} )*({_FULL}|{_WORD}(?=[.,!;\n]| and\b|$))"
)
_THIS_IS = re.compile(r"[Tt]his is ")
_SALUTED = re.compile(
    rf"\b(?:Dear|Hi|Hello|Sehr geehrter?|Guten Tag|Hallo|Lieber?|Cher|Chère|Bonjour|Estimad[oa]|Querid[oa]|Hola) "
    rf"(?:{_TITLE} )+((?:{_WORD} ){{0,2}}{_WORD})|"
    rf"(?m:^)(?:Dear|Lieber?|Chère?|Querid[oa]|Estimad[oa]) ({_WORD}(?: {_WORD})?)(?= *[,:!\n])"
)
_SIGNED = re.compile(
    rf"(?:(?:[Bb]est|[Kk]ind|[Ww]arm|[Mm]any)? ?(?:[Rr]egards|[Ww]ishes|[Tt]hanks)|[Ss]incerely(?: yours)?|"
    rf"[Yy]ours (?:truly|faithfully|sincerely)|[Cc]heers|[Mm]it freundlichen Grü(?:ß|ss)en|(?:Viele|Beste|Liebe) Grüße|"
    rf"[Cc]ordialement|[Bb]ien à vous|[Ss]alutations|[Ss]aludos(?: cordiales)?|[Aa]tentamente|[Uu]n saludo)"
    rf"[,.!]? *\n\s*(?:{_TITLE} )*({_FULL}|{_WORD}) *(?:\n|$)"
)
_LABELLED = re.compile(
    rf"(?m:^|[;,] )\W*(?:(?:[Ff]ull|[Cc]ustomer|[Cc]lient|[Pp]atient|[Cc]ontact) [Nn]ame|[Nn]ame|[Nn]om(?: et prénom)?|"
    rf"[Nn]ombre(?: completo)?|[Kk]unde|[Kk]undin|[Cc]lient|[Cc]liente|[Pp]atient(?:in)?) ?: ?(?:{_TITLE} )*({_FULL})"
)
# `Ada Lovelace here: …`; a first name that people have tells it from `Prime Minister here`.
_PRESENT = re.compile(rf"(?<![\w’'-])({_FULL}) (?:here|hier)\b|\b[Hh]ier (?:ist|schreibt|spricht) ({_FULL})")
_JAPANESE = re.compile(
    rf"(?:氏名|お?名前)\s*[::はが]\s*({_KANJI}{{2,6}}(?:[  ]{_KANJI}{{1,4}})?)|"
    rf"(?:^|[\s、。])({_KANJI}{{2,6}})と(?:申します|いいます)|"
    rf"(?:^|[\s、。])({_KANJI}{{2,5}})(?:様|殿)(?=$|[\s、。、,!])"
)
# What stands where a name would, and is none.
_NOBODY = frozenset(
    """
    sir madam customer customers team all friend friends colleague colleagues hiring manager diary santa editor everyone
    parents students neighbor neighbors neighbour neighbours reader readers user users company damen herren kunde kundin
    kunden kollegen kolleginnen freunde client clients collègues amis cliente clientes amigos amigo señores god lord
    fellow board committee guest guests valued future self mom mum dad mother father grandma grandpa human resources
    president senator your recruiter 皆 お客 御客 神 王 奥 仏 同 多 模 仕 有 一 異 貴 各位
    """.split()  # noqa: SIM905
)

_STREETS = re.compile(
    rf"\b\d{{1,5}}[A-Za-z]? (?:[NSEW]\.? |North |South |East |West )?(?:{_WORD}|\d{{1,3}}(?:st|nd|rd|th))"
    rf"(?: {_WORD}){{0,2}} "
    r"(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Square|Sq|Terrace|Crescent|Close|Way|"
    r"Place|Pl|Parkway|Pkwy|Highway|Hwy)\b(?!['’])|"
    r"\bP\.? ?O\.? Box \d+|"
    rf"\b[{_UPPER}][a-zäöüß-]*(?:straße|strasse|str\.|gasse|allee|platz|damm|ufer|(?<!Sp|St)ring)"
    r"\s{1,2}\d{1,3} ?[a-z]?\b|"
    rf"\b(?:{_WORD}[ -]){{1,2}}(?:Straße|Strasse|Str\.|Allee|Platz|Weg)\s\d{{1,3}} ?[a-z]?\b|"
    r"\b\d{1,4}(?: ?(?:bis|ter))?,? (?:rue|avenue|av\.|boulevard|bd|place|chemin|impasse|allée|quai|cours|route) "
    r"(?:d[eu]s? |de la |de l['’]|d['’])?[^\W\d_][\w’'-]+(?: [^\W\d_][\w’'-]+){0,3}|"
    rf"\b(?:[Cc]alle|C/|[Aa]venida|[Aa]vda\.?|[Pp]aseo|[Pp]laza|[Cc]amino|[Rr]onda) ?(?:de (?:la |los |las )?|del )?"
    rf"{_WORD}(?: (?:de |del |la )?{_WORD}){{0,2}},? (?:n[ºo°]\.? ?)?\d{{1,4}}\b|"
    r"〒 ?\d{3}-?\d{4}|"
    r"(?:東京都|北海道|大阪府|京都府|[\u4e00-\u9fff]{2,3}県)[\u4e00-\u9fffぁ-んァ-ヶ]{1,12}[市区町村郡][\u4e00-\u9fffぁ-んァ-ヶ]*"
    r"\d{1,4}(?:(?:丁目|番地?|[-−ー])\d{0,4}){0,4}"
)

_MONTHS = """
    jan feb mar apr may jun jul aug sep oct nov dec januar februar märz mai juni juli oktober dezember janvier février
    fevrier mars avril juin juillet août aout septembre octobre novembre décembre decembre enero febrero marzo abril
    mayo junio julio agosto septiembre octubre noviembre diciembre january february march april june july august
    september october november december
    """.split()  # noqa: SIM905
_MONTH = "(?:" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + ")"
DATE = (
    rf"(?:\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\d{{1,2}}[-/.] ?\d{{1,2}}[-/.] ?\d{{2,4}}|"
    rf"\d{{1,2}}(?:st|nd|rd|th|er|\.)? (?:of |de )?{_MONTH}\.?,? (?:de )?\d{{4}}|"
    rf"{_MONTH}\.? \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}|"
    r"(?:\d{4}|昭和\d{1,2}|平成\d{1,2}|令和\d{1,2})年\d{1,2}月\d{1,2}日)"
)
_SAID_BORN = (
    r"d\.?o\.?b\.?|date of birth|birth ?date|birthday|born(?: on)?|geburts(?:datum|tag)|geboren(?: am)?|geb\.|"
    r"date de naissance|née?(?: le)?|fecha de nacimiento|nac[ií](?: el)?|nacid[oa](?: el)?|生年月日|誕生日"
)
_BORN_CUE = re.compile(rf"(?<![^\W\d_])(?:{_SAID_BORN})|生まれ", re.IGNORECASE)
_BORN = re.compile(rf"(?:{_SAID_BORN})[\s:：=]*(?:is |was |ist |est |es |on |[はが])?\s*({DATE})", re.IGNORECASE)
_BORN_JAPANESE = re.compile(rf"({DATE})\s*生まれ")
_ONLY_DATE = re.compile(rf"\s*({DATE})(?:[T ][\d:.Z+-]+)?\s*", re.IGNORECASE)
_ONLY_NAME = re.compile(
    rf"(?:{_TITLE} )*(?:({_WORD})(?: (?:{_INITIAL}|{_PARTICLE}))*(?: {_WORD}){{1,3}}|{_WORD}, ({_WORD}))"
)
_CELL = re.compile(r"[^\W\d_][\w.,’' -]*")
LONGEST_NAME = 60
LONGEST_ADDRESS = 200


# One of these stands in every text in which a pattern can match; to look for them costs next to nothing.
_NAME_PATTERNS = (
    (_INTRODUCED, ("name", "his is", " Name ", "hei", "appelle", "nom ", "llamo", "nombre")),
    (_PRESENT, (" here", "ier")),
    (_SALUTED, ("Dear", "H", "Sehr", "Guten", "Liebe", "Ch", "Bonjour", "Estimad", "Querid")),
    (_SIGNED, ("\n",)),
    (_LABELLED, (":",)),
    (_JAPANESE, ("名", "と申", "とい", "様", "殿")),
)


def births(text: str, hints: Hints) -> Iterator[Match]:
    """Dates that are said to be somebody's of birth."""
    if "date of birth" in hints and (found := _ONLY_DATE.fullmatch(text)):
        yield Match("date of birth", *found.span(1))
        return
    for cue in _BORN_CUE.finditer(text):
        # The date follows at once, or stands just before where Japanese says it.
        found = _BORN.match(text, cue.start()) or _BORN_JAPANESE.search(text, max(0, cue.start() - 16), cue.end() + 4)
        if found:
            yield Match("date of birth", *found.span(1))


def streets(text: str, hints: Hints) -> Iterator[Match]:
    """Street and number, in the order of each language; under a header that says so, any short text with a number."""
    matches = [Match("street address", *found.span()) for found in _STREETS.finditer(text)]
    if matches or "street address" not in hints:
        yield from matches
    elif len(text.strip()) <= LONGEST_ADDRESS and re.search(r"[^\W\d_].*\d|\d.*[^\W\d_]", text, re.DOTALL):
        yield Match("street address", 0, len(text))


def names(text: str, hints: Hints) -> Iterator[Match]:
    """Names that the text announces, and a whole cell under a header that says that it is a name."""
    if "name" in hints and len(text.strip()) <= LONGEST_NAME and _CELL.fullmatch(text.strip()):
        yield Match("name", 0, len(text))
        return
    for pattern, cues in _NAME_PATTERNS:
        if any(cue in text for cue in cues):
            for found in pattern.finditer(text):
                group = found.lastindex
                if group and not _is_nobody(found[group]) and not _is_a_thing(pattern, found, group):
                    yield Match("name", *found.span(group))


def is_a_full_name(cell: str) -> bool:
    """Whether a cell is a person's first and last name and nothing else, the first a common one."""
    found = _ONLY_NAME.fullmatch(cell.strip()) if len(cell) <= LONGEST_NAME else None
    return found is not None and (found[1] or found[2]).casefold() in FIRST_NAMES


def _is_nobody(name: str) -> bool:
    return any(word.strip(".,").casefold() in _NOBODY for word in name.split())


def _is_a_thing(pattern: re.Pattern[str], found: re.Match[str], group: int) -> bool:
    """`This is …` and `… here` tell of a person only with a first name that people have: most such are things."""
    may_be = pattern is _PRESENT or _THIS_IS.match(found[0])
    return bool(may_be) and found[group].split()[0].casefold() not in FIRST_NAMES
