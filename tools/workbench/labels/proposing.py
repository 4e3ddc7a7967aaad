"""Which labels there should be, where nobody named any: a model proposes them from a sample, a person confirms."""

import json
import random
import re
from collections.abc import Mapping, Sequence

from toishi.tools.workbench.labels.asking import LONGEST_INSTRUCTION, row_text
from toishi.tools.workbench.models.protocol import Message
from toishi.tools.workbench.seeds import derive_seed
from toishi.tools.workbench.task import Task

SAMPLE = 40
LONGEST_ROW = 400
MOST = 30

SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {"labels": {"type": "array", "items": {"type": "string"}}},
        "required": ["labels"],
        "additionalProperties": False,
    }
)

_ASKED = """\
Rows of data are to be sorted into classes for the task "{name}". The program that will do it has this instruction:
<instruction>
{instruction}
</instruction>

Read the rows that you are given and propose the labels: few enough that each fits several rows, clear enough that two \
people would sort alike, at most {most}. Where the instruction names labels, take those, to the letter. Write each \
label in lower case with underscores, as in `card_arrival`. Answer with the labels, one a line, and nothing else."""


def messages_for(task: Task, rows: Sequence[Mapping[str, str]]) -> tuple[Message, ...]:
    """The conversation that asks for labels, with a sample of the rows that the task's seed draws."""
    drawn = random.Random(derive_seed(task.seed, "labels/proposal")).sample(rows, min(SAMPLE, len(rows)))
    shown = "\n".join(f"- {_short(row_text(row))}" for row in drawn)
    instruction = "\n\n".join(task.seed_texts().values())[:LONGEST_INSTRUCTION]
    asked = _ASKED.format(name=task.name, instruction=instruction, most=MOST)
    return (Message("system", asked), Message("user", shown))


def labels_in(reply: str) -> tuple[str, ...]:
    """The labels that a reply proposes: a JSON list of them, else its lines; none where it is neither."""
    start, end = reply.find("{"), reply.rfind("}")
    names: list[str] = []
    if 0 <= start < end:
        try:
            names = [name for name in json.loads(reply[start : end + 1])["labels"] if isinstance(name, str)]
        except (ValueError, KeyError, TypeError):
            names = []
    if not names:
        names = [re.sub(r"^\s*(?:[-*•]|\d+[.)])?\s*`?|`?\s*$", "", line) for line in reply.splitlines()]
    kept: dict[str, str] = {}
    for name in names:
        # A line with several sentences is no label.
        if name.strip() and len(name) <= 60 and len(name.split()) <= 5:
            kept.setdefault(name.strip().casefold(), name.strip())
    return tuple(kept.values())[:MOST] if len(kept) >= 2 else ()


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= LONGEST_ROW else flat[:LONGEST_ROW] + "…"
