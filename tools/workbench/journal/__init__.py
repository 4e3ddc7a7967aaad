"""The journal: everything that cost anything, written down before it is used."""

from toishi.tools.workbench.journal.journal import Journal
from toishi.tools.workbench.journal.purge import PURGED, Purged
from toishi.tools.workbench.journal.records import RunRow, RunStatus, StoredReply, insert, now

__all__ = ["PURGED", "Journal", "Purged", "RunRow", "RunStatus", "StoredReply", "insert", "now"]
