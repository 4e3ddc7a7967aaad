"""Removes what a program left behind, however it looks."""

import subprocess


def remove(folder: str) -> None:
    """Removes a folder with all that is in it; no link is followed.

    By the system's own commands, since a program may nest folders deeper than a path can be long, and may have made
    folders that nobody may enter.
    """
    for command in (["chmod", "-R", "u+rwX", "--", folder], ["rm", "-rf", "--", folder]):
        subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True)
