"""The table `[program]` of a draft: one prompt file, or code with its modules, their text files and its corpora."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from toishi.tools.workbench.drafting.code import Code, Module, read_code
from toishi.tools.workbench.drafting.columns import Column
from toishi.tools.workbench.drafting.decision import SAID, Decision
from toishi.tools.workbench.drafting.first import first_prompt, module_prompt
from toishi.tools.workbench.drafting.roles import Roles
from toishi.tools.workbench.drafting.sources import Sources
from toishi.tools.workbench.errors import TaskError, UsageError
from toishi.tools.workbench.suggestion import did_you_mean

DOUBLED = re.compile(r"{{\s*[\w.]+\s*}}")
IN_BRACES = re.compile(r"{([A-Za-z_]\w*)}")
OUTPUTS = ("output", "answer", "result", "response", "reply", "final")
FIRST_PROMPT = "prompt.txt"
ROOM = 4000
"""`program.max_characters` as it is without a word in the task."""


@dataclass(frozen=True)
class ProgramDraft:
    """Decisions of `[program]`, files to write beside the task, the fields that are asked for, and the prompt's text.

    `shown` is what the program is called in sentences.
    """

    decisions: tuple[Decision, ...]
    shown: str
    asked_for: tuple[str, ...] = ()
    prompt_text: str = ""
    files: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    missing: bool = False

    def with_first_prompt(self, system: str, roles: Roles, expected: Column | None, kind: str) -> "ProgramDraft":
        """The same where there is a program; otherwise with a first prompt, drafted from the data.

        Logged calls bring theirs: `system` is the system message that most of them had.
        """
        if not self.missing:
            return self
        if not system:
            text = first_prompt(kind, roles.input_names, expected)
            return replace(self, prompt_text=text, files={FIRST_PROMPT: text})
        decision = replace(self.decisions[0], reason="the system message of the logged calls; what is improved")
        decisions = (decision, *_room(len(system)))
        return replace(self, decisions=decisions, prompt_text=system, files={FIRST_PROMPT: f"{system}\n"})


def program_draft(found: Sources, folder: Path, columns: Sequence[str], *, corpus: str, output: str) -> ProgramDraft:
    """The program among the sources, for a task in `folder` whose data has these columns.

    Raises `UsageError` where a file lies outside the folder, since a task changes only what lies in its project, and
    `TaskError` where it cannot be read as a program.
    """
    if found.program is not None:
        return _code(found, folder, columns, corpus, output)
    if found.prompt is not None:
        return _prompt(found, folder, columns)
    if (folder / FIRST_PROMPT).exists():
        raise UsageError(f"{folder / FIRST_PROMPT} is no prompt as it stands; fill it, or name another file")
    reason = "drafted from the data, since there was none; put your own words into it"
    decision = Decision("program.prompt", FIRST_PROMPT, reason)
    return ProgramDraft((decision,), FIRST_PROMPT, missing=True)


def _prompt(found: Sources, folder: Path, columns: Sequence[str]) -> ProgramDraft:
    assert found.prompt is not None
    name = inside(found.prompt, folder)
    text = _text(found.prompt)
    wanted = tuple(dict.fromkeys(IN_BRACES.findall(text)))
    strange = [one for one in wanted if one not in columns]
    warnings = [
        f"{name} names {{{one}}}, which is no column ({did_you_mean(one, columns)}); it would stay as it is written"
        for one in strange
    ]
    doubled = DOUBLED.findall(text)
    if doubled:
        warnings.append(f"{name} has double braces, {doubled[0]}; toishi fills {{column}}, with single ones")
    others = tuple(inside(path, folder) for path in found.others.get("program", ()) if path.is_relative_to(folder))
    asked = tuple(one for one in wanted if one in columns)
    what = f"it names {_listed(asked)} in braces" if asked else "it names no column, so the row is sent below it"
    decisions = [Decision("program.prompt", name, f"what is improved; {what}", not others, others)]
    decisions += _room(len(text))
    return ProgramDraft(tuple(decisions), name, asked, text, warnings=tuple(warnings))


def _code(found: Sources, folder: Path, columns: Sequence[str], corpus: str, output: str) -> ProgramDraft:
    assert found.program is not None
    name = inside(found.program, folder)
    code = read_code(found.program, found.object, shown=name)
    searching = [module for module in code.modules.values() if module.searches]
    corpora = [Path(corpus).resolve()] if corpus else list(found.corpora)
    retrievers = searching if corpora else []
    modules = [module for module in code.modules.values() if module not in retrievers]
    if not modules:
        raise TaskError(f'{name} calls no module by name, as in `await call("answer", question=…)`; nothing to improve')
    decisions = [
        Decision(f"program.{code.kind}", f"{name}:{code.name}", "your code; it runs only once you trust it (--trust)"),
        *_output(code, output),
    ]
    files: dict[str, str] = {}
    texts = []
    for module in modules:
        decision, text, new = _module(module, folder, found.program.parent)
        decisions.append(decision)
        texts.append(text)
        if new:
            files[str(decision.value)] = text
    for module in retrievers:
        reason = f"the passages that `{module.name}` searches (line {module.line})"
        options = tuple(inside(path, folder) for path in corpora[1:])
        file = Decision(
            f"program.retrievers.{module.name}.file", inside(corpora[0], folder), reason, not options, options
        )
        decisions.append(file)
    room = _room(max(len(text) for text in texts))
    decisions[1:1] = room
    warnings = [
        f"{name}, line {line} computes the name of a module; if it is none of those found, add its text file to "
        "[program.modules]"
        for line in code.computed
    ]
    if searching and not corpora:
        names = _listed([module.name for module in searching])
        warnings.append(
            f"{names} look{'s' if len(searching) == 1 else ''} like a search; name the passages with --corpus FILE, or "
            "a model will be asked to make them up"
        )
    warnings += [f"{name} reads the input '{key}', which is no column" for key in _strange(code, columns)]
    asked = tuple(key for key in code.inputs if key in columns)
    return ProgramDraft(tuple(decisions), name, asked, "\n\n".join(texts), files, tuple(warnings))


def _strange(code: Code, columns: Sequence[str]) -> list[str]:
    """Inputs of a function that the data does not have; a graph's state has keys of its own."""
    return [key for key in code.inputs if key not in columns] if code.kind == "code" else []


