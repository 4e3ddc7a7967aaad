"""Drafts a `task.toml` by looking at a prompt or a program and at data.

Nothing is run, imported, sent or written here: a draft is a value. What a person said wins over what was seen; what was
decided without being sure is told as a question, so that whoever asks can draft again with the answer.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from toishi.tools.workbench.drafting import reading, sizes, writing
from toishi.tools.workbench.drafting.answers import KINDS, WITHOUT_ANSWERS, answers
from toishi.tools.workbench.drafting.columns import Column
from toishi.tools.workbench.drafting.decision import SAID, Decision
from toishi.tools.workbench.drafting.imported import Imported, imported
from toishi.tools.workbench.drafting.programs import ProgramDraft, program_draft
from toishi.tools.workbench.drafting.roles import NONE, Roles, Said, roles
from toishi.tools.workbench.drafting.sources import Sources, sources
from toishi.tools.workbench.errors import UsageError
from toishi.tools.workbench.models.discovery import Found
from toishi.tools.workbench.settings import TASK_FILE
from toishi.tools.workbench.suggestion import did_you_mean

TOKENS = 512
"""`models.max_tokens` as it is without a word in the task; a token is about three characters or more."""


@dataclass(frozen=True)
class Wishes:
    """What a person said; what is empty is to be found out. Columns and files by name, `metric` by kind."""

    files: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    expected: str = ""
    split: str = ""
    metric: str = ""
    model: str = ""
    base_url: str = ""
    name: str = ""
    out: Path | None = None
    corpus: str = ""
    output: str = ""


@dataclass(frozen=True)
class Question:
    """What looking could not settle: the key, the words to ask, the proposed answer and others that would do."""

    key: str
    words: str
    proposed: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Draft:
    """`text` is the `task.toml` for `path`; `files` are others that go with it, by path from its folder."""

    path: Path
    text: str
    files: Mapping[str, str]
    decisions: tuple[Decision, ...]
    questions: tuple[Question, ...]
    warnings: tuple[str, ...]
    needs_labels: bool = False
    """Whether the metric holds answers against right ones that the data does not have yet."""


LABEL = "answer"
LABELS = "a column to come: `toishi label` drafts its values, by a model or by rule, and you confirm them"

WORDS = {
    "program.prompt": "Which file is the prompt?",
    "program.code": "Which program is to be improved?",
    "data.file": "Which file holds the examples?",
    "data.inputs": "Which columns is the program given?",
    "data.expected": f"Which column holds the right answer ('{NONE}' if there is none)?",
    "metric.kind": "How is an answer judged?",
    "models.task": "Which model runs the program?",
}


def draft(wishes: Wishes, *, models: Sequence[Found], here: Path | None = None) -> Draft:
    """The draft for what a person said and what lies in `here` (default: the current folder).

    `models` are what discovery found. Raises `UsageError` with one sentence where a file or a column that was named is
    not there, and where there is no data.
    """
    here = (here or Path.cwd()).resolve()
    found = sources(wishes.files, here)
    path = _path(wishes.out, found, here)
    looked = reading.read(found.data)
    seen, rows = looked.table, looked.rows
    taken = imported(found, looked.shape)
    program = program_draft(found, path.parent, seen.names, corpus=wishes.corpus, output=wishes.output)
    to_come = _to_come(wishes, seen.names)
    roled = _roled(looked, replace(wishes, expected=NONE) if to_come else wishes, taken, program)
    column = seen.by_name[str(roled.expected.value)] if roled.expected else None
    judged = taken.metric if not wishes.metric else None
    judged = judged or answers(seen, column, inputs=roled.input_names, said=wishes.metric, prompt=program.prompt_text)
    program = program.with_first_prompt(taken.system, roled, column, judged.kind)
    unlabelled = column is None and judged.kind not in WITHOUT_ANSWERS
    if unlabelled:
        roled = replace(roled, expected=Decision("data.expected", to_come or LABEL, LABELS))
    division = sizes.division(seen, split=str(roled.split.value) if roled.split else None, files=rows)
    decisions = (
        Decision("name", wishes.name or _name(found, path), SAID if wishes.name else "for people, and may be any"),
        Decision("seed", 0, "decides every random draw, the division of the rows among them"),
        *program.decisions,
        *_data(found, path.parent, rows),
        *_shape(looked.shape),
        roled.inputs,
        *([roled.expected] if roled.expected else ()),
        *(one for one in (roled.split, roled.group, roled.subgroups) if one),
        *division.decisions,
        *judged.decisions,
        *_models(wishes, models, column),
        sizes.budget(division.sizes),
    )
    text = writing.task_text(_title(found), decisions, _notes(roled))
    return Draft(
        path=path,
        text=text,
        files={**program.files, **dict(judged.files)},
        decisions=decisions,
        questions=_questions(decisions),
        warnings=(
            *looked.warnings,
            *taken.warnings,
            *program.warnings,
            *roled.warnings,
            *judged.warnings,
            *division.warnings,
        ),
        needs_labels=unlabelled,
    )


def _roled(looked: reading.Seen, wishes: Wishes, taken: Imported, program: ProgramDraft) -> Roles:
    """The columns' roles: as said, else as the prompt names them, else as calls and evals do, else as they look."""
    inputs = wishes.inputs or (() if program.asked_for else taken.inputs)
    said = Said(inputs, wishes.expected or taken.expected, wishes.split)
    roled = roles(looked.table, named=program.asked_for, said=said, namer=program.shown)
    if inputs and not wishes.inputs:
        roled = replace(roled, inputs=replace(roled.inputs, reason="what went in, as the rows say themselves"))
    if roled.expected is None or wishes.expected or not taken.expected:
        return roled
    if looked.shape != "chat-log":
        return replace(roled, expected=replace(roled.expected, reason="what the eval holds answers against"))
    reason = "what a model answered then; correct what is wrong before it counts as right"
    return replace(roled, expected=replace(roled.expected, reason=reason, sure=False, options=(NONE,)))


