"""Asks before rows that look personal are sent to a model that is not on this machine."""

import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from toishi.assistant import exit_codes
from toishi.assistant.console import log
from toishi.assistant.options import settings_of

if TYPE_CHECKING:
    from toishi.tools.workbench.data import Splits
    from toishi.tools.workbench.example import Example
    from toishi.tools.workbench.journal import Journal
    from toishi.tools.workbench.personal.sending import Sending
    from toishi.tools.workbench.runs import Consent
    from toishi.tools.workbench.task import Task

F = TypeVar("F", bound=Callable[..., Any])


def sending(command: F) -> F:
    """Adds `--send-personal` (passed as `send_personal`)."""
    told = "Send rows that look personal to a model elsewhere; said once for each content of the data."
    return click.option("--send-personal", is_flag=True, help=told)(command)


def consent_for(journal: "Journal", *, given: bool, rewriting: bool) -> "Consent":
    """What `create_run` asks before it stores anything; `given` is `--send-personal`, which answers yes.

    `rewriting`: the rows are read by the model that rewrites, too. Raises and ends as `settle_sending` does.
    """
    from toishi.tools.workbench.personal.sending import models_of

    def consent(task: "Task", rows: "Splits") -> None:
        settle_sending(journal, task, rows.all, models_of(task, rewriting=rewriting), given=given)

    return consent


def settle_sending(
    journal: "Journal", task: "Task", examples: "Iterable[Example]", models: tuple[str, ...], *, given: bool
) -> None:
    """Asks once for each content and destination; `given` answers yes.

    Raises `ConsentNeeded` where there is nobody to ask; a person's no ends the command with exit code 5.
    """
    from toishi.tools.workbench.personal.sending import before_sending, settle

    def ask(found: "Sending") -> bool:
        _tell(found)
        if given:
            return True
        as_json = settings_of(click.get_current_context()).json
        if as_json or not (sys.stdin.isatty() and sys.stderr.isatty()):
            return False
        if not click.confirm("Send these rows?", err=True):
            # An answer is no error.
            log("Nothing was sent. Take the fields out, or name a model on this machine.")
            click.get_current_context().exit(exit_codes.WAITING)
        return True

    settle(journal, before_sending(task, examples, models, journal), ask)


def _tell(found: "Sending") -> None:
    from toishi.tools.workbench.personal.sending import told

    log(f"{found.sentence()}:")
    for finding in found.findings.found:
        log(f"  {told(finding)}")
