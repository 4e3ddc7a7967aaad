"""Deletes for good what toishi keeps of a run, of some rows, or of a whole project.

The journal deletes its own; here is what lies beside it: logs and locks of runs, and labels of the rows. They go first,
since only the journal knows which texts to look for: where it is cut off, the same command again finds the rest.

A person's own files (the data, the prompts) are never touched, and what a provider was sent is out of reach; both are
told.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from toishi.tools.workbench.errors import JournalError, UsageError
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.journal import Journal, RunRow
from toishi.tools.workbench.journal.description import TABLES
from toishi.tools.workbench.journal.quoting import Quotes, values_of
from toishi.tools.workbench.labels.joining import SUFFIX, labels_file
from toishi.tools.workbench.labels.sidecar import Label, inputs_of, read_labels, update_labels
from toishi.tools.workbench.own_files import data_files, holding, shown
from toishi.tools.workbench.personal.leaving import destination
from toishi.tools.workbench.runs import is_alive, lock_file, log_file, refuse_alive
from toishi.tools.workbench.settings import FOLDER
from toishi.tools.workbench.suggestion import did_you_mean
from toishi.tools.workbench.task import Task


@dataclass(frozen=True)
class Found:
    """What goes: rows of the journal by table, places in other rows that are blotted out, files, lines of labels.

    `lost` are sentences about what can no longer be done afterwards, `left` about what stays, and why.
    """

    deleted: Mapping[str, int]
    blotted: Mapping[str, int] = field(default_factory=dict)
    files: tuple[Path, ...] = ()
    labels: Mapping[Path, int] = field(default_factory=dict)
    lost: tuple[str, ...] = ()
    left: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.deleted or self.blotted or self.files or self.labels)


@dataclass(frozen=True)
class Purge:
    """What was found, and the function that deletes it."""

    what: str
    found: Found
    carry_out: Callable[[], None]


@dataclass(frozen=True)
class Rows:
    """Which rows: by id, by the value of a field (all of `where`), or by a text that stands anywhere in them."""

    ids: tuple[str, ...] = ()
    where: Mapping[str, str] = field(default_factory=dict)
    containing: tuple[str, ...] = ()

    def picks(self, example: Example) -> bool:
        """Whether a row is meant by id or by field; a text is looked for by the journal itself."""
        if example.id in self.ids:
            return True
        values = {**example.fields, **example.inputs}
        return bool(self.where) and all(
            values.get(name, "").strip().casefold() == value.strip().casefold() for name, value in self.where.items()
        )

    def __str__(self) -> str:
        where = " and ".join(f"{name} = {value}" for name, value in self.where.items())
        parts = [*(f"the id {one}" for one in self.ids), where, *(f"“{text}” in them" for text in self.containing)]
        return "rows with " + " or ".join(filter(None, parts))


def purge_run(journal: Journal, project: Path, name: str) -> Purge:
    """A run with its log. Raises `UsageError` where there is none, or it is alive."""
    run = journal.run(name)
    _refuse_alive_run(project, run.id)
    files = [file for file in (log_file(project, run.id), lock_file(project, run.id)) if file.exists()]
    files += [file for file in _old_databases(journal) if run.id.encode() in file.read_bytes()]
    applied = journal.read("SELECT 1 FROM changes WHERE run = ? AND status = 'applied'", (run.id,))
    left = ["its change stays in your files, and can no longer be undone"] if applied else []
    left += _sent(journal, run.id)
    found = Found(journal.purge_run(run.id, preview=True).deleted, files=tuple(files), left=tuple(left))

    def carry_out() -> None:
        _refuse_alive_run(project, run.id)
        _remove(files)
        journal.purge_run(run.id)

    return Purge(f"run {run.id}", found, carry_out)


def purge_rows(journal: Journal, project: Path, rows: Rows) -> Purge:
    """Every trace of some rows, in every run. Raises `UsageError` where a run is alive, or no row has such a field."""
    refuse_alive(project)
    _refuse_unknown_fields(journal, rows)
    preview = journal.purge_examples(rows.picks, rows.containing, preview=True)
    said = Quotes([*rows.containing, *rows.ids])
    quotes = Quotes([*preview.texts, *rows.ids])
    texts = (*_last_words(project), *_old_databases(journal))
    files = tuple(file for file in texts if quotes.stand_in(file.read_text(errors="replace")))

    def goes(label: Label) -> bool:
        example = Example(label.id, label.inputs, label.expected, label.others)
        return rows.picks(example) or any(map(said.stand_in, values_of(example)))

    labels = {}
    for file in label_files(journal, project):
        # What a killed process had begun to write of it.
        files += tuple(sorted(file.parent.glob(f".{file.name}.*")))
        count = sum(map(goes, read_labels(file, inputs_of(file))))
        if count:
            labels[file] = count
    left = _left(journal, project, quotes, anything=bool(preview.rows or labels or files))
    lost = _changes_lost(journal, Quotes(preview.texts))
    found = Found(preview.deleted, preview.blotted, files, labels, tuple(lost), tuple(left))

    def carry_out() -> None:
        refuse_alive(project)
        _remove(files)
        for file in labels:
            update_labels(file, inputs_of(file), lambda known: [label for label in known if not goes(label)])
        journal.purge_examples(rows.picks, rows.containing)

    return Purge(str(rows), found, carry_out)


def purge_project(journal: Journal, project: Path) -> Purge:
    """All that toishi keeps in the project: the whole folder `.toishi`. Raises `UsageError` where a run is alive."""
    refuse_alive(project)
    counts = {table: int(journal.read(f"SELECT count(*) FROM {table}")[0][0]) for table in TABLES if table != "purges"}
    folder = project / FOLDER
    labels = [shown(file, project) for file in label_files(journal, project)]
    left = ["changes that were applied stay in your files, and can no longer be undone"] if counts["changes"] else []
    left += [f"{', '.join(labels)}: labels are your work and stay; delete the file where it is to go too"] * bool(
        labels
    )
    left += [*_data_left(journal), *_sent(journal, None)]
    found = Found({table: rows for table, rows in counts.items() if rows}, files=_files_in(folder), left=tuple(left))

    def carry_out() -> None:
        refuse_alive(project)
        journal.close()
        _remove_folder(folder)

    return Purge("everything that toishi keeps of this project", found, carry_out)


def purge_damaged(project: Path) -> Purge:
    """The whole folder `.toishi` where its journal cannot be read. Raises `UsageError` where a run is alive."""
    refuse_alive(project)
    folder = project / FOLDER
    left = "its journal is damaged, so that it cannot tell where rows, labels and changes stay; look for these yourself"
    found = Found({}, files=_files_in(folder), left=(left,))

    def carry_out() -> None:
        refuse_alive(project)
        _remove_folder(folder)

    return Purge("everything that toishi keeps of this project", found, carry_out)


def label_files(journal: Journal, project: Path) -> list[Path]:
    """The labels' files of this project: those that its tasks named, and those beside data."""
    named = {labels_file(task.data, project) for task in _tasks(journal.runs())}
    beside = {
        file
        for file in project.rglob(f"*{SUFFIX}")
        if not any(part.startswith(".") for part in file.relative_to(project).parts)
    }
    return sorted(file for file in named | beside if file.is_file() and inputs_of(file))


