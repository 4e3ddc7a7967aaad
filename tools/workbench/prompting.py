"""From an instruction and an example's inputs to the messages that a model is sent.

Two forms, told apart by the instruction itself. Where it names an input field in braces (`{text}`), it is a template,
and the filled template is the user message. Where it names none, it is the system message, and the inputs are the user
message; a module that is called without inputs has only its instruction, as the user message. Braces around anything
else are plain text, so prompts may show JSON.
"""

import re
from collections.abc import Collection, Mapping

from toishi.tools.workbench.models.protocol import Message


def placeholders(text: str, fields: Collection[str]) -> tuple[str, ...]:
    """The fields that the instruction names in braces, each once, in the order of the text."""
    return tuple(dict.fromkeys(match[1] for match in _pattern(fields).finditer(text)))


def render(text: str, inputs: Mapping[str, str]) -> tuple[Message, ...]:
    """The messages for one example.

    A template is filled in one pass: braces inside a value are never read as placeholders. Without placeholders, a
    single input is sent as it is, and several as one line `field: value` each.
    """
    if placeholders(text, inputs):
        return (Message("user", _pattern(inputs).sub(lambda match: inputs[match[1]], text)),)
    if not inputs:
        return (Message("user", text),)
    if len(inputs) == 1:
        (body,) = inputs.values()
    else:
        body = "\n".join(f"{field}: {value}" for field, value in inputs.items())
    return (Message("system", text), Message("user", body))


def _pattern(fields: Collection[str]) -> re.Pattern[str]:
    if not fields:
        return re.compile("(?!)")
    return re.compile("{(" + "|".join(re.escape(field) for field in fields) + ")}")
