"""What runs inside the sandbox to find a module's regular expression in a text."""

import re
import warnings
from typing import Any

MOST = 1000


def found(pattern: str, text: str, whole: bool) -> list[Any]:
    """Each match: where it begins and ends, its text, all its groups, and the named ones."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compiled = re.compile(pattern)
    matches: list[Any] = []
    for match in filter(None, [compiled.fullmatch(text)] if whole else compiled.finditer(text)):
        if len(matches) == MOST:
            raise ValueError(f"it matches more than {MOST} times")
        matches.append([match.start(), match.end(), match.group(), match.groups(), match.groupdict()])
    return matches
