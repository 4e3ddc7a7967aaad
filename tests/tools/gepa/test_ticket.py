"""What a ticket says of its parents."""

import math

from toishi.tools.gepa import Member
from toishi.tools.gepa.ticket import Ticket
from toishi.tools.workbench.candidate import Candidate
from toishi.tools.workbench.front import Front
from toishi.tools.workbench.objectives import SCORE


def member(number: int, *scores: float) -> Member:
    return Member(number, Candidate({"answer": str(number)}), (), scores)


def ticket(*parents: Member) -> Ticket:
    front = Front((SCORE,))
    return Ticket(3, parents, "answer", (0, 1), None, parents[0], (1.0, 1.0), front, {}, {}, lambda one: None, False)


def test_of_two_parents_the_better_one_is_changed() -> None:
    assert ticket(member(0, 0.0, 1.0), member(1, 1.0, 1.0)).parent.number == 1
    assert ticket(member(1, 1.0, 1.0), member(0, 0.0, 1.0)).numbers == (1, 0)


def test_a_parent_that_was_run_on_a_few_rows_is_not_taken_for_the_better_one() -> None:
    assert ticket(member(0, 0.0, 1.0), member(1, 1.0, math.nan)).parent.number == 0
