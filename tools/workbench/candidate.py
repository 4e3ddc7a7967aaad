"""A candidate: one immutable version of what is optimised, known by its content."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Candidate:
    """Texts by module name. Two candidates with the same texts are the same candidate."""

    texts: Mapping[str, str]

    @cached_property
    def id(self) -> str:
        """16 hexadecimal digits of the content's SHA-256."""
        body = json.dumps(dict(self.texts), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(body.encode()).hexdigest()[:16]

    def with_text(self, module: str, text: str) -> "Candidate":
        """A candidate that differs in one module; `KeyError` for a module that does not exist."""
        if module not in self.texts:
            raise KeyError(module)
        return Candidate({**self.texts, module: text})
