"""The reflection prompt: what a model is shown when it is asked to rewrite one module's text, and how it is read back.

It knows how the request reads and how the reply must look. It does not know who asks (any engine may), which model
answers, or what is done with the new text.

Prompts are versioned: the embedded model was trained on the template that its model card names, so a changed text is a
new version beside this one, never an edit. `reflection-1` stands here, `reflection-2` in `any_text`.
"""

from toishi.tools.workbench.textgrad.edits import edit_lines
from toishi.tools.workbench.textgrad.requests import (
    Cohort,
    CrossoverRequest,
    Parent,
    Record,
    ReflectionRequest,
    Request,
    Tally,
)
from toishi.tools.workbench.textgrad.tags import CLOSING, OPENING, ReflectionRejected, text_in
from toishi.tools.workbench.texts import INSTRUCTION, flaw

__all__ = [
    "CLOSING",
    "NEWER",
    "OPENING",
    "TASK",
    "TEMPLATE",
    "Cohort",
    "CrossoverRequest",
    "Parent",
    "Record",
    "ReflectionRejected",
    "ReflectionRequest",
    "Request",
    "Tally",
    "edit_lines",
    "parse",
    "render",
    "template_for",
]

TEMPLATE = "reflection-1"
NEWER = "reflection-2"

TASK = f"""\
Improve an instruction. It is given to an assistant that answers one input at a time. Below stand the instruction, \
edits of it that were tried and rejected, and examples with the answer that came and the feedback on it.
Keep what works, mend what failed, and write down every fact of the task that the feedback shows, as general rules: \
never copy a whole example, and do not repeat a rejected edit. Reply with the full new instruction between \
{OPENING} and {CLOSING}, and with nothing else."""


def template_for(model: str) -> str:
    """The version of the prompt that a model is asked with: what was trained on the first one keeps it."""
    return TEMPLATE if model.startswith("embedded/") else NEWER


def render(request: Request, template: str = TEMPLATE) -> str:
    """The user message that asks for a better text, in a version of the prompt.

    `reflection-1` knows instructions only, and shows of a request what it knows; two texts are joined by `reflection-2`
    alone.
    """
    if template != TEMPLATE or isinstance(request, CrossoverRequest):
        from toishi.tools.workbench.textgrad.any_text import render_crossover, render_reflection

        return render_crossover(request) if isinstance(request, CrossoverRequest) else render_reflection(request)
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


def parse(reply: str, request: Request, *, cut_off: bool = False) -> str:
    """The new text in a reply: what stands between its opening and its closing tag.

    Words or a code fence around the pair, and a fence around the whole text, are passed over, since many models cannot
    leave them out. Raises `ReflectionRejected` where the reply was cut off, is not in form, is empty, is too long,
    repeats the text it was made from, lacks a placeholder, repeats a rejected edit, or cannot be of the kind that is
    wanted.
    """
    if cut_off:
        raise ReflectionRejected("the reply was cut off before it ended")
    text, new = text_in(reply), "the new instruction" if request.kind == INSTRUCTION else "the new text"
    if not text.strip():
        raise ReflectionRejected(f"{new} is empty")
    if len(text) > request.max_characters:
        raise ReflectionRejected(f"{new} has {len(text)} characters, more than {request.max_characters}")
    missing = [name for name in request.placeholders if f"{{{name}}}" not in text]
    if missing:
        raise ReflectionRejected(f"{new} lost the placeholder {{{missing[0]}}}")
    if text.strip() in {one.strip() for one in request.before}:
        raise ReflectionRejected(f"{new} is the same as the old one")
    if text in request.rejected:
        raise ReflectionRejected(f"{new} was already tried and rejected")
    problem = flaw(request.kind, text)
    if problem is not None:
        raise ReflectionRejected(f"{new} {problem}")
    return text
