"""`toishi models`."""

from pathlib import Path

import click

from toishi.assistant.options import shared


@click.command("models")
@shared
def command(as_json: bool, project: Path | None) -> None:
    """Show which models were found, and why.

    One of them is what `auto` stands for. Looks for keys in the environment and in the keyring (`toishi key`), then for
    servers on this machine, then for the model in the package. Keys are looked for by name; what stands in them is
    not read. Any other model can be named in a task as well.

    \b
    Example:
      toishi models
    """
    from toishi.assistant.console import print_json, say, table
    from toishi.tools.workbench.models.discovery import discover

    found = discover()
    default = next((one for one in found if one.model is not None), None)
    if as_json:
        documents = [
            {"place": one.place, "model": one.model, "base_url": one.base_url, "reason": one.reason} for one in found
        ]
        print_json({"default": None if default is None else documents[found.index(default)], "found": documents})
        return
    rows = [[one.place, one.name or "–", "auto" if one is default else "", one.reason] for one in found]
    table(["looked in", "model", "", "what was found"], rows)
    say()
    say('In a task: [models] task = "NAME", or "NAME@ADDRESS" for a server of yours.')
