"""The code in an answer, which is often wrapped in words and fences."""

import re

# A fence that is never closed, as in an answer that was cut off, reaches to the end.
FENCED = re.compile(
    r"^[ \t]*(?P<fence>`{3,}|~{3,})[ \t]*(?P<tag>[\w+-]*)[^\n]*\n(?P<code>.*?)(?:^[ \t]*(?P=fence)|\Z)",
    re.MULTILINE | re.DOTALL,
)
PYTHON = ("", "py", "py3", "python", "python3")


def code_in(answer: str, function: str | None = None) -> str:
    """The Python in an answer, all of it where no block is fenced.

    Of several blocks the last that defines `function` counts, where one does, else the longest: examples of use and
    variants are shorter or come before. Nothing is parsed, since it may be anything.
    """
    blocks = [match["code"] for match in FENCED.finditer(answer) if match["tag"].lower() in PYTHON]
    if not blocks:
        return answer
    defining = [block for block in blocks if function is not None and defines(block, function)]
    return defining[-1] if defining else max(blocks, key=len)


def defines(code: str, function: str) -> bool:
    """Whether a function of this name, or something assigned to the name, stands at the left edge."""
    return (
        re.search(rf"^(?:(?:async\s+)?def\s+{function}\b|{function}\s*=|class\s+{function}\b)", code, re.MULTILINE)
        is not None
    )
