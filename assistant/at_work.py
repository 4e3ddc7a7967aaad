"""A run that is done here and now, in this process: it holds the run's lock, and writes down how it ended."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from toishi.tools.workbench.budget import Budget
from toishi.tools.workbench.errors import ToishiError
from toishi.tools.workbench.events import RunStopped
from toishi.tools.workbench.redaction import redact
from toishi.tools.workbench.runs import take_lock

if TYPE_CHECKING:
    from toishi.tools.workbench.journal import Journal


KEPT = "Interrupted: replies that came are kept and cost nothing the next time; the same command goes on"


@contextmanager
def at_work(journal: "Journal", project: Path, run: str, budget: Budget) -> Iterator[None]:
    """While it is open, the run is alive; `budget` tells how long it took."""
    status: Literal["finished", "cancelled", "failed"] = "failed"
    lock = take_lock(project, run)
    journal.set_status(run, "running", pid=os.getpid())
    try:
        yield
        status = "finished"
    except KeyboardInterrupt:
        status = "cancelled"
        raise KeyboardInterrupt(KEPT) from None
    except ToishiError as error:
        journal.recorder(run)(RunStopped(status="failed", sentence=redact(str(error))))
        raise
    finally:
        journal.set_seconds(run, budget.spent().seconds)
        journal.set_status(run, status)
        os.close(lock)
