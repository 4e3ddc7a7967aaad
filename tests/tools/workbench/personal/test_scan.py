"""What looks personal, in five languages, and what does not although it resembles it."""

import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toishi.tools.workbench.personal.headers import kinds_named
from toishi.tools.workbench.personal.kinds import Kind
from toishi.tools.workbench.personal.masking import masked
from toishi.tools.workbench.personal.scan import Findings, personal_in, scan


def kinds(text: str, header: str = "text") -> dict[Kind, list[str]]:
    return personal_in(text, kinds_named(header))


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("Write to ada.lovelace@example.org today", "e-mail address", "ada.lovelace@example.org"),
        ("メール:hanako@example.co.jp まで", "e-mail address", "hanako@example.co.jp"),
        ("Meine IBAN ist DE89 3704 0044 0532 0130 00.", "IBAN", "DE89 3704 0044 0532 0130 00"),
        ("FR1420041010050500013M02606", "IBAN", "FR1420041010050500013M02606"),
        ("my card 4111 1111 1111 1111 was charged", "card number", "4111 1111 1111 1111"),
        ("amex 378282246310005", "card number", "378282246310005"),
        ("SSN 536-90-4399", "national id", "536-90-4399"),
        ("NINO AB 12 34 56 C", "national id", "AB 12 34 56 C"),
        ("N° 1 84 12 76 451 089 46", "national id", "1 84 12 76 451 089 46"),
        ("DNI 54362315K", "national id", "54362315K"),
        ("Steuer-ID: 36 574 261 809", "national id", "36 574 261 809"),
        ("マイナンバーは1234 5678 9012です", "national id", "1234 5678 9012"),
        ("passport no. C01X00T47", "national id", "C01X00T47"),
        ("logged in from 81.23.45.117 at noon", "IP address", "81.23.45.117"),
        ("from 2a00:1450:4001:82a::200e", "IP address", "2a00:1450:4001:82a::200e"),
        ("DOB: 12/10/1815", "date of birth", "12/10/1815"),
        ("I was born on December 10, 1985 in London", "date of birth", "December 10, 1985"),
        ("geboren am 3. Mai 1971", "date of birth", "3. Mai 1971"),
        ("je suis née le 3 mai 1971", "date of birth", "3 mai 1971"),
        ("Fecha de nacimiento: 03/05/1971", "date of birth", "03/05/1971"),
        ("1971年5月3日生まれです", "date of birth", "1971年5月3日"),
        ("call me at (415) 555-2671", "phone number", "(415) 555-2671"),
        ("+49 30 901820 bitte", "phone number", "+49 30 901820"),
        ("Rufnummer 030 901820", "phone number", "030 901820"),
        ("au 01 42 68 53 00", "phone number", "01 42 68 53 00"),
        ("mi teléfono es 612 34 56 78", "phone number", "612 34 56 78"),
        ("電話は03-3224-9999です", "phone number", "03-3224-9999"),
        ("電話は０３－３２２４－９９９９です", "phone number", "03-3224-9999"),
        ("I live at 221B Baker Street, London", "street address", "221B Baker Street"),
        ("Ich wohne in der Hauptstraße 12", "street address", "Hauptstraße 12"),
        ("12 bis, rue de la Paix, Paris", "street address", "12 bis, rue de la Paix"),
        ("vivo en Calle de Alcalá, 42", "street address", "Calle de Alcalá, 42"),
        ("東京都千代田区丸の内1-9-1に住んでいます", "street address", "東京都千代田区丸の内1-9-1"),
        ("〒100-0005", "street address", "〒100-0005"),
        ("Hello, my name is Ada Lovelace and I", "name", "Ada Lovelace"),
        ("Dear Mr. Babbage, the engine", "name", "Babbage"),
        ("Sehr geehrte Frau Müller, leider", "name", "Müller"),
        ("Ich heiße Jürgen von der Heide.", "name", "Jürgen von der Heide"),
        ("Bonjour Madame Lefèvre, votre", "name", "Lefèvre"),
        ("Me llamo María García López.", "name", "María García López"),
        ("Best regards,\nAda Lovelace", "name", "Ada Lovelace"),
        ("Mit freundlichen Grüßen\nDr. Hans Meier\n", "name", "Hans Meier"),
        ("お世話になります。田中と申します", "name", "田中"),
        ("山田花子様、いつも", "name", "山田花子"),
        ("This is Grace Hopper from the navy", "name", "Grace Hopper"),
        ("Anna Schneider here, my card is gone", "name", "Anna Schneider"),
        ("Hallo, hier ist Anna Schneider.", "name", "Anna Schneider"),
        ("Ada Lovelace, born 03.05.1965", "date of birth", "03.05.1965"),
        ("geb. 3.5.1965 in Bonn", "date of birth", "3.5.1965"),
        ("nacida el 3 de mayo de 1971", "date of birth", "3 de mayo de 1971"),
    ],
)
def test_personal_values_are_found(text: str, kind: Kind, value: str) -> None:
    assert kinds(text) == {kind: [value]}


