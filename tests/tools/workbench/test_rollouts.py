"""Rollouts: each is paid once, written down before it is used, and scored only for what the program did."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from toishi.tools.workbench.budget import Budget, Limits
from toishi.tools.workbench.candidate import Candidate
from toishi.tools.workbench.errors import BudgetSpent, JournalError, ModelUnavailable, RequestRefused
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.journal import Journal
from toishi.tools.workbench.metrics.exact import Exact
from toishi.tools.workbench.models.gateway import Gateway
from toishi.tools.workbench.models.protocol import Listener, Message, Reply, Request, Sampling
from toishi.tools.workbench.models.retrying import Patience
from toishi.tools.workbench.program import Call, Program, prompt_program
from toishi.tools.workbench.rollout import Rollout, failures
from toishi.tools.workbench.rollouts import RolloutRunner

MODEL = "scripted/echo"
SEED = Candidate({"prompt": "Repeat."})
EXAMPLES = [Example(str(number), {"text": f"text {number}"}, f"text {number}") for number in range(6)]


class ScriptedModel:
    """Says the last message again, in 10 + 2 tokens, once `gate` is open; fails where `failures` says so."""

    name = MODEL

    def __init__(self, price: tuple[float, float] | None = (0.0, 0.0)) -> None:
        self.calls: list[Request] = []
        self.cut_off = 0
        self.failures: dict[str, Exception] = {}
        self.gate: asyncio.Event | None = None
        self._price = price
        self._in_flight = 0
        self._waiting: list[tuple[int, asyncio.Event]] = []

    async def reaches(self, in_flight: int) -> None:
        """Returns once so many calls are in flight."""
        event = asyncio.Event()
        self._waiting.append((in_flight, event))
        self._change(0)
        await event.wait()

    def _change(self, by: int) -> None:
        self._in_flight += by
        for count, event in self._waiting:
            if count == self._in_flight:
                event.set()

    async def generate(self, request: Request, listen: Listener | None = None) -> Reply:
        self.calls.append(request)
        self._change(+1)
        text = request.messages[-1].content
        try:
            if text in self.failures:
                raise self.failures[text]
            if self.gate is not None:
                await self.gate.wait()
        except asyncio.CancelledError:
            self.cut_off += 1
            raise
        finally:
            self._change(-1)
        return Reply(text, "stop", 10, 2, None if self._price is None else 0.001, 0.5)

    def count_tokens(self, request: Request) -> int:
        return 10

    def price(self) -> tuple[float, float] | None:
        return self._price

    async def close(self) -> None:
        return


class Sitting:
    """One process's view of a run: a budget, a gateway and a runner of its own over a journal that stays."""

    def __init__(
        self,
        journal: Journal | None,
        *,
        program: Program | None = None,
        limits: Limits | None = None,
        run: str = "r-1",
        model: ScriptedModel | None = None,
        sampling: Sampling | None = None,
    ) -> None:
        self.model = model or ScriptedModel()
        self.budget = Budget(limits or Limits())
        self.gateway = Gateway(
            {MODEL: self.model}, journal=journal, budget=self.budget, run=run, patience=Patience(attempts=1)
        )
        self.runner = RolloutRunner(
            program or prompt_program("Repeat."),
            Exact(),
            self.gateway,
            journal,
            self.budget,
            run=run,
            model=MODEL,
            sampling=sampling or Sampling(max_tokens=2),
            seed=7,
        )


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal.open(tmp_path)
    yield journal
    journal.close()


def program_of(run: Callable[[Example, Call], object]) -> Program:
    async def body(example: Example, call: Call) -> str:
        return await run(example, call)  # type: ignore[misc, no-any-return]

    return Program({"prompt": "Repeat."}, body)


async def test_a_rollout_holds_what_happened(journal: Journal) -> None:
    sitting = Sitting(journal)
    odd = replace(EXAMPLES[1], expected="something else")
    first, second = await sitting.runner.run(SEED, [EXAMPLES[0], odd], split="feedback", replicate=3)
    assert (first.candidate, first.example, first.replicate) == (SEED.id, "0", 3)
    assert (first.output, first.score, first.feedback, first.error) == ("text 0", 1.0, "correct", None)
    assert (first.tokens, first.cost, first.seconds) == (12, 0.001, 0.5)
    (call,) = first.calls
    assert (call.module, call.inputs) == ("prompt", {"text": "text 0"})
    assert call.messages == (Message("system", "Repeat."), Message("user", "text 0"))
    assert call.reply is not None
    assert call.reply.text == "text 0"
    assert (second.score, second.feedback) == (0.0, "expected something else, got text 1")
    assert journal.rollouts("r-1", split="feedback") == [first, second]


