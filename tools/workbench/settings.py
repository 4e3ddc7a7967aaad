"""Where things lie: the folder of a project and what toishi keeps in it."""

import os
from pathlib import Path

FOLDER = ".toishi"
TASK_FILE = "task.toml"


def find_project(task_file: Path | None = None) -> Path:
    """The project folder, absolute.

    It is the nearest folder that already holds a `.toishi` of this account, looked for from the task file's folder
    upwards (`task_file` may also be that folder), or from the current folder where no task is named. Where none does,
    it is that folder itself.
    """
    start = task_file or Path.cwd()
    start = (start if start.is_dir() else start.absolute().parent).resolve()
    return next((folder for folder in (start, *start.parents) if _is_ours(folder / FOLDER)), start)


def _is_ours(folder: Path) -> bool:
    """Whether it is there and of this account: in a folder that others write to, as /tmp, anybody may have put it."""
    try:
        return folder.is_dir() and folder.stat().st_uid == os.geteuid()
    except OSError:
        return False


def link_out_of(project: Path) -> Path | None:
    """A symbolic link among the places that toishi writes to, which leads out of the project; None where there is none.

    A folder that somebody else packed may hold one, and what is written would then change another file.
    """
    home = project.resolve()
    places = (project / FOLDER, journal_file(project), project / FOLDER / "runs", project / FOLDER / ".gitignore")
    return next((one for one in places if one.is_symlink() and not one.resolve().is_relative_to(home)), None)


def journal_file(project: Path) -> Path:
    """The database of a project."""
    return project / FOLDER / "toishi.db"


def state_folder() -> Path:
    """What toishi keeps for a person and not for a project; the XDG specification has relative paths ignored."""
    state = os.environ.get("XDG_STATE_HOME", "")
    return (Path(state) if os.path.isabs(state) else Path.home() / ".local" / "state") / "toishi"
