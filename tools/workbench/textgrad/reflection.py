"""The reflection prompt: what a model is shown when it is asked to rewrite one module's instruction.

It knows how the request reads and how the reply must look. It does not know who asks (any engine may), which model
answers, or what is done with the new instruction.

`TEMPLATE` is versioned: the embedded model was trained on the template that its model card names, so a changed text is
a new version beside this one, never an edit.
"""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

TEMPLATE = "reflection-1"

OPENING, CLOSING = "<instruction>", "</instruction>"

TASK = f"""\
Improve an instruction. It is given to an assistant that answers one input at a time. Below stand the instruction, \
edits of it that were tried and rejected, and examples with the answer that came and the feedback on it.
Keep what works, mend what failed, and write down every fact of the task that the feedback shows, as general rules: \
never copy a whole example, and do not repeat a rejected edit. Reply with the full new instruction between \
{OPENING} and {CLOSING}, and with nothing else."""


@dataclass(frozen=True)
class Record:
    """One rollout as the reflector sees it: the module's inputs by name, what it answered, and the feedback."""

    inputs: Mapping[str, str]
    answer: str
    feedback: str


@dataclass(frozen=True)
class ReflectionRequest:
    """Everything that the reflection prompt shows.

    `max_characters` is the limit for the new instruction; `placeholders` must survive in it (written as `{name}`);
    `rejected` holds instructions that were proposed from this very one and refused, newest last.
    """

    module: str
    instruction: str
    records: Sequence[Record]
    max_characters: int
    placeholders: Sequence[str] = ()
    rejected: Sequence[str] = ()


class ReflectionRejected(ValueError):
    """The reply cannot be used as an instruction; the message says why, in one sentence."""


def render(request: ReflectionRequest) -> str:
    """The user message that asks for a better instruction."""
    length = f"{len(request.instruction)} of at most {request.max_characters} characters"
    limits = f"Module: {request.module}. Length: {length}."
    if request.placeholders:
        limits += " Must keep: " + ", ".join(f"{{{name}}}" for name in request.placeholders) + "."
    parts = [TASK, limits, f"{OPENING}\n{request.instruction}\n{CLOSING}"]
    parts += [f"Rejected edit:\n{edit_lines(request.instruction, text)}" for text in request.rejected]
    for record in request.records:
        fields = "\n".join(f"{name}: {value}" for name, value in record.inputs.items())
        parts.append(f"Example:\n{fields}\nanswer: {record.answer}\nfeedback: {record.feedback}")
    return "\n\n".join(parts)


def edit_lines(before: str, after: str) -> str:
    """The changed lines only, removed ones behind `-`, added ones behind `+`."""
    delta = difflib.ndiff(before.splitlines(), after.splitlines())
    return "\n".join(line[0] + line[2:] for line in delta if line[0] in "+-") or "(no change)"


def parse(reply: str, request: ReflectionRequest, *, cut_off: bool = False) -> str:
    """The new instruction in a reply: what stands between its only opening and its only closing tag.

    Words or a code fence around the pair are passed over, since many models cannot leave them out. Raises
    `ReflectionRejected` where the reply was cut off, is not in form, is empty, is too long, repeats the instruction,
    lacks a placeholder, or repeats a rejected edit.
    """
    if cut_off:
        raise ReflectionRejected("the reply was cut off before it ended")
    text = _between_tags(reply)
    if not text.strip():
        raise ReflectionRejected("the new instruction is empty")
    if len(text) > request.max_characters:
        raise ReflectionRejected(f"the new instruction has {len(text)} characters, more than {request.max_characters}")
    missing = [name for name in request.placeholders if f"{{{name}}}" not in text]
    if missing:
        raise ReflectionRejected(f"the new instruction lost the placeholder {{{missing[0]}}}")
    if text.strip() == request.instruction.strip():
        raise ReflectionRejected("the new instruction is the same as the old one")
    if text in request.rejected:
        raise ReflectionRejected("the new instruction was already tried and rejected")
    return text


def _between_tags(reply: str) -> str:
    """The text inside the only pair of tags, without the line breaks next to them."""
    for tag in (OPENING, CLOSING):
        if (count := reply.count(tag)) != 1:
            raise ReflectionRejected(f"the reply must hold {tag} exactly once, and holds it {count} times")
    before, text = reply.split(OPENING)
    if CLOSING in before:
        raise ReflectionRejected(f"the reply holds {CLOSING} before {OPENING}")
    return text.split(CLOSING)[0].strip("\n")
