"""`toishi doctor`."""

from pathlib import Path

import click

from toishi.assistant.options import shared


@click.command("doctor")
@click.option("--save-journal", is_flag=True, help="Save what a damaged journal still holds, and do nothing else.")
@shared
def command(save_journal: bool, as_json: bool, project: Path | None) -> None:
    """Show what is ready here, and what is missing.

    Says how to get what is missing, and what works without it. Ends with exit code 1 where no method can run.
    Nothing is spent, and nothing is written but what --save-journal writes.

    \b
    Example:
      toishi doctor
    """
    from toishi.assistant import exit_codes
    from toishi.assistant.console import print_json, say, table
    from toishi.assistant.readiness import checks, methods

    if save_journal:
        _save_journal(project, as_json=as_json)
        return
    found = checks(project)
    ways = methods(found)
    if as_json:
        print_json(
            {
                "checks": [
                    {"name": check.name, "ok": check.ok, "found": check.found, "way_out": check.way_out}
                    for check in found
                ],
                "methods": {method.name: {"ready": method.ready, "missing": list(method.missing)} for method in ways},
            }
        )
    else:
        rows = [[check.name, "ok" if check.ok else "missing", check.found] for check in found]
        table(["check", "", "found"], rows)
        say()
        for method in ways:
            say(f"{method.name}: " + ("ready" if method.ready else f"needs {', '.join(method.missing)}"))
        for check in found:
            if not check.ok and check.way_out:
                say(f"{check.name}: {check.way_out}")
    ready = any(method.ready for method in ways)
    click.get_current_context().exit(exit_codes.DONE if ready else exit_codes.FAILED)


def _save_journal(project: Path | None, *, as_json: bool) -> None:
    from toishi.assistant.console import print_json, say
    from toishi.assistant.options import project_with_runs
    from toishi.tools.workbench.journal.salvage import salvage
    from toishi.tools.workbench.runs import refuse_alive
    from toishi.tools.workbench.settings import journal_file

    folder = project_with_runs(project)
    refuse_alive(folder)
    saved = salvage(journal_file(folder))
    if as_json:
        print_json({"rows": dict(saved.rows), "damaged": str(saved.damaged)})
        return
    found = ", ".join(f"{rows:,} {table}" for table, rows in saved.rows.items() if rows)
    say(f"Saved {found}. The damaged journal is kept as {saved.damaged}.")
