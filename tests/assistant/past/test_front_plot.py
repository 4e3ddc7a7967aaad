"""A scatter in characters, and as SVG."""

from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from toishi.assistant.past.front_plot import MARKS, Axis, Dot, Kind, Scale, draw, svg, ticks

X = Axis("prompt_characters", "lower", lambda value: f"{value:,.0f}")
Y = Axis("score", "higher", lambda value: f"{value:.3f}")
JAPANESE = Axis("score (国=日本)", "higher", lambda value: f"{value:.3f}")
THOUSANDTHS = st.integers(0, 10**6).map(lambda number: number / 1000)
DOTS = st.lists(
    st.builds(Dot, st.integers(0, 99), THOUSANDTHS, THOUSANDTHS, st.sampled_from(list(MARKS))),
    min_size=1,
    max_size=30,
)


@settings(deadline=None)
@given(DOTS, st.sampled_from([Y, JAPANESE]))
def test_a_plot_keeps_its_width_and_draws_nothing_but_ascii(dots: list[Dot], y: Axis) -> None:
    lines = draw(dots, X, y, width=80).splitlines()

    assert max(map(cell_len, lines)) <= 80
    assert "".join(lines[1:]).isascii()
    assert lines[0] == f"{y.name} (higher is better)"


@settings(deadline=None)
@given(DOTS)
def test_a_picture_is_xml_with_every_dot_inside_the_axes(dots: list[Dot]) -> None:
    picture = ElementTree.fromstring(svg(dots, X, JAPANESE, "mail <& \x1b[31m").encode())

    assert picture.findtext("{http://www.w3.org/2000/svg}title") == "mail <& [31m"
    circles = list(picture.iter("{http://www.w3.org/2000/svg}circle"))
    assert all(60 <= float(one.attrib["cy"]) <= 480 and 90 <= float(one.attrib["cx"]) <= 720 for one in circles)


@pytest.mark.parametrize("kind", list(MARKS))
def test_every_kind_has_a_mark_and_a_word_of_its_own(kind: Kind) -> None:
    lines = draw([Dot(7, 1.0, 0.5, kind)], X, Y).splitlines()

    assert lines[-1].startswith(f"{MARKS[kind]} ")
    drawn = [line.split("|")[-1].split("+")[-1].strip() for line in lines[1:17]]
    assert "".join(drawn) == (MARKS[kind] if kind == "other" else f"{MARKS[kind]}7")


def test_numbers_that_would_touch_are_left_out() -> None:
    dots = [Dot(number, 1.0 + number / 1000, 0.5, "front") for number in range(10, 20)]
    dots += [Dot(50, 2.0, 0.5, "front"), Dot(51, 0.0, 0.5, "front")]
    text = draw(dots, X, Y)
    assert "o50" in text
    assert not any(f"1{one}1{other}" in text for one in range(10) for other in range(10))


@given(st.floats(-1e3, 1e3), st.floats(1e-2, 1e6), st.integers(2, 8))
def test_ticks_are_few_and_lie_inside(low: float, span: float, many: int) -> None:
    scale = Scale(low, low + span)
    found = ticks(scale, many)
    assert 1 <= len(found) <= many + 1
    assert all(scale.low - 1e-6 * span <= value <= scale.high + 1e-6 * span for value in found)


def test_ticks_are_round() -> None:
    assert ticks(Scale(0.47, 0.98), 5) == [0.6, 0.8]
    assert ticks(Scale(-10, 2100), 5) == [0, 500, 1000, 1500, 2000]
