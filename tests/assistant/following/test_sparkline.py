"""The curve in one line."""

from hypothesis import given
from hypothesis import strategies as st

from toishi.assistant.following.sparkline import BLOCKS, sparkline

POINTS = st.lists(st.tuples(st.integers(0, 500), st.floats(0, 1)), min_size=1, max_size=12).map(
    lambda points: sorted(points, key=lambda point: point[0])
)


@given(POINTS, st.integers(500, 1000), st.integers(1, 60))
def test_it_is_as_wide_as_asked_and_ends_at_the_last_value(
    points: list[tuple[int, float]], end: int, width: int
) -> None:
    curve = sparkline(points, end=end, width=width)

    low, high = min(y for _, y in points), max(y for _, y in points)
    last = (points[-1][1] - low) / (high - low) if high > low else 0.0
    assert len(curve) == width
    assert curve[-1] == BLOCKS[round(last * 7)]


def test_a_step_stands_until_the_next_one() -> None:
    assert sparkline([(0, 0.0), (40, 0.5), (60, 1.0)], end=100, width=10) == "▁▁▁▅▅█████"


def test_before_the_first_point_there_is_nothing() -> None:
    assert sparkline([(50, 0.2)], end=100, width=4) == " ▁▁▁"


def test_without_points_there_is_no_curve() -> None:
    assert sparkline([], end=100, width=10) == ""
