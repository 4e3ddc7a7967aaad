"""Modules whose text is code: Python, regular expressions and queries, each run in the sandbox and nowhere else."""

from toishi.tools.workbench.program.code.failing import TextFailed
from toishi.tools.workbench.program.code.python import Ran, run_python
from toishi.tools.workbench.program.code.regex import Match, run_regex
from toishi.tools.workbench.program.code.sql import Rows, run_sql

__all__ = ["Match", "Ran", "Rows", "TextFailed", "run_python", "run_regex", "run_sql"]