def _to_come(wishes: Wishes, columns: Sequence[str]) -> str:
    """The column that a person named for labels that nobody has written yet; "" where it is one of the data's, or may
    be meant for one."""
    name = wishes.expected
    if name in (*columns, NONE, "") or not wishes.metric or wishes.metric in WITHOUT_ANSWERS:
        return ""
    return "" if get_close_matches(name.casefold(), [one.casefold() for one in columns], n=1) else name


def _path(out: Path | None, found: Sources, here: Path) -> Path:
    """Where the task goes: as said, else into the deepest folder that holds program and data, if that is below `here`.

    A prompt elsewhere has the task beside it.
    """
    if out is not None:
        out = here / out
        return (out / TASK_FILE if out.is_dir() or out.suffix != ".toml" else out).absolute()
    program = found.program or found.prompt
    data = [path.parent for path in found.data.values()]
    both = [program.parent, *data] if program else data
    common = Path(os.path.commonpath([str(folder) for folder in both]))
    if common.is_relative_to(here) or program is None:
        return common / TASK_FILE
    return program.parent / TASK_FILE


def _name(found: Sources, path: Path) -> str:
    """From the data file, or from the folder where the file is called for what it is."""
    stems = {file.stem for file in found.data.values()}
    stem = stems.pop() if len(stems) == 1 else ""
    plain = {"", "data", "rows", "examples", "dataset", "train", "test", "messages"}
    words = (path.parent.name if stem.casefold() in plain else stem).replace("_", " ").replace("-", " ").strip()
    return f"{words[:1].upper()}{words[1:]}" or "My task"


def _title(found: Sources) -> str:
    program = found.program or found.prompt
    files = (program, found.graders, *found.data.values())
    seen = [file.name for file in files if file is not None]
    return f"Drafted by `toishi init` from {' and '.join(seen)}; change what you know better."


