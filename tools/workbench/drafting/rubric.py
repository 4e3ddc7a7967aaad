"""The first draft of a rubric, for a judge that marks answers which can be right in many words."""

import re

LONGEST_QUOTED = 600


def rubric(prompt: str, *, with_expected: bool) -> str:
    """What a good answer does, in lines that a person is meant to change."""
    lines = ["A good answer"]
    if with_expected:
        lines += [
            "- says what the expected answer says, in whatever words",
            "- contradicts the expected answer nowhere",
        ]
    lines += [
        "- does what the instruction asks, all of it and nothing else",
        "- keeps to the facts that the inputs give, and invents none",
    ]
    asked = re.sub(r"\s+", " ", prompt).strip()
    if asked:
        shown = asked if len(asked) <= LONGEST_QUOTED else asked[:LONGEST_QUOTED].rsplit(" ", 1)[0] + " …"
        lines += ["", f"The instruction was: {shown}"]
    return "\n".join(lines) + "\n"
