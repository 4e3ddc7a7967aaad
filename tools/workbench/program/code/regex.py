"""A module's text as a regular expression of Python's `re`.

It is matched in the sandbox: a pattern that takes for ever ends there with its process, and holds up nothing else.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from toishi.tools.workbench.program.code.driven import INSIDE, Job, run_job
from toishi.tools.workbench.sandbox import Limits


@dataclass(frozen=True)
class Match:
    """One match: its text, where it begins and ends in what was searched, and its groups (None where not matched)."""

    text: str
    start: int
    end: int
    groups: tuple[str | None, ...]
    named: Mapping[str, str | None]

    def group(self, which: str) -> str:
        """A group by its name or number, the whole match for "" and "0"; empty where it took no part in the match."""
        if not which or which == "0":
            return self.text
        return (self.groups[int(which) - 1] if which.isdigit() else self.named[which]) or ""


async def run_regex(pattern: str, text: str, *, whole: bool = False, seconds: float = 1.0) -> tuple[Match, ...]:
    """All matches in a text that do not overlap, at most 1000; with `whole` the one of the whole text, if it matches.

    Raises `TextFailed` for what is no pattern, and for one that takes longer than `seconds`; `SandboxUnavailable`.
    """
    job = Job("found", [pattern, text, whole], limits=Limits(seconds=seconds), name="the pattern")
    done = await run_job((INSIDE / "finding.py").read_text(encoding="utf-8"), job)
    return tuple(Match(found, start, end, tuple(groups), named) for start, end, found, groups, named in done.value)


def shown(matches: tuple[Match, ...]) -> str:
    """The matches as a trace keeps them: their texts, as JSON."""
    return json.dumps([match.text for match in matches], ensure_ascii=False)