def _shape(shape: str) -> list[Decision]:
    """The shape of rows that are no plain table."""
    reasons = {
        "chat-log": "the rows are logged calls; their columns are input, system, history and expected",
        "openai-evals": "the rows are those of an OpenAI eval; its items are the columns",
    }
    return [Decision("data.format", shape, reasons[shape])] if shape else []


def _data(found: Sources, folder: Path, rows: Mapping[str, int]) -> list[Decision]:
    """The files. Data may lie outside the task's folder, by its absolute path."""
    options = tuple(_shown(path, folder) for path in found.others.get("data", ()))
    return [
        Decision(f"data.{key}", _shown(path, folder), f"{rows[key]:,} rows", not options or key != "file", options)
        for key, path in found.data.items()
    ]


def _shown(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.as_posix()


def _models(wishes: Wishes, models: Sequence[Found], expected: Column | None) -> list[Decision]:
    usable = [one for one in models if one.model is not None]
    chosen = (
        next((one for one in usable if one.model == wishes.model), None) if wishes.model else next(iter(usable), None)
    )
    found: list[Decision] = []
    if wishes.model:
        found.append(Decision("models.task", wishes.model, SAID))
    elif chosen is None:
        found.append(Decision("models.task", "auto", "none was found here: see `toishi doctor`"))
    else:
        options = tuple(str(one.model) for one in usable if one is not chosen)
        found.append(Decision("models.task", str(chosen.model), chosen.reason, not options, options))
    base_url = wishes.base_url or (chosen.base_url if chosen else None)
    if base_url:
        found.append(Decision("models.base_url", base_url, "where it answers"))
    if expected is not None and expected.longest > TOKENS * 3:
        room = -(-expected.longest // 2 // 256) * 256
        reason = f"longest answer in tokens; the longest expected one has {expected.longest:,} characters"
        found.append(Decision("models.max_tokens", room, reason))
    return found


def _notes(roled: Roles) -> dict[str, tuple[str, ...]]:
    """Comments at the end of tables: keys that a person may want next."""
    notes: dict[str, tuple[str, ...]] = {
        "models": ('reflection = "…"  # another model that rewrites; without it, the same one does',),
        "budget": ("max_cost = 5.0  # US dollars; also max_tokens and max_seconds",),
    }
    if roled.expected is None:
        notes["data"] = (f'expected = "{LABEL}"  # {LABELS}',)
    return notes


def _questions(decisions: Sequence[Decision]) -> tuple[Question, ...]:
    return tuple(
        Question(one.key, WORDS.get(one.key, f"What is {one.key}?"), _answer(one), one.options)
        for one in decisions
        if not one.sure
    )


def _answer(decision: Decision) -> str:
    return ", ".join(map(str, decision.value)) if isinstance(decision.value, tuple) else str(decision.value)


def with_answer(wishes: Wishes, question: Question, answer: str) -> Wishes:
    """The wishes after a person answered a question; an answer that is the proposed one changes nothing."""
    answer = answer.strip()
    if not answer or answer == question.proposed:
        return wishes
    match question.key:
        case "data.inputs":
            return replace(wishes, inputs=tuple(name.strip() for name in answer.split(",") if name.strip()))
        case "data.expected":
            return replace(wishes, expected=answer)
        case "metric.kind":
            if answer not in KINDS:
                raise UsageError(f"'{answer}' is no metric that can be drafted; {did_you_mean(answer, KINDS)}")
            return replace(wishes, metric=answer)
        case "models.task":
            return replace(wishes, model=answer)
        case "program.output":
            return replace(wishes, output=answer)
        case "data.file" | "program.prompt" | "program.code" | "program.graph":
            return replace(wishes, files=(*wishes.files, answer))
        case _:
            return replace(wishes, corpus=answer)
