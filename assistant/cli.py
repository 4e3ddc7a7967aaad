"""The command `toishi`: finds the verb's module when it is called, and turns errors into sentences and exit codes.

It knows the verbs by name only. Each lives in a module of `commands` that holds one click command named `command`.
"""

import difflib
import traceback
from importlib import import_module
from typing import Any

import click

from toishi.assistant import exit_codes
from toishi.assistant.options import Settings, settings_of
from toishi.tools.workbench.errors import AnswerNeeded, BudgetSpent, NoVerdict, ToishiError, TrustNeeded, UsageError

VERBS = (
    "demo",
    "init",
    "run",
    "data",
    "label",
    "eval",
    "judge",
    "runs",
    "show",
    "front",
    "diff",
    "apply",
    "undo",
    "resume",
    "cancel",
    "purge",
    "models",
    "key",
    "doctor",
)


class Verbs(click.Group):
    """A group that imports a command's module when the command is asked for, and answers errors in one sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command = import_module(f"toishi.assistant.commands.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if not name.startswith("-") and name not in VERBS:
            near = difflib.get_close_matches(name, VERBS, n=1)
            way_out = f"did you mean `toishi {near[0]}`?" if near else "`toishi --help` lists the commands"
            raise click.UsageError(f"There is no command '{name}'; {way_out}", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except KeyboardInterrupt as stop:
            if stop.args:
                _say(str(stop), settings_of(ctx))
            ctx.exit(exit_codes.INTERRUPTED)
        except Exception as error:
            _tell(error, settings_of(ctx))
            ctx.exit(_exit_code(error))


def _exit_code(error: Exception) -> int:
    """A budget that ends a command by itself was spent before there was anything to show."""
    if isinstance(error, TrustNeeded | AnswerNeeded):
        return exit_codes.WAITING
    if isinstance(error, UsageError):
        return exit_codes.USAGE
    if isinstance(error, NoVerdict):
        return exit_codes.INTERRUPTED
    return exit_codes.BUDGET_SPENT_BEFORE_BASELINE if isinstance(error, BudgetSpent) else exit_codes.FAILED


def _tell(error: Exception, settings: Settings) -> None:
    """The error as a person meets it; in `--json` mode also as the one document on stdout. No secret is in either."""
    from toishi.tools.workbench.redaction import redact

    if settings.debug:
        click.echo(redact("".join(traceback.format_exception(error))), err=True, nl=False)
    unexpected = f"{type(error).__name__}: {error}; run it again as `toishi --debug …` for the traceback"
    sentence = redact(str(error) if isinstance(error, ToishiError) else unexpected)
    _say(sentence, settings, before="Error: ")


def _say(sentence: str, settings: Settings, *, before: str = "") -> None:
    from toishi.assistant.console import print_json, visible

    click.echo(f"{before}{visible(sentence)}", err=True)
    if settings.json:
        print_json({"error": sentence})


EXIT_CODES = """\b
Exit codes:
  0 done   1 failed   2 usage   3 no evidence of improvement   4 budget spent before a baseline
  5 waiting for a person   130 interrupted, can be resumed"""


@click.command(
    cls=Verbs, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(package_name="toishi", message="%(package)s %(version)s")
@click.pass_context
def cli(ctx: click.Context, debug: bool) -> None:
    """Improves prompts and language-model programs on your own data, and shows the change to accept.

    \b
    Start here:
      toishi demo                a prompt for bank messages, improved on this machine without any key
      toishi init                a task from your own prompt and data
      toishi run task.toml       the same for a task of your own
    """
    settings_of(ctx).debug = debug


def main() -> None:
    """The console script."""
    cli(prog_name="toishi")
