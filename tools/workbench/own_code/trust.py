"""Whether a person's own code (a program, a graph, a metric in Python) may run: asked once for each project.

The answers lie outside every project, in `$XDG_STATE_HOME/toishi/trusted.json` (mode 600), by the project's resolved
path: a project that was downloaded cannot bring its own trust, and one that was moved is asked about again.
"""

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from toishi.tools.workbench.errors import TrustNeeded, UsageError
from toishi.tools.workbench.task import Task

WRITABLE_BY_OTHERS = 0o022


def own_code(task: Task) -> tuple[str, ...]:
    """The Python files of the person's own that a run of this task executes, from the project folder."""
    return tuple(dict.fromkeys(file for file in (task.program.own_code(), *task.metric.own_code) if file is not None))


def is_trusted(project: Path) -> bool:
    """Whether somebody said on this account that the code of this project may run.

    Raises `UsageError` where the file with the answers cannot be read, or others could have written to it.
    """
    return str(project.resolve()) in _read()


def trust(project: Path) -> None:
    """Remembers that the code of this project may run. Raises `UsageError` where that cannot be written down."""
    file = _file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _locked(file.parent):
            known = _read()
            known[str(project.resolve())] = datetime.now(UTC).isoformat(timespec="seconds")
            _write(file, json.dumps({"projects": known}, indent=2, ensure_ascii=False) + "\n")
    except OSError as error:
        raise UsageError(
            f"{file} cannot be written ({error.strerror}); it is where trust in projects is kept"
        ) from None


def require(project: Path, what: str) -> None:
    """Raises `TrustNeeded` unless the project is trusted; `what` names the code, such as `metric.py`."""
    if not is_trusted(project):
        raise TrustNeeded(
            f"This task runs code of the project {project.resolve()} ({what}), and nobody has said yet that it may; "
            "read the code, then say so once with --trust"
        )


def _file() -> Path:
    """The XDG specification has relative paths ignored."""
    state = os.environ.get("XDG_STATE_HOME", "")
    folder = Path(state) if os.path.isabs(state) else Path.home() / ".local" / "state"
    return folder / "toishi" / "trusted.json"


def _read() -> dict[str, str]:
    file = _file()
    try:
        with file.open(encoding="utf-8") as stream:
            status = os.fstat(stream.fileno())
            if status.st_uid != os.geteuid() or status.st_mode & WRITABLE_BY_OTHERS:
                raise UsageError(f"{file} can be written by others, so it says nothing; remove it, or make it mode 600")
            projects = json.load(stream)["projects"]
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UsageError(f"{file} cannot be read ({error.strerror}); make it readable, or remove it") from None
    except (ValueError, KeyError, TypeError):
        raise UsageError(f"{file} is damaged; remove it, and say --trust again for your projects") from None
    if not isinstance(projects, dict):
        raise UsageError(f"{file} is damaged; remove it, and say --trust again for your projects")
    return {str(path): str(when) for path, when in projects.items()}


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Two processes that say so at once both stay heard."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write(file: Path, text: str) -> None:
    """The whole file or nothing of it, whenever the process dies; temporary files are made with mode 600."""
    descriptor, draft = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(draft, file)
    except BaseException:
        os.unlink(draft)
        raise
