"""What is asked before rows leave the machine, and that it is asked once."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from toishi.tools.workbench.errors import ConsentNeeded
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.journal import Journal
from toishi.tools.workbench.personal.sending import Sending, before_sending, content_of, models_of, settle, told
from toishi.tools.workbench.task import Task

ROWS = (
    Example("1", {"text": "I am ada@example.org"}, "card", {"note": "tel. +49 30 901820"}),
    Example("2", {"text": "Where is my card?"}, "card", {"note": ""}),
)


def task(model: str = "openai/gpt-5-mini", metric: dict[str, Any] | None = None, **models: str) -> Task:
    return Task.model_validate(
        {
            "name": "Messages",
            "program": {"prompt": "prompt.txt"},
            "data": {"inputs": ["text"], "expected": "label", "file": "m.csv"},
            "metric": metric or {"kind": "exact"},
            "models": {"task": model, **models},
            "texts": {"prompt": {"path": "prompt.txt", "content": "Name the intent."}},
            "sources": {},
        }
    )


def asked(task: Task, models: Sequence[str], journal: Journal | None = None) -> Sending | None:
    return before_sending(task, ROWS, models, journal)


def test_what_stays_on_the_machine_is_not_looked_at() -> None:
    assert asked(task("embedded/mini"), ["embedded/mini"]) is None
    here = task("openai/x", base_url="http://127.0.0.1:8000/v1")
    assert asked(here, ["openai/x"]) is None
    # The address is that of the task's model alone.
    found = asked(here, ["openai/x", "anthropic/y"])
    assert found is not None
    assert found.destinations == ("anthropic",)


def test_rows_without_personal_fields_may_go_anywhere() -> None:
    assert before_sending(task(), ROWS[1:], ["openai/gpt-5-mini"]) is None


def test_the_findings_name_field_kind_count_and_place() -> None:
    found = asked(task(), ["openai/gpt-5-mini"])
    assert found is not None
    assert found.sentence() == "What looks personal ('text') would be sent to openai"
    (finding,) = found.findings.found
    assert told(finding) == "'text': e-mail addresses in 1 row (50 %), such as a••@e••••••.o••"


def test_a_column_that_the_metric_reads_counts_too() -> None:
    judge = {"kind": "judge", "rubric": "Is it right?", "fields": ["note"]}
    found = asked(task(metric=judge), ["openai/gpt-5-mini"])
    assert found is not None
    assert found.findings.fields == ("text", "note")


def test_only_a_metric_that_asks_a_model_counts_the_judge() -> None:
    plain = task("embedded/mini", reflection="anthropic/r", judge="mistral/j")
    assert models_of(plain, rewriting=True) == ("embedded/mini", "anthropic/r")
    assert models_of(plain, rewriting=False) == ("embedded/mini",)
    judged = task("embedded/mini", {"kind": "judge", "rubric": "Is it right?"}, judge="mistral/j")
    assert models_of(judged, rewriting=False) == ("embedded/mini", "mistral/j")


def test_an_agreement_holds_for_this_content_and_this_place(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path)
    settle(journal, asked(task(), ["openai/gpt-5-mini"], journal), lambda found: True)

    assert asked(task(), ["openai/gpt-5-mini"], journal) is None
    # In another order, and divided otherwise, it is the same content.
    assert before_sending(task(), ROWS[::-1], ["openai/gpt-5-mini"], journal) is None
    elsewhere = asked(task(), ["openai/gpt-5-mini", "anthropic/x"], journal)
    assert elsewhere is not None
    assert elsewhere.destinations == ("anthropic",)
    more = [*ROWS, Example("3", {"text": "and grace@example.org"}, "card")]
    assert before_sending(task(), more, ["openai/gpt-5-mini"], journal) is not None
    journal.close()


def test_a_refusal_is_a_sentence_with_the_way_out_and_is_not_remembered(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path)
    with pytest.raises(ConsentNeeded) as refused:
        settle(journal, asked(task(), ["openai/gpt-5-mini"], journal), lambda found: False)
    assert str(refused.value) == (
        "Nothing was sent to openai, as 'text' looks personal; take it out, name a model on this machine, or agree "
        "with --send-personal"
    )
    assert asked(task(), ["openai/gpt-5-mini"], journal) is not None
    journal.close()


def test_the_content_is_that_of_the_rows_and_not_of_their_order() -> None:
    one, other = {"a": "1", "b": "2"}, {"a": "3", "b": "4"}
    assert content_of([one, other]) == content_of([other, dict(reversed(one.items()))])
    assert len({content_of(rows) for rows in ([one], [one, one], [one, other], [{"a": "2", "b": "1"}], [])}) == 5
