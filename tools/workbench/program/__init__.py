"""Programs of modules: one prompt, a Python function, a LangGraph graph, or a text that runs by itself.

What a person's own program imports from toishi is here: `Call`, `Context`, `Example`, what a call gives (`Ran`, `Match`
and `Rows`), and what it raises (`ParseFailed` and `TextFailed`).
"""

from toishi.tools.workbench.example import Example
from toishi.tools.workbench.program.code import Match, Ran, Rows, TextFailed
from toishi.tools.workbench.program.parsing import ParseFailed
from toishi.tools.workbench.program.program import Call, Context, Program, prompt_program

__all__ = [
    "Call",
    "Context",
    "Example",
    "Match",
    "ParseFailed",
    "Program",
    "Ran",
    "Rows",
    "TextFailed",
    "prompt_program",
]
