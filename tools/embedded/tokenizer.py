"""The tokenizer: byte-level BPE in which a word is the same token wherever it stands.

It knows how text becomes tokens and how a conversation becomes text. Two reversible rewrites come before BPE. Capitals
become a shift mark and the small letter, so `Card` and `card` share a token. After each of a few joining characters
(`_`, a quote, a line break…) a space is put in, and taken out again when decoding, so that `card` in `card_arrival`, in
`"card"` and at the start of a line is the token of ` card` in the middle of a sentence. Text that holds the shift mark
itself (U+0001) does not survive; any other does.
"""

import string
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

PAD, EOS, SYSTEM, USER, ASSISTANT = "<pad>", "<eos>", "<|system|>", "<|user|>", "<|assistant|>"
SPECIAL = (PAD, EOS, SYSTEM, USER, ASSISTANT)

SHIFT = "\x01"
JOINERS = ("_", '"', "'", "\n", "(", "/")

CHAT_TEMPLATE = (
    "{%- for message in messages -%}"
    "{{- '<|' + message['role'] + '|> ' + message['content'] -}}"
    "{%- if message['role'] == 'assistant' -%}{{- '<eos>' -}}{%- endif -%}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|assistant|>' -}}{%- endif -%}"
)

PIECES = r"\x01| ?\p{L}+| ?\d|\n| ?[^\s\p{L}\d]|\s"


def train(texts: Iterable[str], vocabulary: int = 1280) -> Tokenizer:
    """A tokenizer of that many tokens, learned from the texts; the same texts give the same tokenizer."""
    tokenizer = Tokenizer(models.BPE())
    capitals = string.ascii_uppercase
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Replace(mark, mark + " ") for mark in JOINERS]
        + [normalizers.Replace(" " + letter, SHIFT + " " + letter.lower()) for letter in capitals]
        + [normalizers.Replace(letter, SHIFT + letter.lower()) for letter in capitals]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PIECES), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.Sequence(
        [decoders.ByteLevel()]
        + [decoders.Replace(SHIFT + letter.lower(), letter) for letter in capitals]
        + [decoders.Replace(SHIFT + " " + letter.lower(), " " + letter) for letter in capitals]
        + [decoders.Replace(mark + " ", mark) for mark in JOINERS]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(SPECIAL),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def as_transformers(tokenizer: Tokenizer) -> "PreTrainedTokenizerFast":
    """The same tokenizer with the chat template, ready to be saved beside a model."""
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=EOS,
        extra_special_tokens=[SYSTEM, USER, ASSISTANT],
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
        model_max_length=4096,
        padding_side="left",
    )


def system(text: str) -> str:
    return f"{SYSTEM} {text}"


def user(text: str) -> str:
    return f"{USER} {text}"


def assistant(text: str) -> str:
    return f" {text}{EOS}"
