"""What harm is: the same question whether a program ran inside the sandbox or outside."""

from tests.tools.workbench.sandbox.attacks.attack import Said
from tests.tools.workbench.sandbox.attacks.stage import SECRET, SECRET_FILE, Stage, marked

MOST_OUTPUT = 10 * 1024


def tells_the_secret(stage: Stage, said: Said) -> bool:
    """A text, a value or a file of the program holds what it should not know."""
    brought = b"".join(change.after or b"" for change in said.changes)
    return SECRET in said.stdout + said.stderr or SECRET.encode() in said.value + brought


def names_the_secret(stage: Stage, said: Said) -> bool:
    """It says by itself what a file is called that it was told nothing of."""
    return f"found {SECRET_FILE}" in said.stdout


def changes_files(stage: Stage, said: Said) -> bool:
    """Something that does not belong to the program is not what it was."""
    return not stage.files_are_whole()


def reaches_others(stage: Stage, said: Said) -> bool:
    """Somebody heard from it."""
    return stage.was_heard_from()


def harms_the_victim(stage: Stage, said: Said) -> bool:
    """Another process was ended, stopped, changed or hindered."""
    return not stage.victim_is_well()


def ends_its_watch(stage: Stage, said: Said) -> bool:
    """Whoever watched over it is gone."""
    return not said.told


def stays_behind(stage: Stage, said: Said) -> bool:
    """A process of it lives on."""
    return marked(stage.mark) != []


def succeeds(stage: Stage, said: Said) -> bool:
    """It says that it did what nobody may do there: the last line of each such program, behind what can fail."""
    return "done" in said.stdout.split()


def floods(stage: Stage, said: Said) -> bool:
    """It hands over more than anybody wants to hold."""
    return max(len(said.stdout), len(said.stderr), len(said.value)) > MOST_OUTPUT
