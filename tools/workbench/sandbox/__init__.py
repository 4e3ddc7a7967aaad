"""Where code that a model wrote runs, and nowhere else: confined by the kernel, or not run at all.

Two profiles: `pure` computes and reaches nothing; `project` runs programs on a copy of a folder.
"""

from toishi.tools.workbench.sandbox.copies import FileChange
from toishi.tools.workbench.sandbox.outcome import Limits, Outcome, cause
from toishi.tools.workbench.sandbox.probe import available, level
from toishi.tools.workbench.sandbox.project import ProjectOutcome, run_project
from toishi.tools.workbench.sandbox.pure import run_pure

__all__ = [
    "FileChange",
    "Limits",
    "Outcome",
    "ProjectOutcome",
    "available",
    "cause",
    "level",
    "run_project",
    "run_pure",
]
