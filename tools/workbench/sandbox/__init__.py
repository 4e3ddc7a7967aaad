"""Where code that a model wrote runs, and nowhere else: confined by the kernel, or not run at all.

Two profiles: `pure` computes and reaches nothing; `project` runs programs on a copy of a folder.
"""

from toishi.tools.workbench.sandbox.outcome import Limits, Outcome
from toishi.tools.workbench.sandbox.pure import run_pure

__all__ = ["Limits", "Outcome", "run_pure"]