async def test_a_request_carries_the_runs_model_seed_sampling_and_replicate() -> None:
    sampling = Sampling(temperature=0.7, max_tokens=9)
    sitting = Sitting(None, sampling=sampling)
    await sitting.runner.run(SEED, EXAMPLES[:1], split="feedback", replicate=2)
    (request,) = sitting.model.calls
    assert (request.model, request.sampling, request.seed, request.replicate) == (MODEL, sampling, 7, 2)


async def test_an_unknown_price_is_an_unknown_cost() -> None:
    sitting = Sitting(None, model=ScriptedModel(price=None))
    (rollout,) = await sitting.runner.run(SEED, EXAMPLES[:1], split="feedback")
    assert rollout.cost is None


async def test_all_rollouts_are_in_flight_at_once(journal: Journal) -> None:
    sitting = Sitting(journal)
    sitting.model.gate = asyncio.Event()
    running = asyncio.create_task(sitting.runner.run(SEED, EXAMPLES, split="validation"))
    await sitting.model.reaches(len(EXAMPLES))
    sitting.model.gate.set()
    assert [rollout.example for rollout in await running] == [example.id for example in EXAMPLES]


async def test_what_was_done_is_not_done_again(journal: Journal) -> None:
    sitting = Sitting(journal, limits=Limits(max_rollouts=5))
    first = await sitting.runner.run(SEED, EXAMPLES[:3], split="validation")
    again = await sitting.runner.run(SEED, [*EXAMPLES[:5], EXAMPLES[0]], split="validation")
    assert again[:3] == first
    assert again[5] == first[0]
    assert (sitting.budget.spent().rollouts, len(sitting.model.calls)) == (5, 5)


async def test_other_candidates_and_replicates_are_rollouts_of_their_own(journal: Journal) -> None:
    sitting = Sitting(journal)
    for candidate, replicate in ((SEED, 0), (SEED.with_text("prompt", "Again."), 0), (SEED, 1)):
        await sitting.runner.run(candidate, EXAMPLES[:2], split="validation", replicate=replicate)
    assert sitting.budget.spent().rollouts == 6
    assert len(journal.rollouts("r-1")) == 6


async def test_two_who_want_the_same_rollouts_at_once_pay_once(journal: Journal) -> None:
    sitting = Sitting(journal, limits=Limits(max_rollouts=6))
    sitting.model.gate = asyncio.Event()
    one = asyncio.create_task(sitting.runner.run(SEED, EXAMPLES[:4], split="validation"))
    other = asyncio.create_task(sitting.runner.run(SEED, EXAMPLES[2:], split="validation"))
    await sitting.model.reaches(6)
    sitting.model.gate.set()
    assert (await one)[2:] == (await other)[:2]
    assert (sitting.budget.spent().rollouts, len(journal.rollouts("r-1"))) == (6, 6)


async def test_who_waits_for_rollouts_that_fail_elsewhere_does_them_itself(journal: Journal) -> None:
    sitting = Sitting(journal)
    sitting.model.gate = asyncio.Event()
    one = asyncio.create_task(sitting.runner.run(SEED, EXAMPLES[:3], split="validation"))
    await sitting.model.reaches(3)
    other = asyncio.create_task(sitting.runner.run(SEED, EXAMPLES[:3], split="validation"))
    await asyncio.sleep(0)
    one.cancel()
    sitting.model.gate.set()
    assert [rollout.score for rollout in await other] == [1.0] * 3
    assert sitting.budget.spent().rollouts == 3


async def test_rollouts_that_do_not_fit_are_not_begun(journal: Journal) -> None:
    sitting = Sitting(journal, limits=Limits(max_rollouts=5))
    with pytest.raises(BudgetSpent, match="max_rollouts = 5 leaves 5, and the next step needs up to 6"):
        await sitting.runner.run(SEED, EXAMPLES, split="validation")
    assert (sitting.model.calls, sitting.budget.rollouts_left()) == ([], 5)


async def test_what_could_be_finished_before_the_tokens_ended_is_kept(journal: Journal) -> None:
    sitting = Sitting(journal, limits=Limits(max_tokens=4 * 12 + 11))
    with pytest.raises(BudgetSpent, match="max_tokens"):
        await sitting.runner.run(SEED, EXAMPLES, split="validation")
    assert len(journal.rollouts("r-1")) == 4
    spent = sitting.budget.spent()
    assert (spent.rollouts, spent.tokens) == (4, 48)


