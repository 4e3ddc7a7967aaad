"""Keeps secrets out of what is written down: keys live in the environment or in a keyring, and stay there."""

import os
import re
from collections.abc import Mapping
from typing import TextIO

NAMED_AS_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL", re.IGNORECASE)

# Anything shorter is no secret and would blot out ordinary words.
SHORTEST = 8

_kept: dict[str, str] = {}


def keep_secret(name: str, value: str) -> None:
    """From now on this value is a secret too, wherever it came from; `name` is what is written in its place."""
    if len(value) >= SHORTEST:
        _kept[value] = name


def redact(text: str, environ: Mapping[str, str] = os.environ) -> str:
    """The text with each secret replaced by its name in brackets.

    Secrets are the values of all environment variables that are named like one, and what `keep_secret` was told.
    """
    secrets = [
        (value, name) for name, value in environ.items() if len(value) >= SHORTEST and NAMED_AS_SECRET.search(name)
    ]
    for value, name in sorted((*secrets, *_kept.items()), key=lambda secret: -len(secret[0])):
        text = text.replace(value, f"[{name}]")
    return text


class RedactedStream:
    """A text stream for logs that passes on what is written to it without secrets."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(redact(text))
        return len(text)

    def flush(self) -> None:
        self._stream.flush()

    def isatty(self) -> bool:
        return False
