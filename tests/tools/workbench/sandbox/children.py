"""Finds the processes that the sandbox starts."""

from pathlib import Path


def child_of(pid: int, named: str = "") -> int:
    """The number of a process's child with this word in its command line, as soon as there is one."""
    while True:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                if named in Path(f"/proc/{child}/cmdline").read_text():
                    return int(child)
