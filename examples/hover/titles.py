"""How many of the articles that a claim rests on the program named."""

import json
import re
from collections.abc import Sequence

from toishi.tools.workbench.example import Example
from toishi.tools.workbench.rollout import ModuleCall


def recall(example: Example, output: str, calls: Sequence[ModuleCall]) -> tuple[float, str]:
    """The share of the titles that the module `name_titles` gave, and which it missed."""
    wanted = json.loads(example.fields["titles"])
    replies = [call.reply.text for call in calls if call.module == "name_titles" and call.reply is not None]
    named = _plain("\n".join(replies))
    missed = [title for title in wanted if _plain(title) not in named]
    if not missed:
        return 1.0, "correct"
    return 1 - len(missed) / len(wanted), f"name_titles did not name {' and '.join(missed)}"


def _plain(text: str) -> str:
    """Without what stands in brackets behind a title, as in `Harrier (dog)`, and without case."""
    return re.sub(r"\s*\([^)]*\)", "", text).casefold()
