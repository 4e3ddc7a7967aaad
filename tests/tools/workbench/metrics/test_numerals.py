"""Numbers as people and models write them."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toishi.tools.workbench.metrics.numerals import Style, numeral, numerals


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("42", ["42"]),
        ("-42", ["-42"]),
        ("−42", ["-42"]),
        ("+7", ["7"]),
        ("1,234,567.89", ["1234567.89"]),
        ("1,00,000", ["100000"]),
        ("1’000", ["1000"]),
        ("1\u202f000", ["1000"]),
        ("$1,234.50", ["1234.5"]),
        ("-$5 and $-6 and € 7", ["-5", "-6", "7"]),
        ("5%", ["5"]),
        (".5", ["1/2"]),
        ("3/4", ["3/4"]),
        ("1 3/4", ["7/4"]),
        ("2½ or ⅔", ["5/2", "2/3"]),
        (r"\frac{3}{4}, $-\dfrac{1}{2}$", ["3/4", "-1/2"]),
        ("1.5e6 1E-2", ["1500000", "1/100"]),
        (r"1.5 × 10^6, 2 \times 10^{-3}, 3*10**2, 4 x 10⁵", ["1500000", "1/500", "300", "400000"]),
        ("2^10", ["1024"]),
        (r"\$1{,}000 and 2\,000", ["1000", "2000"]),
        ("10-5 and 5–7", ["10", "5", "5", "7"]),
        ("x=-3", ["-3"]),
        ("6 x 10 = 60", ["6", "10", "60"]),
        ("1,2,3", ["1", "2", "3"]),
        ("5 cm^2", ["5"]),
        ("42.", ["42"]),
        ("No.5 is 5th", ["5", "5"]),
        ("GPT4, x_2", []),
        ("5/0 0^-1 0^0", []),
        ("9" * 401, []),
        ("1e999", []),
        ("10^999", []),
        ("", []),
    ],
)
def test_the_numbers_in_a_text(text: str, values: list[str]) -> None:
    assert [one.value for one in numerals(text)] == [Fraction(value) for value in values]


def test_a_comma_may_stand_before_the_decimals() -> None:
    found = [one.value for one in numerals("1.234,5 und 2.000 und 3,25", Style(","))]
    assert found == [Fraction("1234.5"), 2000, Fraction("3.25")]


def test_percent_may_be_a_share() -> None:
    assert [one.value for one in numerals("5% of 2", Style(percent="share"))] == [Fraction(1, 20), 2]


@pytest.mark.parametrize("text", ["42", " 42. ", "$1,000", "-3/4", "5 %", "1.5 × 10^6"])
def test_a_number_alone(text: str) -> None:
    assert numeral(text) is not None


@pytest.mark.parametrize("text", ["it is 42", "42 apples", "4 2", "", "forty-two"])
def test_no_number_alone(text: str) -> None:
    assert numeral(text) is None


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**12), max_value=10**12))
def test_a_number_is_read_as_it_is_written(number: object) -> None:
    for written in (f"{number}", f"{number:,}"):
        assert [one.value for one in numerals(f"It is {written}.")] == [Fraction(str(number))]


@given(st.text("0123456789.,-+e/%$^*x×{}()\\ ½⁶\n", max_size=40))
def test_no_text_is_too_odd(text: str) -> None:
    list(numerals(text))
    numeral(text)
