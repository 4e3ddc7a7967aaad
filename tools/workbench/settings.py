"""Where things lie: the folder of a project and what toishi keeps in it."""

import os
from pathlib import Path

FOLDER = ".toishi"
TASK_FILE = "task.toml"


def find_project(task_file: Path | None = None) -> Path:
    """The project folder, absolute.

    It is the nearest folder that already holds `.toishi`, looked for from the task file's folder upwards (`task_file`
    may also be that folder), or from the current folder where no task is named. Where none does, it is that folder
    itself.
    """
    start = task_file or Path.cwd()
    start = (start if start.is_dir() else start.absolute().parent).resolve()
    return next((folder for folder in (start, *start.parents) if (folder / FOLDER).is_dir()), start)


def journal_file(project: Path) -> Path:
    """The database of a project."""
    return project / FOLDER / "toishi.db"


def state_folder() -> Path:
    """What toishi keeps for a person and not for a project; the XDG specification has relative paths ignored."""
    state = os.environ.get("XDG_STATE_HOME", "")
    return (Path(state) if os.path.isabs(state) else Path.home() / ".local" / "state") / "toishi"
