"""`toishi key`."""

import click

from toishi.assistant.options import answering_json


@click.group("key")
def command() -> None:
    """Keep providers' keys in the system's keyring.

    A key in the environment goes first. Keys stand nowhere else: in no file of a project, no log and no database.

    \b
    Example:
      toishi key set openai
      pass show openai | toishi key set openai
      toishi key list
    """


@command.command("set")
@click.argument("name", metavar="PROVIDER|VARIABLE")
@answering_json
def set_key(name: str, as_json: bool) -> None:
    """Store a key, read from a hidden prompt or from stdin.

    PROVIDER is the first part of a model's name (openai, anthropic …); VARIABLE is the variable that would hold the
    key, such as TOISHI_API_KEY for a server of your own. A key is never given as an argument: others could read it.
    """
    import sys

    from toishi.assistant.console import print_json, say
    from toishi.tools.workbench.errors import UsageError
    from toishi.tools.workbench.models import stored_keys
    from toishi.tools.workbench.models.keys import variable_of

    variable = variable_of(name)
    if sys.stdin.isatty():
        key = click.prompt(f"{variable} (hidden)", hide_input=True, default="", show_default=False, err=True)
    else:
        key = sys.stdin.readline()
    if not key.strip():
        raise UsageError(f"no key was given for {variable}, so nothing was stored; type it, or send it to stdin")
    stored_keys.store(variable, key.strip())
    if as_json:
        print_json({"stored": variable})
    else:
        say(f"{variable} is stored in the keyring.")


@command.command("list")
@answering_json
def list_keys(as_json: bool) -> None:
    """Show which keys are there, and where; never what they are."""
    import os

    from toishi.assistant.console import print_json, say, table
    from toishi.tools.workbench.models import stored_keys
    from toishi.tools.workbench.models.keys import KEY_FOR_BASE_URL, PROVIDERS

    stored = stored_keys.names()
    known = [variable for provider in PROVIDERS for variable in provider.variables] + [KEY_FOR_BASE_URL]
    places = {
        variable: "environment" if os.environ.get(variable) else "keyring"
        for variable in dict.fromkeys([*known, *stored])
        if os.environ.get(variable) or variable in stored
    }
    if as_json:
        print_json({"keys": [{"variable": variable, "place": place} for variable, place in places.items()]})
    elif places:
        table(["variable", "found in"], [[variable, place] for variable, place in places.items()])
    else:
        say("No key is set or stored. Store one: toishi key set openai")


@command.command("forget")
@click.argument("name", metavar="PROVIDER|VARIABLE")
@answering_json
def forget_key(name: str, as_json: bool) -> None:
    """Remove a key from the keyring."""
    from toishi.assistant.console import print_json, say
    from toishi.tools.workbench.models import stored_keys
    from toishi.tools.workbench.models.keys import variable_of

    variable = variable_of(name)
    stored_keys.forget(variable)
    if as_json:
        print_json({"forgotten": variable})
    else:
        say(f"{variable} is no longer in the keyring.")
