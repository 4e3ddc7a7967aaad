"""Which of a person's own files hold some texts: they are looked into and never changed.

Looked at are the files that tasks name, and those that lie in the project folder itself, beside `.toishi`.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from toishi.tools.workbench.journal.quoting import Quotes
from toishi.tools.workbench.task import Task

BLOCK = 2**20
# What lies in the folder and no task names is looked into up to this size.
MOST_BYTES = 64 * BLOCK


def data_files(tasks: Iterable[Task]) -> list[str]:
    """The files that rows come from, as the tasks name them."""
    named = [[*task.data.files().values(), *filter(None, [task.data.requests])] for task in tasks]
    return list(dict.fromkeys(name for names in named for name in names))


def holding(project: Path, tasks: Iterable[Task], quotes: Quotes) -> list[str]:
    """The files in which one of the texts stands, relative to the project where they lie in it."""
    tasks = list(tasks)
    named = [*data_files(tasks), *(one.path for task in tasks for one in task.texts.values())]
    named += [name for task in tasks for name in task.sources]
    paths = [*_files_of(project / name for name in named), *_beside(project)]
    return [shown(path, project) for path in dict.fromkeys(paths) if _stands_in(path, quotes)]


def _files_of(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        yield from sorted(path.rglob("*")) if path.is_dir() else [path]


def _beside(project: Path) -> Iterator[Path]:
    for path in sorted(project.iterdir()):
        if path.is_file() and not path.name.startswith(".") and path.stat().st_size <= MOST_BYTES:
            yield path


def _stands_in(path: Path, quotes: Quotes) -> bool:
    """Whether one of them stands in a file, read in blocks; one that cannot be read holds nothing that can be told."""
    overlap = 4 * quotes.longest
    end = b""
    try:
        with path.open("rb") as stream:
            while block := stream.read(BLOCK):
                block = end + block
                # Spreadsheets still write the code page of Windows.
                if any(quotes.stand_in(block.decode(code, errors="replace")) for code in ("utf-8", "cp1252")):
                    return True
                end = block[-overlap:]
    except OSError:
        return False
    return False


def shown(path: Path, project: Path) -> str:
    """A path as a person names it: from the project folder where it lies in it."""
    return str(path.relative_to(project)) if path.is_relative_to(project) else str(path)
