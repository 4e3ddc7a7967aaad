"""In which encoding a text file is written.

A byte order mark says it; UTF-8 can be told from the bytes; all else is a guess, and a guess is never silent: `note` is
a sentence for the person.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from toishi.tools.workbench.errors import DataError

BLOCK = 2**20
ENOUGH = 2**16
HALVES = re.compile("[\ud800-\udfff]")
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    # Before UTF-16, whose mark UTF-32's begins with.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What texts of the West are in, when it is not UTF-8; its neighbours differ in a few letters, which short texts lack.
LIKELIEST = "cp1252"
CLOSE = 0.1
TYPOGRAPHIC = re.compile(rb"[\x00-\x7f\x80\x85\x91-\x97\x99\xa0\xa3\xa7\xa9\xab\xae\xb0\xb7\xbb]*")
"""ASCII with the quotes, dashes and signs that word processors put in as the same encoding has them."""


@dataclass(frozen=True)
class Encoding:
    """`codec` is Python's name for it; with `errors` as said, bytes that are none of it become lone surrogates."""

    codec: str
    errors: str = "strict"
    note: str = ""


def find_encoding(file: Path, *, name: str, said: str | None = None) -> Encoding:
    """The encoding of a file; `name` is what messages call it, `said` what its owner says it is.

    UTF-8 with a few broken bytes in it is still UTF-8: they come out as lone surrogates, by which a reader knows the
    rows that hold them. Raises `OSError`, and `DataError` where no encoding fits or `said` is unknown or does not fit.
    """
    if said is not None:
        return _as_said(file, name, said)
    with file.open("rb") as stream:
        start = stream.read(4096)
    mark = next((codec for mark, codec in MARKS if start.startswith(mark)), None)
    if mark is not None:
        return Encoding(mark, "surrogateescape" if mark == "utf-8-sig" else "strict")
    wide = _wide(start)
    if wide is not None and _fits(file, wide):
        return Encoding(wide, note=_note(name, wide))
    good, broken = _as_utf8(file)
    if not broken or good > broken:
        return Encoding("utf-8", "surrogateescape")
    codec = next((codec for codec in _guesses(_sample(file)) if _fits(file, codec)), None)
    if codec is None:
        raise DataError(f"{name} is no text in any encoding that is known; save it as UTF-8")
    return Encoding(codec, note=_note(name, codec))


def _as_said(file: Path, name: str, said: str) -> Encoding:
    try:
        codec = codecs.lookup(said).name
    except LookupError:
        raise DataError(
            f"data.encoding = '{said}' is not known; write one such as utf-8, cp1252 or shift_jis"
        ) from None
    if codec in ("utf-8", "utf-8-sig"):
        return Encoding("utf-8-sig", "surrogateescape")
    if not _fits(file, codec):
        raise DataError(f"{name} is not written in data.encoding = '{said}'; take the key out to have it detected")
    return Encoding(codec)


def _note(name: str, codec: str) -> str:
    return (
        f"{name} is not UTF-8 and was read as {codec}, which is a guess; if its texts look wrong, name the right one "
        "with data.encoding, or save the file as UTF-8"
    )


def _wide(start: bytes) -> str | None:
    """UTF-16 without a mark: of plain letters every second byte is 0."""
    for first, codec in ((1, "utf-16-le"), (0, "utf-16-be")):
        half, other = start[first::2], start[1 - first :: 2]
        if half and half.count(0) > 0.4 * len(half) and other.count(0) <= 0.01 * len(other):
            return codec
    return None


def _as_utf8(file: Path) -> tuple[int, int]:
    """How many characters beyond ASCII a file holds as UTF-8, and how many bytes that are none."""
    good = broken = 0
    for text in _decoded(file, "utf-8", "surrogateescape"):
        if not text.isascii():
            bad = len(HALVES.findall(text))
            broken += bad
            good += len(text) - len(text.encode("ascii", "ignore")) - bad
    return good, broken


def _fits(file: Path, codec: str) -> bool:
    try:
        return all("\0" not in text for text in _decoded(file, codec, "strict"))
    except UnicodeDecodeError:
        return False


def _decoded(file: Path, codec: str, errors: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(codec)(errors)
    with file.open("rb") as stream:
        while block := stream.read(BLOCK):
            yield decoder.decode(block)
    yield decoder.decode(b"", final=True)


def _sample(file: Path) -> bytes:
    """Lines that hold more than ASCII, as many as it takes to tell languages apart."""
    lines, size = [], 0
    with file.open("rb") as stream:
        for line in iter(lambda: stream.readline(BLOCK), b""):
            if not line.isascii():
                lines.append(line)
                size += len(line)
                if size > ENOUGH:
                    break
    return b"".join(lines)


def _guesses(sample: bytes) -> list[str]:
    """Codecs, the likeliest first."""
    from charset_normalizer import from_bytes

    found = [] if TYPOGRAPHIC.fullmatch(sample) else list(from_bytes(sample))
    if not found:
        return [LIKELIEST, "latin-1"]
    best = found[0]
    as_good = [one for one in found if one.chaos <= best.chaos + CLOSE and one.coherence >= best.coherence - CLOSE]
    near = {name for one in as_good for name in (one.encoding, *one.could_be_from_charset)}
    first = [LIKELIEST] if LIKELIEST in near else []
    return [*first, *(one.encoding for one in found), LIKELIEST, "latin-1"]
