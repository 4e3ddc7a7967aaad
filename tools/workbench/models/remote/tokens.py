"""How many tokens a prompt has at most, without asking anybody: the budget reserves so many before a call.

OpenAI's tokenizers come with litellm, so for its models the count is exact but for what the chat format adds. For
others no token is less than a byte, which is some four times too much for English; so the bound is lowered to half as
much again as the most tokens per byte that the endpoint itself has told so far. Digits and what is not ASCII stay
counted as bytes, since tokenizers differ most there. The margin makes it a bound for prompts that resemble one another,
as those of a run do; where a prompt has more tokens all the same, the excess counts as spent and the next bound is
higher.
"""

import hashlib
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

from toishi.tools.workbench.models.remote import library

FRAME_TOKENS = 64
MESSAGE_TOKENS = 16
"""What a chat template may add to a conversation and to each of its messages or tools, at most."""

MARGIN = 1.5
"""By how much a prompt may have more tokens per byte than any before it."""

TELLING = 500
"""Bytes of a prompt from which its tokens per byte tell something: in short ones a template's frame weighs too much."""

LONG = 200_000
"""Bytes beyond which counting takes too long."""

VOCABULARIES = "https://openaipublic.blob.core.windows.net/encodings/{name}.tiktoken"
"""Where tiktoken would fetch a vocabulary from; the hash of this address names the file that litellm ships."""


class TokenBound:
    """The bound for one model. `encoding` is the name of an OpenAI tokenizer that is here, None for any other."""

    def __init__(self, encoding: str | None = None) -> None:
        self._encoding = encoding
        self._tokens_per_byte = 0.0

    def of(self, text: str, parts: int) -> int:
        """An upper bound of the tokens of a prompt that reads so, in so many messages and tools."""
        frame = FRAME_TOKENS + MESSAGE_TOKENS * parts
        size = len(text.encode())
        if self._encoding is not None and size <= LONG:
            return frame + len(_tokenizer(self._encoding).encode(text, disallowed_special=()))
        if not self._tokens_per_byte:
            return frame + size
        plain = sum(character.isascii() and not character.isdigit() for character in text)
        return frame + size - plain + int(plain * min(self._tokens_per_byte * MARGIN, 1.0)) + 1

    def learn(self, text: str, tokens: int) -> None:
        """The endpoint told how many tokens a prompt had."""
        size = len(text.encode())
        if size >= TELLING:
            self._tokens_per_byte = max(self._tokens_per_byte, tokens / size)


def encoding_of(model: str) -> str | None:
    """The tokenizer of one of OpenAI's own models, where its vocabulary is on this machine."""
    from tiktoken.model import encoding_name_for_model

    folder = os.environ.setdefault("TIKTOKEN_CACHE_DIR", str(_shipped()))

    try:
        name = encoding_name_for_model(model)
    except KeyError:
        return None
    file = hashlib.sha1(VOCABULARIES.format(name=name).encode(), usedforsecurity=False).hexdigest()
    return name if (Path(folder) / file).is_file() else None


def _shipped() -> Path:
    """Where the vocabularies lie that come with litellm."""
    return Path(library.litellm().__file__).parent / "litellm_core_utils" / "tokenizers"


@lru_cache
def _tokenizer(name: str) -> Any:
    from tiktoken import get_encoding

    return get_encoding(name)
