"""Writes the pages of `docs` that are made from the code: `docs/reference/` and `docs/commands/`.

`make docs` calls it; with `--check` nothing is written, and the exit code says whether a page is out of date.
"""

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from inspect import cleandoc
from pathlib import Path
from textwrap import fill

import click

from toishi.assistant import exit_codes, reference
from toishi.assistant.cli import VERBS, cli
from toishi.tools.workbench import errors, events
from toishi.tools.workbench.journal import description

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
MADE = "<!-- Made from the code by `make docs`; change it there. -->"
WIDTH = 120
# Stands for the blanks that a line may not be broken at.
UNBROKEN = "\x00"

CODES = {
    exit_codes.DONE: "done",
    exit_codes.FAILED: "failed: the sentence on stderr says why; for a comparison, the newer version is worse",
    exit_codes.USAGE: "what was given cannot be used: an option, a task, a file",
    exit_codes.NO_EVIDENCE: "no evidence of improvement",
    exit_codes.BUDGET_SPENT_BEFORE_BASELINE: "the budget was spent before there was a baseline",
    exit_codes.WAITING: "waiting for a person: a change to approve, code to trust, an answer",
    exit_codes.INTERRUPTED: "interrupted: `toishi resume` goes on, or the same `toishi eval` again",
}


def page(title: str, *parts: str) -> str:
    """A page: title, where it comes from, and its parts with an empty line between them; plain text is wrapped."""
    shown = (part if part[0] in "#|`" else wrapped(part) for part in parts)
    return "\n\n".join([f"# {title}", MADE, *shown]) + "\n"


def wrapped(text: str) -> str:
    """The paragraph on lines of `WIDTH`; what stands between backquotes is never broken."""
    whole = re.sub(r"`[^`]+`", lambda code: code[0].replace(" ", UNBROKEN), " ".join(text.split()))
    return fill(whole, WIDTH, break_on_hyphens=False).replace(UNBROKEN, " ")