def _refuse_alive_run(project: Path, run: str) -> None:
    if is_alive(project, run):
        raise UsageError(f"Run {run} is being worked on; wait for its end, or: toishi cancel {run}")


def _changes_lost(journal: Journal, quotes: Quotes) -> list[str]:
    """A sentence for each change that quotes one of the texts: without them it can never be written again."""
    return [
        f"the change of run {row['run']} can no longer be {'undone' if row['status'] == 'applied' else 'applied'}"
        for row in journal.read("SELECT run, status, files, evidence FROM changes ORDER BY created, hash")
        if quotes.stand_in_json(row["files"]) or quotes.stand_in_json(row["evidence"])
    ]


def _tasks(runs: Sequence[RunRow]) -> Iterator[Task]:
    """The tasks of some runs, without those that another version of toishi wrote."""
    for run in runs:
        try:
            yield Task.model_validate_json(run.task)
        except ValidationError:
            continue


def _last_words(project: Path) -> list[Path]:
    """The files that hold what a process said: logs, and the last words in locks."""
    folder = project / FOLDER / "runs"
    return sorted(file for file in folder.glob("*") if file.is_file()) if folder.is_dir() else []


def _old_databases(journal: Journal) -> list[Path]:
    """What stayed of a damaged journal when its rows were saved: it goes whole, as no row can be taken out."""
    own = {journal.path.name + ending for ending in ("", "-wal", "-shm")}
    return sorted(file for file in journal.path.parent.glob("*.db*") if file.is_file() and file.name not in own)