def _module(module: Module, folder: Path, beside: Path) -> tuple[Decision, str, bool]:
    """The text file of a module: one that is there under a likely name, or else one to write."""
    names = [f"prompts/{module.name}", module.name, f"{module.name}_prompt", f"modules/{module.name}"]
    key = f"program.modules.{module.name}"
    for place in dict.fromkeys((beside, folder)):
        for name in names:
            for end in (".txt", ".md", ".prompt"):
                path = place / f"{name}{end}"
                if path.is_file() and path.is_relative_to(folder):
                    reason = f"called in line {module.line}"
                    return Decision(key, inside(path, folder), reason), _text(path), False
    name = (beside.relative_to(folder) / "prompts" / f"{module.name}.txt").as_posix()
    reason = f"called in line {module.line}; drafted, put your own words into it"
    return Decision(key, name, reason), module_prompt(module.name, tuple(module.fields)), True


def _output(code: Code, said: str) -> tuple[Decision, ...]:
    """Which key of a graph's state is the answer."""
    if code.kind == "code":
        return ()
    if said:
        return (Decision("program.output", said, SAID),)
    likely = [key for key in OUTPUTS if key in code.returned] + [key for key in code.returned if key not in OUTPUTS]
    if not likely:
        return ()
    options = tuple(likely[1:])
    reason = "the key of the graph's state that holds the answer"
    return (Decision("program.output", likely[0], reason, likely[0] in OUTPUTS or not options, options),)


def _room(length: int) -> list[Decision]:
    """`max_characters` where the usual room is tight."""
    if length * 2 <= ROOM:
        return []
    room = -(-length * 2 // 1000) * 1000
    return [Decision("program.max_characters", room, f"how long it may become; it has {length:,} characters now")]


def inside(path: Path, folder: Path) -> str:
    """The path from the task's folder; `UsageError` where it lies outside."""
    if not path.is_relative_to(folder):
        raise UsageError(
            f"{path} lies outside {folder}, where the task would be; copy it there, or say with --out where the "
            "task is to be written"
        )
    return path.relative_to(folder).as_posix()


def _text(path: Path) -> str:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 (byte {error.start}); save it as UTF-8, or name a text file") from None
    if not text.strip():
        raise UsageError(f"{path} is empty; write the instruction that is to be improved")
    return text


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