def grid(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A table in Markdown."""
    lines = [columns, tuple("---" for _ in columns), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |" for line in lines
    )


def task() -> str:
    """Every table and key of task.toml."""
    parts = [
        "A task is one file, `task.toml`. Keys that are not named here are refused, and so are values of another type. "
        "`toishi init` drafts the file, `toishi init --keys` prints this page. Paths count from the file's folder."
    ]
    for table in reference.tables():
        rows = [(f"`{key.name}`", _type(key), _default(key), key.meaning) for key in table.keys]
        title = table.title if table.title == reference.TOP else f"`{table.title}`"
        parts += [f"## {title[:1].upper()}{title[1:]}", table.meaning]
        parts += [grid(("key", "type", "default", "meaning"), rows)] if rows else []
    return page("The keys of task.toml", *parts)


def _type(key: reference.Key) -> str:
    shown = re.sub(r"'[^']*'", lambda quoted: f"`{quoted[0]}`", key.type)
    return shown + (f", {key.bounds}" if key.bounds else "")


def _default(key: reference.Key) -> str:
    return {"": "must be given", "none": "–"}.get(key.default, f"`{key.default}`")


def command(verb: str) -> str:
    """One command: its help, as click prints it, in Markdown."""
    context = click.Context(cli, info_name="toishi", **cli.context_settings)
    found = cli.get_command(context, verb)
    assert found is not None
    inner = click.Context(found, info_name=verb, parent=context)
    below = found.commands if isinstance(found, click.Group) else {}
    return page(
        f"toishi {verb}",
        *_usage(f"toishi {verb}", found, inner),
        *(part for name, one in sorted(below.items()) for part in _below(f"toishi {verb} {name}", one, inner)),
        "What the exit codes say: [errors and exit codes](../reference/errors.md).",
    )


def _below(name: str, found: click.Command, owner: click.Context) -> list[str]:
    """A command of a command."""
    inner = click.Context(found, info_name=name.rpartition(" ")[2], parent=owner)
    return [f"## {name}", *(re.sub("^##", "###", part) for part in _usage(name, found, inner))]


def _usage(name: str, found: click.Command, context: click.Context) -> list[str]:
    """Usage, text and options of a command."""
    usage = " ".join(found.collect_usage_pieces(context))
    records = [record for one in found.get_params(context) if (record := _record(one, context))]
    options = grid(("option", "meaning"), [(f"`{option}`", text) for option, text in records])
    return [f"```text\n{name} {usage}\n```", *_help(found.help or ""), "## Options", options]


def _record(parameter: click.Parameter, context: click.Context) -> tuple[str, str] | None:
    """What help says of an option; arguments stand in the usage line and in the text."""
    return parameter.get_help_record(context) if isinstance(parameter, click.Option) else None


def _help(text: str) -> Iterator[str]:
    """A docstring as click reads it: paragraphs, and after `\\b` a block that keeps its lines."""
    for paragraph in re.split(r"\n\s*\n", cleandoc(text)):
        if paragraph.startswith("\b\n"):
            head, *lines = paragraph.removeprefix("\b\n").split("\n")
            body = "\n".join(line.strip() for line in lines)
            yield f"## {head.removesuffix(':')}\n\n```sh\n{body}\n```"
        else:
            yield paragraph


def commands() -> str:
    """All commands, with what each does."""
    context = click.Context(cli, info_name="toishi", **cli.context_settings)
    found = [(verb, cli.get_command(context, verb)) for verb in VERBS]
    rows = [(f"[toishi {verb}]({verb}.md)", one.get_short_help_str(100)) for verb, one in found if one]
    intro = (
        "Every command has `--help`. `--json` prints one JSON document on stdout and everything else on stderr, and "
        "`toishi --debug …` shows the traceback of an error."
    )
    return page("Commands", intro, grid(("command", "what it does"), rows))


def errors_page() -> str:
    """The errors and the exit codes."""
    codes = [(str(code), meaning) for code, meaning in CODES.items()]
    classes = [found for found in vars(errors).values() if isinstance(found, type) and issubclass(found, Exception)]
    rows = [
        (f"`{one.__name__}`", f"`{one.__bases__[0].__name__}`", " ".join((one.__doc__ or "").split()))
        for one in classes
    ]
    return page(
        "Errors and exit codes",
        "An error is one sentence on stderr that names the bad value and the way out; with `--json` it is also the one "
        'document on stdout, as `{"error": "…"}`. What a program or a model gets wrong on one example is no error: '
        "it is a rollout with a score and a feedback text.",
        "## Exit codes",
        grid(("code", "meaning"), codes),
        "## Classes",
        "For programs that use toishi as a library: all derive from `ToishiError` in `toishi.tools.workbench.errors`.",
        grid(("class", "is a", "meaning"), rows),
    )


def events_page() -> str:
    """Every kind of event with its fields."""
    parts = [
        "What a run tells while it goes on. Each event is one JSON object; beside the fields below it has a `kind`, "
        "and a `version` that counts the changes of this kind's fields. A **decision** is an event that a resumed run "
        "would make again in the same order; all others are **telemetry**. [Events](../events.md) tells how to follow "
        "them.",
    ]
    for one in events.describe():
        rows = [(f"`{name}`", kind, sentence) for name, kind, sentence in one.fields]
        parts += [f"## `{one.kind}`", f"{one.sentence} Version {one.version}."]
        parts += [grid(("field", "type", "meaning"), rows)] if rows else []
    return page("Events", *parts)


def journal_page() -> str:
    """Every table of the journal with its columns."""
    parts = [
        "The tables of `.toishi/toishi.db`. `python -m toishi.tools.workbench.journal` prints the same as metadata for "
        "Datasette. [Journal](../journal.md) tells what it is for.",
    ]
    for name, table in description.describe().items():
        parts += [f"## `{name}`", table.sentence]
        parts += [grid(("column", "meaning"), [(f"`{column}`", text) for column, text in table.columns.items()])]
    return page("Tables of the journal", *parts)


PAGES: dict[str, Callable[[], str]] = {
    "reference/task.md": task,
    "reference/events.md": events_page,
    "reference/journal.md": journal_page,
    "reference/errors.md": errors_page,
    "commands/index.md": commands,
    **{f"commands/{verb}.md": partial(command, verb) for verb in VERBS},
}


def stale() -> list[str]:
    """The pages that are not what the code says, and those whose code is gone."""
    there = {
        path.relative_to(DOCS).as_posix() for room in ("reference", "commands") for path in (DOCS / room).glob("*.md")
    }
    differ = [name for name, make in PAGES.items() if name not in there or (DOCS / name).read_text() != make()]
    return sorted({*differ, *(there - set(PAGES))})


def main() -> None:
    names = stale()
    if "--check" in sys.argv:
        sys.exit(f"out of date: {', '.join(names)}; run `make docs`" if names else 0)
    for name in names:
        file = DOCS / name
        if name not in PAGES:
            file.unlink()
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(PAGES[name]())
        print(f"wrote docs/{name}")


if __name__ == "__main__":
    main()