async def test_a_resumed_run_pays_nothing_twice_and_counts_all(journal: Journal) -> None:
    first = Sitting(journal, limits=Limits(max_rollouts=6))
    before = await first.runner.run(SEED, EXAMPLES[:4], split="validation")
    resumed = Sitting(journal, limits=Limits(max_rollouts=6))
    after = await resumed.runner.run(SEED, EXAMPLES, split="validation")
    assert after[:4] == before
    assert [request.messages[-1].content for request in resumed.model.calls] == ["text 4", "text 5"]
    spent = resumed.budget.spent()
    assert (spent.rollouts, spent.tokens) == (6, 72)
    assert spent.cost == pytest.approx(0.006)


async def test_recorded_work_is_taken_up_also_where_the_budget_is_spent(journal: Journal) -> None:
    first = Sitting(journal)
    before = await first.runner.run(SEED, EXAMPLES, split="validation")
    resumed = Sitting(journal, limits=Limits(max_rollouts=2, max_tokens=20, max_seconds=0.0))
    assert await resumed.runner.run(SEED, EXAMPLES, split="validation") == before
    assert (resumed.budget.spent().rollouts, resumed.budget.spent().tokens) == (6, 72)


async def test_a_reply_that_came_before_the_kill_is_not_paid_again(journal: Journal) -> None:
    first = Sitting(journal)
    (rollout,) = await first.runner.run(SEED, EXAMPLES[:1], split="validation")
    journal.write([("DELETE FROM rollouts", ())])
    resumed = Sitting(journal)
    assert await resumed.runner.run(SEED, EXAMPLES[:1], split="validation") == [rollout]
    assert (resumed.model.calls, resumed.budget.spent().tokens) == ([], 12)


async def test_what_another_run_paid_is_free_but_counts_as_a_rollout(journal: Journal) -> None:
    await Sitting(journal, run="r-1").runner.run(SEED, EXAMPLES, split="validation")
    for _ in range(2):
        sitting = Sitting(journal, run="r-2")
        await sitting.runner.run(SEED, EXAMPLES, split="validation")
        spent = sitting.budget.spent()
        assert (spent.rollouts, spent.tokens, sitting.model.calls) == (6, 0, [])


async def test_a_model_that_is_away_gives_no_score_and_what_it_was_answering_is_kept(journal: Journal) -> None:
    sitting = Sitting(journal)
    await sitting.runner.run(SEED, EXAMPLES[:1], split="validation")
    sitting.model.gate = asyncio.Event()
    sitting.model.failures["text 3"] = ModelUnavailable("scripted/echo is away")
    with pytest.raises(ModelUnavailable, match="scripted/echo is away"):
        await sitting.runner.run(SEED, EXAMPLES, split="validation")
    assert [rollout.example for rollout in journal.rollouts("r-1")] == ["0"]
    assert sitting.budget.spent().rollouts == 1
    sitting.model.gate.set()
    await sitting.gateway.close()
    assert sitting.model.cut_off == 0
    # Paid for, and found again when the run is resumed.
    assert len(journal.read("SELECT 1 FROM replies")) == 5


async def test_a_program_that_catches_everything_gets_no_score_for_the_network(journal: Journal) -> None:
    async def careless(example: Example, call: Call) -> str:
        try:
            return await call("prompt", **example.inputs)
        except Exception:
            return example.inputs["text"]

    sitting = Sitting(journal, program=program_of(careless))
    sitting.model.failures["text 0"] = ModelUnavailable("scripted/echo is away")
    with pytest.raises(ModelUnavailable):
        await sitting.runner.run(SEED, EXAMPLES[:1], split="validation")
    assert journal.rollouts("r-1") == []


async def test_a_journal_that_cannot_write_gives_no_rollout(journal: Journal) -> None:
    async def offline(example: Example, call: Call) -> str:
        return example.inputs["text"]

    sitting = Sitting(journal, program=program_of(offline))
    journal.write([("DROP TABLE rollouts", ()), ("CREATE VIEW rollouts AS SELECT * FROM runs WHERE 0", ())])
    with pytest.raises(JournalError):
        await sitting.runner.run(SEED, EXAMPLES[:1], split="validation")
    assert sitting.budget.spent().rollouts == 0


async def test_a_refused_request_is_the_candidates_fault(journal: Journal) -> None:
    sitting = Sitting(journal)
    sitting.model.failures["text 0"] = RequestRefused("the prompt has 9000 tokens, more than the window of 4096")
    rollout, other = await sitting.runner.run(SEED, EXAMPLES[:2], split="validation")
    problem = "the prompt has 9000 tokens, more than the window of 4096"
    assert (rollout.score, rollout.output, rollout.error) == (0.0, "", problem)
    assert rollout.feedback == f"the program failed: {problem}"
    assert [(call.reply, call.error) for call in rollout.calls] == [(None, problem)]
    assert other.score == 1.0


