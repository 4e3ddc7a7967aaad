"""Encodings: a mark says it, UTF-8 is told from the bytes, and a guess is right on real sentences and never silent."""

from pathlib import Path

import pytest

from toishi.tools.workbench.data.encoding import find_encoding
from toishi.tools.workbench.errors import DataError

FRENCH = "id,text\n1,Où est ma carte bancaire ? Elle a été volée à l'étranger\n2,J'ai oublié mon mot de passe\n"
GERMAN = "id;text\n1;Wo ist meine Karte für Österreich?\n2;Ich möchte größere Beträge überweisen\n"
CURLY = "id,text\n1,I don’t know where my card is – it “vanished”\n"
RUSSIAN = "id,text\n1,Где моя карта? Я потерял её вчера вечером\n2,Почему платёж отклонён\n"
JAPANESE = "id,text\n1,カードはどこですか。昨日なくしました\n2,支払いが拒否されたのはなぜですか\n"
CHINESE = "id,text\n1,我的卡在哪里？我昨天丢了它\n2,为什么付款被拒绝\n"


def written(folder: Path, content: bytes) -> Path:
    file = folder / "m.csv"
    file.write_bytes(content)
    return file


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_what_unicode_marks_say_needs_no_guess(tmp_path: Path, codec: str) -> None:
    file = written(tmp_path, JAPANESE.encode(codec))
    found = find_encoding(file, name="m.csv")
    assert file.read_text(encoding=found.codec) == JAPANESE
    assert found.note == ""


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        pytest.param("text,label\nhi,x\ncafé,y\n", "cp1252", id="one letter"),
        pytest.param(FRENCH, "cp1252", id="French"),
        pytest.param(GERMAN, "latin-1", id="German"),
        pytest.param(CURLY, "cp1252", id="curly quotes"),
        pytest.param(RUSSIAN, "cp1251", id="Russian"),
        pytest.param(JAPANESE, "shift_jis", id="Japanese"),
        pytest.param(JAPANESE, "euc_jp", id="Japanese of Unix"),
        pytest.param(CHINESE, "gb18030", id="Chinese"),
        pytest.param(CURLY, "utf-16-le", id="UTF-16 without a mark"),
        pytest.param(CURLY, "utf-16-be", id="UTF-16 the other way"),
    ],
)
def test_a_guess_is_right_and_is_told(tmp_path: Path, text: str, codec: str) -> None:
    file = written(tmp_path, text.encode(codec))
    found = find_encoding(file, name="m.csv")
    assert file.read_bytes().decode(found.codec) == text
    assert found.note == (
        f"m.csv is not UTF-8 and was read as {found.codec}, which is a guess; if its texts look wrong, name the right "
        "one with data.encoding, or save the file as UTF-8"
    )


def test_a_few_broken_bytes_are_no_other_encoding(tmp_path: Path) -> None:
    file = written(tmp_path, RUSSIAN.encode() + b"3,caf\xe9\n")
    found = find_encoding(file, name="m.csv")
    assert (found.codec, found.note) == ("utf-8", "")
    assert file.read_bytes().decode(found.codec, found.errors).endswith("caf\udce9\n")


def test_a_letter_on_the_border_of_two_blocks_is_whole(tmp_path: Path) -> None:
    file = written(tmp_path, b"a" * (2**20 - 1) + "é".encode())
    assert find_encoding(file, name="m.csv").codec == "utf-8"


def test_what_the_owner_says_counts(tmp_path: Path) -> None:
    file = written(tmp_path, GERMAN.encode("latin-1"))
    assert find_encoding(file, name="m.csv", said="iso8859-2").codec == "iso8859-2"


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("shift_jis", "m.csv is not written in data.encoding = 'shift_jis'; take the key out to have it detected"),
        ("latin9x", "data.encoding = 'latin9x' is not known; write one such as utf-8, cp1252 or shift_jis"),
    ],
)
def test_what_the_owner_says_wrongly_is_refused(tmp_path: Path, said: str, sentence: str) -> None:
    with pytest.raises(DataError) as raised:
        find_encoding(written(tmp_path, GERMAN.encode("latin-1")), name="m.csv", said=said)
    assert str(raised.value) == sentence
