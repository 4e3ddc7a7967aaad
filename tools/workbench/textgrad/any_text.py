"""`reflection-2`: the prompt that asks for a better text of any kind, or for one that joins two.

It says what kind of text it is, what its place in the program is, how long it may be and what it has to keep, why
earlier edits were rejected, and how it does over all rows, beside the examples of one minibatch. The text is versioned:
replies are recorded by what was asked, so a changed one is paid for anew.
"""

import re
from collections.abc import Iterator, Sequence

from toishi.tools.workbench.textgrad.edits import edit_lines
from toishi.tools.workbench.textgrad.requests import (
    Cohort,
    CrossoverRequest,
    Parent,
    Record,
    ReflectionRequest,
    Request,
)
from toishi.tools.workbench.textgrad.tags import CLOSING, OPENING
from toishi.tools.workbench.texts import KINDS, parted

LONGEST_FIELD = 4000
"""Characters of an input, an answer or a log that are shown; of longer ones the beginning and the end."""

MOST_SHOWN = 5

IMAGE = re.compile(r"\S\.(?:png|jpe?g|gif|webp|svg|bmp|tiff?)\b", re.IGNORECASE)

ADVICE = {
    "instruction": "Name the form of the answer that is wanted, and how to get to it.",
    "tool": "Say what the tool does, when to call it and when not, and what each argument holds.",
    "few_shot": "Write examples of your own that show what goes wrong now, in the form that is there.",
    "python": (
        "It is run in a sandbox: no files, no network, no other programs, the standard library alone, and limits on "
        "time and memory; one that tries anything else fails. It must be right before it may be fast. Keep the names "
        "and the arguments by which it is called."
    ),
    "regex": (
        "Write no repetitions inside repetitions: a pattern that takes long on an input fails on it. Blanks and line "
        "breaks in it count, unless it begins with (?x)."
    ),
    "sql": "Write one statement that begins with SELECT or WITH; nothing else is run.",
    "json": "It is read by a program: keep the keys that are there and the types of their values.",
    "toml": "It is read by a program: keep the keys that are there and the types of their values.",
    "text": "It is read by a program: keep its form.",
}

FORM = (
    f"Reply with the whole new text between {OPENING} and {CLOSING}, each on a line of its own, and with nothing but "
    "the text between them: no code fence, no comment on what was changed. You may think in a few sentences before it."
)

OWN_WORDS = (
    "Never copy the texts of examples: it will be used on other inputs, and a text that repeats an example word for "
    "word is refused."
)


def render_reflection(request: ReflectionRequest) -> str:
    """The user message that asks for a better text."""
    name, _ = parted(request.kind)
    task = (
        f"Improve a text: {KINDS[name]}. It is a part of a program that is run on one input after another. Below stand "
        "what is known of the program, the text as it is, edits of it that were tried and rejected, and examples: what "
        "went into it, what came of it, and the feedback on that.\n"
        "Keep what works, mend what failed, and write down what the feedback shows of the task, in general terms. "
        f"{ADVICE[name]} Do not repeat a rejected edit. {OWN_WORDS}\n{FORM}"
    )
    parts = [task, _facts(request, len(request.instruction)), f"{OPENING}\n{request.instruction}\n{CLOSING}"]
    parts += [_rejected(request, request.instruction, text) for text in request.rejected]
    if request.cohort is not None and request.cohort.rows:
        parts.append(_statistics(request.cohort))
    if any(IMAGE.search(record.feedback) for record in request.records):
        parts.append("Images are named by their paths alone; you cannot look into them.")
    parts += [_example(record) for record in request.records]
    return "\n\n".join(parts)


def render_crossover(request: CrossoverRequest) -> str:
    """The user message that asks for one text with what is good in two."""
    name, _ = parted(request.kind)
    task = (
        f"Join two texts into one. Both are {KINDS[name]}, and the same part of a program that is run on one input "
        "after another; each does better than the other on some inputs. Below stand what is known of the program, and "
        "each text with its score and what it is better on.\n"
        "Find out what in each text makes it better there, and write one text that has both. Where they contradict "
        f"each other, decide; do not just put one behind the other. {ADVICE[name]} {OWN_WORDS}\n{FORM}"
    )
    parents = (("First", request.first), ("Second", request.second))
    parts = [task, _facts(request, max(len(parent.text) for _, parent in parents))]
    for place, parent in parents:
        parts += _parent(place, parent)
    parts += [_rejected(request, request.first.text, text) for text in request.rejected]
    return "\n\n".join(parts)


def _facts(request: Request, length: int) -> str:
    """What is known of the program and of the limits, a line each."""
    name, detail = parted(request.kind)
    lines = [f"Module: {request.module}."]
    if len(request.modules) > 1:
        lines[0] = f"Module: {request.module}, one of {len(request.modules)}, in order: {', '.join(request.modules)}."
    if request.summary:
        lines.append(f"Program: {request.summary}")
    lines.append(f"Length: {length} of at most {request.max_characters} characters; a longer text is refused.")
    if request.placeholders:
        lines.append("Must keep: " + ", ".join(f"{{{one}}}" for one in request.placeholders) + ".")
    if detail:
        lines.append(f"Must define: the {'function' if name == 'python' else 'group'} {detail}.")
    return "\n".join(lines)


def _rejected(request: Request, before: str, text: str) -> str:
    why = request.reasons.get(text)
    return f"Rejected edit{f' ({why})' if why else ''}:\n{edit_lines(before, text)}"


def _statistics(cohort: Cohort) -> str:
    """How the text does beyond the examples."""
    lines = [f"Of all {cohort.rows} inputs that it ran on so far, {cohort.failed} failed."]
    if cohort.failures:
        lines.append("Commonest failures:")
        lines += [f"- {tally.count} times: {tally.name}" for tally in cohort.failures[:MOST_SHOWN]]
    if cohort.groups:
        lines.append("By group:")
        lines += [f"- {tally.name}: {tally.count} of {tally.rows} failed" for tally in cohort.groups[:MOST_SHOWN]]
    return "\n".join(lines)


def _example(record: Record) -> str:
    lines = [f"{name}: {_shown(value)}" for name, value in record.inputs.items()]
    lines += [f"answer: {_shown(record.answer)}", f"feedback: {_shown(record.feedback)}"]
    if record.logs.strip():
        lines.append(f"logs:\n{_shown(record.logs.rstrip())}")
    return "\n".join(["Example:", *lines])


def _parent(place: str, parent: Parent) -> Iterator[str]:
    yield f"{place} text, with a mean score of {parent.score:.3f}:\n{_between(place, parent.text)}"
    if parent.better_groups:
        yield f"The {place.lower()} text is better where {_listed(parent.better_groups)}."
    if parent.better_on:
        yield f"The {place.lower()} text is better on these, among others; the answers are its own."
        yield from (_example(record) for record in parent.better_on)


def _between(place: str, text: str) -> str:
    """Not between the tags of the reply, so that these stand in one place only."""
    return f"<{place.lower()}>\n{text}\n</{place.lower()}>"


def _listed(groups: Sequence[str]) -> str:
    return ", or ".join(groups[:MOST_SHOWN])


def _shown(text: str) -> str:
    if len(text) <= LONGEST_FIELD:
        return text
    half = LONGEST_FIELD // 2
    return f"{text[:half]}\n… ({len(text) - 2 * half} characters) …\n{text[-half:]}"