async def test_a_program_may_go_on_after_a_refusal(journal: Journal) -> None:
    async def patient(example: Example, call: Call) -> str:
        try:
            return await call("prompt", **example.inputs)
        except RequestRefused:
            return await call("prompt", text="shorter")

    sitting = Sitting(journal, program=program_of(patient))
    sitting.model.failures["text 0"] = RequestRefused("too long")
    (rollout,) = await sitting.runner.run(SEED, [replace(EXAMPLES[0], expected="shorter")], split="validation")
    assert (rollout.score, rollout.error, [call.error for call in rollout.calls]) == (1.0, None, ["too long", None])


async def fails_half_way(example: Example, call: Call) -> str:
    await call("prompt", **example.inputs)
    raise ValueError("no number in the answer")


async def gives_no_text(example: Example, call: Call) -> object:
    return 5


async def calls_nobody(example: Example, call: Call) -> str:
    return await call("summary", **example.inputs)


@pytest.mark.parametrize(
    ("run", "error", "calls"),
    [
        pytest.param(fails_half_way, "ValueError: no number in the answer", 1, id="raises"),
        pytest.param(gives_no_text, "TypeError: the program gave int where text is expected", 0, id="no text"),
        pytest.param(
            calls_nobody, "LookupError: there is no module 'summary'; the program has 'prompt'", 0, id="no module"
        ),
    ],
)
async def test_a_mistake_of_the_program_is_a_rollout_with_a_score(
    journal: Journal, run: Callable[[Example, Call], object], error: str, calls: int
) -> None:
    sitting = Sitting(journal, program=program_of(run))
    (rollout,) = await sitting.runner.run(SEED, EXAMPLES[:1], split="validation")
    assert (rollout.score, rollout.output, rollout.error) == (0.0, "", error)
    assert rollout.feedback == f"the program failed: {error}"
    assert len(rollout.calls) == calls
    assert sitting.budget.spent().rollouts == 1
    assert journal.rollouts("r-1") == [rollout]


async def test_a_trace_keeps_the_order_in_which_calls_began(journal: Journal) -> None:
    async def both(example: Example, call: Call) -> str:
        answers = await asyncio.gather(call("first", text="slow"), call("second", text="fast"))
        return " ".join(answers)

    candidate = Candidate({"first": "Repeat.", "second": "Repeat."})
    sitting = Sitting(journal, program=program_of(both))
    (rollout,) = await sitting.runner.run(candidate, [Example("1", {"text": "x"}, "slow fast")], split="validation")
    assert rollout.score == 1.0
    assert [(call.module, call.reply and call.reply.text) for call in rollout.calls] == [
        ("first", "slow"),
        ("second", "fast"),
    ]
    assert (rollout.tokens, rollout.seconds) == (24, 1.0)
    assert rollout.cost == pytest.approx(0.002)


async def test_a_program_is_not_given_the_answer(journal: Journal) -> None:
    async def cheating(example: Example, call: Call) -> str:
        return example.expected + "".join(example.fields.values())

    example = Example("1", {"text": "x"}, "the answer", {"label": "the answer"})
    (rollout,) = await Sitting(journal, program=program_of(cheating)).runner.run(SEED, [example], split="test")
    assert (rollout.output, rollout.score) == ("", 0.0)


async def test_without_calls_a_rollout_costs_nothing(journal: Journal) -> None:
    async def offline(example: Example, call: Call) -> str:
        return example.inputs["text"]

    (rollout,) = await Sitting(journal, program=program_of(offline)).runner.run(SEED, EXAMPLES[:1], split="test")
    assert (rollout.score, rollout.tokens, rollout.cost, rollout.calls) == (1.0, 0, 0.0, ())


async def test_a_program_that_wants_to_end_the_process_has_failed_on_its_example(journal: Journal) -> None:
    async def leaving(example: Example, call: Call) -> str:
        raise SystemExit(0)

    rollouts = await Sitting(journal, program=program_of(leaving)).runner.run(SEED, EXAMPLES[:2], split="test")
    assert {(rollout.score, rollout.error) for rollout in rollouts} == {(0.0, "SystemExit: 0")}
    assert failures(rollouts) == "The program failed on 2 of 2 rows, which count as 0: SystemExit: 0"


def test_the_commonest_failure_is_told_with_how_many_there_are() -> None:
    fine = Rollout("c", "1", 0, "x", 1.0, "correct", (), 0, 0.0, 0.0)
    assert failures([fine, fine]) is None
    broken = [replace(fine, error=error) for error in ("KeyError: 'a'", "TypeError: b", "KeyError: 'a'")]
    assert failures([fine, *broken]) == (
        "The program failed on 3 of 4 rows, which count as 0: KeyError: 'a', and in 1 other ways"
    )
