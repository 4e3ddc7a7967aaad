"""The rows of a run are read as they are wanted, and are a sequence like any other."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toishi.tools.workbench.errors import JournalError
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.journal import Journal
from toishi.tools.workbench.journal.examples import PAGE, PAGES_KEPT, StoredExamples

ROWS = [Example(str(number), {"text": f"No. {number}"}, "yes", {"country": "DE"}) for number in range(3 * PAGE + 7)]
POSITIONS = st.none() | st.integers(-len(ROWS) - 5, len(ROWS) + 5)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoredExamples]:
    journal = Journal.open(tmp_path_factory.mktemp("project"))
    journal.add_examples("d", {"feedback": ROWS[:5], "test": iter(ROWS)})
    examples = journal.examples("d", "test")
    assert isinstance(examples, StoredExamples)
    yield examples
    journal.close()


def test_they_come_in_order_as_often_as_they_are_wanted(stored: StoredExamples) -> None:
    assert len(stored) == len(ROWS)
    assert list(stored) == ROWS
    assert list(stored) == ROWS
    assert list(reversed(stored)) == ROWS[::-1]
    assert ROWS[300] in stored


def test_they_equal_any_sequence_of_the_same_examples(stored: StoredExamples) -> None:
    assert stored == tuple(ROWS)
    assert tuple(ROWS) == stored
    assert stored != tuple(ROWS[:-1])
    assert stored != (*ROWS[:-1], ROWS[0])
    assert stored != "text"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=POSITIONS, stop=POSITIONS, step=st.none() | st.sampled_from([1, 2, 300, -1, -7]))
def test_slices_are_those_of_a_list(
    stored: StoredExamples, start: int | None, stop: int | None, step: int | None
) -> None:
    assert list(stored[start:stop:step]) == ROWS[start:stop:step]


@given(position=st.integers(-len(ROWS) - 3, len(ROWS) + 3))
def test_positions_are_those_of_a_list(stored: StoredExamples, position: int) -> None:
    if -len(ROWS) <= position < len(ROWS):
        assert stored[position] == ROWS[position]
    else:
        with pytest.raises(IndexError, match=f"there is no example {position} among {len(ROWS)}"):
            stored[position]


def test_only_some_pages_are_held(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path)
    many = PAGE * (PAGES_KEPT + 3)
    journal.add_examples("d", {"test": (Example(str(number), {}, "") for number in range(many))})
    examples = journal.examples("d", "test")
    assert isinstance(examples, StoredExamples)
    assert sum(1 for _ in examples) == many
    assert len(examples._pages) == PAGES_KEPT
    journal.close()


def test_a_store_that_was_cut_off_is_made_whole(tmp_path: Path) -> None:
    def cut_off() -> Iterator[Example]:
        yield from ROWS[:-5]
        raise OSError("the file went away")

    journal = Journal.open(tmp_path)
    with pytest.raises(OSError, match="the file went away"):
        journal.add_examples("d", {"test": cut_off()})
    journal.add_examples("d", {"test": ROWS})
    assert journal.examples("d", "test") == ROWS
    journal.close()


def test_they_are_read_while_the_journal_is_open(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path)
    journal.add_examples("d", {"test": ROWS[:3]})
    examples = journal.examples("d", "test")
    journal.close()
    with pytest.raises(JournalError, match="cannot be used"):
        list(examples)