def _remove(files: Sequence[Path]) -> None:
    for file in files:
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            raise JournalError(f"{file} cannot be deleted ({error.strerror}); make its folder writable") from error


def _files_in(folder: Path) -> tuple[Path, ...]:
    return tuple(sorted(path for path in folder.rglob("*") if path.is_file() or path.is_symlink()))


def _remove_folder(folder: Path) -> None:
    try:
        # A link is taken away, and what it leads to is not looked at.
        folder.unlink() if folder.is_symlink() else shutil.rmtree(folder)
    except OSError as error:
        raise JournalError(f"{error.filename} cannot be deleted ({error.strerror}); make it writable") from error


def _refuse_unknown_fields(journal: Journal, rows: Rows) -> None:
    """A misspelt field would find nothing, and nothing is what a purge must not find by mistake."""
    if not rows.where:
        return
    known = {
        str(row["name"])
        for column in ("inputs", "fields")
        for row in journal.read(f"SELECT DISTINCT key AS name FROM examples, json_each(examples.{column})")
    }
    unknown = next((name for name in rows.where if name not in known), None)
    if unknown is not None:
        raise UsageError(f"no row that toishi keeps has a field '{unknown}'; {did_you_mean(unknown, sorted(known))}")


def _left(journal: Journal, project: Path, quotes: Quotes, *, anything: bool) -> list[str]:
    """What stays of some rows: in data, in other files of the person's own that quote them, and at providers.

    Where nothing is kept of them, only the files that hold them are worth a word.
    """
    told = data_files(_tasks(journal.runs())) if anything else []
    # Lines of labels are taken out.
    told += [shown(file, project) for file in label_files(journal, project)]
    quoting = [name for name in holding(project, _tasks(journal.runs()), quotes) if name not in told]
    left = _data_left(journal) if anything else []
    if quoting:
        verb = "holds" if len(quoting) == 1 else "hold"
        left.append(f"{', '.join(quoting)}: yours, and still {verb} what is purged; take it out there too")
    return [*left, *(_sent(journal, None) if anything else [])]


def _data_left(journal: Journal) -> list[str]:
    files = data_files(_tasks(journal.runs()))
    if not files:
        return []
    return [
        f"{', '.join(files)}: your own data stays; take the rows out there too, or the next run reads them again",
        "files that you had written elsewhere, such as marks for a judge, are yours and stay",
    ]


def _sent(journal: Journal, run: str | None) -> list[str]:
    """Where replies came from that is not here: what was sent there is theirs to delete."""
    models = journal.read("SELECT DISTINCT model FROM replies WHERE ? IS NULL OR run = ?", (run, run))
    # A model at an address is kept as NAME@ADDRESS.
    places = {destination(name, address or None) for name, _, address in (str(row[0]).partition("@") for row in models)}
    known = sorted(place for place in places if place is not None)
    return [f"{', '.join(known)}: what was sent there cannot be deleted from here; ask there"] if known else []
