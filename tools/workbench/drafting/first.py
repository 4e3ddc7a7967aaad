"""First prompts, for people who bring data and no prompt, and for modules of a program that have no text yet."""

from collections.abc import Sequence

from toishi.tools.workbench.drafting.columns import Column

MOST_LABELS = 100


def first_prompt(kind: str, inputs: Sequence[str], expected: Column | None) -> str:
    """An instruction that asks plainly for what the metric of this kind judges."""
    given = " and ".join(inputs)
    labels = sorted(expected.counts) if expected else []
    if kind == "choice" and len(labels) <= MOST_LABELS:
        return f"Sort the {given} into one of: {', '.join(labels)}.\nAnswer with that one alone.\n"
    asks = {
        "choice": f"Name the {expected.name if expected else 'label'} of the {given}, and nothing else.",
        "number": "Solve the problem step by step. End with a line that holds #### and the number alone.",
        "f1": "Answer in as few words as possible, and with nothing else.",
        "text": "Answer in as few words as possible, and with nothing else.",
        "exact": "Answer in as few words as possible, and with nothing else.",
        "json": "Answer with JSON and nothing else.",
        "code": "Answer with Python code and nothing else.",
        "ifeval": "Do what the message asks, and keep to every one of its instructions.",
    }
    return asks.get(kind, f"Answer what the {given} asks, completely and briefly.") + "\n"


def module_prompt(name: str, fields: Sequence[str]) -> str:
    """An instruction for a module, from its name and the fields that it is called with."""
    words = " ".join(name.split("_"))
    given = f" You are given: {', '.join(fields)}." if fields else ""
    return f"{words[:1].upper()}{words[1:]}.{given} Answer with the result and nothing else.\n"
