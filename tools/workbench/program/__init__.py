"""Programs of language-model modules: one prompt, a Python function, or a LangGraph graph.

What a person's own program imports from toishi is here: `Call`, `Context`, `Example` and `ParseFailed`.
"""

from toishi.tools.workbench.example import Example
from toishi.tools.workbench.program.parsing import ParseFailed
from toishi.tools.workbench.program.program import Call, Context, Program, prompt_program

__all__ = ["Call", "Context", "Example", "ParseFailed", "Program", "prompt_program"]