@pytest.mark.parametrize(
    "text",
    [
        "Mail info@example.org or support@bank.example",
        "DE89 3704 0044 0532 0130 01 has wrong check digits",
        "4111 1111 1111 1112 is no card",
        "order 1234567890123456 shipped",
        "version 10.0.19045.3570 and section 4.2.1.3, router 192.168.0.1, name server 8.8.8.8",
        "at 12:30:45 we left, 2021-03-04, 04.03.2021 and 1995-2000",
        "12 - 5 - 3 = 4, 100-25-15=60, 1,234,567.89 and 3.14159265",
        "he was born in 1971 and the film came out on May 3, 1990",
        "Dear Sir or Madam, Dear customer, Dear Hiring Manager,",
        "This is Great News for My Team",
        "Prime Minister here, Golden Gate Bridge here, and Wo ist hier ist Der Ausgang",
        "the band was born on stage, 5 films; geboren 1971",
        "Sehr geehrte Damen und Herren, im Spring 1975",
        "お客様、皆様、同様に仕様が変わります",
        "Natalia sold clips to 48 of her friends in April; Mr. Smith bought 12.",
        "42 Great Books and 12 Angry Men",
        "123456789 widgets, 36574261809 of them",
        "",
    ],
)
def test_what_only_resembles_them_is_left_alone(text: str) -> None:
    assert kinds(text) == {}


@pytest.mark.parametrize(
    ("header", "cell", "kind"),
    [
        ("first_name", "Xanthippe", "name"),
        ("customerName", "Zhang Wei", "name"),
        ("Nachname", "Öztürk", "name"),
        ("apellidos", "García López", "name"),
        ("氏名", "山田花子", "name"),
        ("phone", "4155552671", "phone number"),
        ("date of birth", "1815-12-10", "date of birth"),
        ("Geburtsdatum", "10.12.1815", "date of birth"),
        ("home_address", "Flat 3, The Mews", "street address"),
        ("ssn", "536904399", "national id"),
    ],
)
def test_a_header_makes_its_cells_personal(header: str, cell: str, kind: Kind) -> None:
    assert list(kinds(cell, header)) == [kind]
    assert kinds(cell) == {}


@pytest.mark.parametrize("header", ["product", "filename", "label", "context", "company name", "naming", "addressee"])
def test_other_headers_say_nothing(header: str) -> None:
    assert not kinds_named(header)


def test_findings_have_counts_shares_and_two_masked_samples() -> None:
    rows = [{"id": str(n), "mail": f"{'ada' * (n + 1)}@mail.example", "text": "hello"} for n in range(3)] + [
        {"id": "9", "mail": "", "text": "call +49 30 901820"}
    ]
    found = scan(rows)
    assert found.rows == 4
    assert [(one.field, one.kind, one.rows, one.share) for one in found.found] == [
        ("mail", "e-mail address", 3, 0.75),
        ("text", "phone number", 1, 0.25),
    ]
    assert found.fields == ("mail", "text")
    assert [len(one.samples) for one in found.found] == [2, 1]
    assert found.found[1].samples == ("+•• •• ••••20",)


def test_a_column_of_full_names_is_found_whatever_it_is_called() -> None:
    people = ["Ada Lovelace", "Grace Hopper", "Hedy Lamarr", "Hopper, Grace", "Jean-Luc Picard"]
    films = ["Citizen Kane", "The Third Man", "Die Hard", "Blade Runner", "Annie Hall"]
    found = scan([{"x": person, "y": film} for person, film in zip(people, films, strict=True)])
    assert [(one.field, one.kind, one.rows) for one in found.found] == [("x", "name", 3)]


def test_a_few_names_among_answers_are_not_a_column_of_people() -> None:
    rows = [{"answer": "Grace Hopper"}, *({"answer": f"{number} apples"} for number in range(9))]
    assert not scan(rows)
    assert scan([{"customer": row["answer"]} for row in rows])


def test_rows_without_anything_personal_give_nothing() -> None:
    assert scan([]) == Findings(0, ())
    assert not scan([{"text": "Where is my card?", "label": "card_arrival"}])


@given(st.lists(st.dictionaries(st.sampled_from(["name", "text", "phone", "dob", "address"]), st.text(max_size=80))))
def test_any_text_can_be_looked_at_and_no_sample_gives_a_value_away(rows: list[Mapping[str, str]]) -> None:
    for finding in scan(rows).found:
        assert 0 < finding.rows <= len(rows)
        for sample in finding.samples:
            assert not any(len(word) > 1 and word.isalpha() for word in sample.split())


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("ada@example.org", "a••@e••••••.o••"),
        ("+49 30 901820", "+•• •• ••••20"),
        ("Ada Lovelace", "A•• L•••••••"),
        ("12 rue", "•• r••"),
        ("山田花子", "山•••"),
    ],
)
def test_a_mask_keeps_the_form_only(value: str, shown: str) -> None:
    assert masked(value) == shown


def test_a_value_is_counted_as_one_kind() -> None:
    row = {"text": "Pay DE89 3704 0044 0532 0130 00 by card 4111 1111 1111 1111, SSN 536-90-4399, tel. +49 30 901820"}
    assert [one.kind for one in scan([row]).found] == ["IBAN", "card number", "national id", "phone number"]


def test_nested_values_are_read_as_text() -> None:
    assert scan([{"messages": json.dumps([{"role": "user", "content": "I am ada@example.org"}])}])


@pytest.mark.parametrize(
    "text",
    [
        "a." * 20_000 + "@",
        "a@" + "b." * 20_000,
        "1 Aa Bb " * 10_000,
        "Dear Aa Bb " * 10_000,
        "1-" * 20_000,
        "Aa-Bb " * 9_000 + " here",
        "Anna-Bb" * 9_000 + " here",
        "Anna al " * 9_000 + " here",
        "born " * 9_000 + "5",
    ],
    ids=["mail", "domain", "street", "salutation", "number", "names", "name", "particles", "births"],
)
def test_a_long_text_that_resembles_something_throughout_is_read_in_linear_time(text: str) -> None:
    """Far from the test's time limit, which quadratic work on the tenfold would meet."""
    assert kinds(text * 10) is not None
