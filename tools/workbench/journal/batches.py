"""Which batch at a provider holds which request, so that what a killed run has asked is not asked again."""

from collections.abc import Sequence

from toishi.tools.workbench.journal.journal import Journal
from toishi.tools.workbench.journal.records import insert, now


class BatchRecords:
    """The batches of a project, to which one run adds. A file holds many requests and is answered by one batch."""

    def __init__(self, journal: Journal, run: str) -> None:
        self._journal = journal
        self._run = run

    def file_of(self, key: str) -> str | None:
        """The newest file that holds this request."""
        rows = self._journal.read("SELECT file FROM batches WHERE key = ? ORDER BY rowid DESC LIMIT 1", (key,))
        return str(rows[0]["file"]) if rows else None

    def batch_of(self, file: str) -> str | None:
        """The batch that answers a file, None where it was not written down."""
        rows = self._journal.read("SELECT batch FROM batches WHERE file = ? AND batch IS NOT NULL LIMIT 1", (file,))
        return str(rows[0]["batch"]) if rows else None

    def add_file(self, file: str, keys: Sequence[str]) -> None:
        """A file was uploaded, and its batch is about to be made."""
        created = now()
        self._journal.write(
            [insert("batches", {"key": key, "run": self._run, "file": file, "created": created}) for key in keys]
        )

    def add_batch(self, file: str, batch: str) -> None:
        """The batch of a file was made."""
        self._journal.write([("UPDATE batches SET batch = ? WHERE file = ?", (batch, file))])
