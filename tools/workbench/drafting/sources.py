"""Which files a draft is made from: the prompt or the program, and the data, as named or as found in a folder.

Files are told apart by their names' ends, and where a folder is looked at, by what their names say.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from toishi.tools.workbench.data.graders import graders_in
from toishi.tools.workbench.drafting.code import programs_in
from toishi.tools.workbench.errors import UsageError

DATA = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet")
PROMPTS = (".txt", ".md", ".prompt", ".jinja", ".jinja2", ".j2")
PARTS = {
    "train": "train",
    "training": "train",
    "feedback": "feedback",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}
"""Words in a data file's name that say which split it is, and the key of `[data]` for it."""

ORDER = ("train", "feedback", "validation", "test")
ALLOWED = ({"train", "test"}, {"feedback", "validation", "test"}, {"train", "validation", "test"})

NOT_PROMPTS = re.compile(
    r"readme|licen[cs]e|changelog|contributing|notice|requirements|robots|security|authors|todo|notes|cmakelists", re.I
)
NOT_DATA = re.compile(r"package|tsconfig|composer|settings|config|manifest|lock|schema|labels\.|corpus", re.I)
CALLED_PROMPT = re.compile(r"prompt|instruct|system", re.I)
CORPUS = re.compile(r"corpus|passages|documents|knowledge|wiki|articles", re.I)
SKIPPED = frozenset(("node_modules", "venv", "__pycache__", "build", "dist", "site-packages", "tests", "test", "docs"))
LARGEST_PROMPT = 100_000
MOST_FILES = 2000


@dataclass(frozen=True)
class Sources:
    """Absolute paths. `program` is a Python file, with the `object` in it where one was named; `prompt` a text file.

    `data` is by key of `[data]`: `file`, or the splits. `graders` is an OpenAI eval as exported. `others` are further
    files that would do, by `program` and `data`, the likeliest first.
    """

    data: dict[str, Path]
    prompt: Path | None = None
    program: Path | None = None
    object: str = ""
    corpora: tuple[Path, ...] = ()
    graders: Path | None = None
    others: dict[str, tuple[Path, ...]] = field(default_factory=dict)
    found: bool = False
    """Whether anything was looked for, rather than named."""


def sources(named: Sequence[str], here: Path) -> Sources:
    """What the arguments of `toishi init` name, completed by what lies in `here`, or in a folder among them.

    Raises `UsageError` for a file that does not exist, or of which it cannot be told what it is, and where there is no
    data.
    """
    paths = [here / name for name in named]
    folders = [path for path in paths if path.is_dir()]
    if len(folders) > 1:
        raise UsageError(f"{folders[0]} and {folders[1]} are both folders; name one")
    data: list[Path] = []
    evals: list[Path] = []
    programs: list[tuple[Path, str | None]] = []
    for path in paths:
        file, colon, inside = str(path).rpartition(":")
        if path in folders:
            continue
        if colon and file.endswith(".py"):
            programs.append((_existing(Path(file)), inside))
        elif path.suffix.lower() == ".py":
            programs.append((_existing(path), ""))
        elif path.suffix.lower() in DATA:
            (evals if is_eval(_existing(path)) else data).append(path.resolve())
        else:
            programs.append((_existing(path), None))
    if len(programs) > 1:
        first, second = (path for path, _ in programs[:2])
        raise UsageError(f"{first} and {second} are two programs; name the one that is to be improved")
    beside = data[0].parent if data and not data[0].is_relative_to(here) else here
    graders = evals[0] if evals else None
    folder = folders[0] if folders else beside
    return _completed(folder, data, programs[0] if programs else (None, None), graders)


def _completed(
    folder: Path, data: list[Path], program: tuple[Path | None, str | None], graders: Path | None
) -> Sources:
    """With what is in the folder where data or program were not named."""
    path, inside = program
    near = list(_files(folder))
    corpora = tuple(file for file in near if file.suffix.lower() in DATA and CORPUS.search(file.stem))
    others: dict[str, tuple[Path, ...]] = {}
    found = not data or path is None
    if not data:
        data, others["data"] = _data_in(near, folder, graders)
    if path is None:
        codes = [file for file in near if file.suffix == ".py" and programs_in(file)]
        prompts = _prompts_in(near, folder, alone=not codes)
        # Beside a program, prompts in a folder of their own are its modules'.
        alone = [file for file in prompts if not codes or file.parent in {code.parent for code in codes}]
        likely = [*alone, *codes]
        others["program"] = tuple(likely[1:])
        path = likely[0] if likely else None
        inside = "" if path in codes else None
    code = inside is not None
    return Sources(
        _by_part(data),
        prompt=None if code else path,
        program=path if code else None,
        object=inside or "",
        corpora=corpora,
        graders=graders,
        others={key: files for key, files in others.items() if files},
        found=found,
    )


def is_eval(path: Path) -> bool:
    """Whether a file is an OpenAI eval as exported: one JSON object with graders."""
    if path.suffix.lower() != ".json" or path.stat().st_size > LARGEST_PROMPT:
        return False
    try:
        return bool(graders_in(json.loads(path.read_bytes())))
    except (ValueError, RecursionError):
        return False


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise UsageError(f"{path} does not exist; name a prompt file (or program.py:run) and a data file")
    return path.resolve()


def _files(folder: Path) -> Iterator[Path]:
    """Files of the folder and of the folders in it, by name; hidden ones and those of packages are left out."""
    inside = sorted(folder.iterdir(), key=lambda path: (path.is_dir(), path.name))[:MOST_FILES]
    for path in inside:
        if path.name.startswith(".") or path.name in SKIPPED:
            continue
        if path.is_file():
            yield path.resolve()
        elif path.is_dir() and path.suffix != ".egg-info" and not (path / "task.toml").exists():
            below = sorted(one for one in path.iterdir() if one.is_file() and not one.name.startswith("."))
            yield from (one.resolve() for one in below[:MOST_FILES])


def _data_in(near: Sequence[Path], folder: Path, graders: Path | None) -> tuple[list[Path], tuple[Path, ...]]:
    """The data of a folder: files that are splits of one another, or else the largest; and the others that would do."""
    likely = [
        path
        for path in near
        if path.suffix.lower() in DATA and not NOT_DATA.search(path.name) and not CORPUS.search(path.stem)
        if path != graders
    ]
    if not likely and graders is not None:
        raise UsageError(
            f"{graders} holds graders and no rows; name the data as well: toishi init eval.json rows.jsonl"
        )
    if not likely:
        raise UsageError(
            f"{folder} holds no data ({', '.join(DATA)}); name a file with examples, one row each: "
            "toishi init prompt.txt rows.csv"
        )
    by_folder: dict[Path, dict[str, Path]] = {}
    for path in likely:
        part = _part(path)
        if part:
            by_folder.setdefault(path.parent, {}).setdefault(part, path)
    for parts in by_folder.values():
        if set(parts) in ALLOWED:
            chosen = [parts[part] for part in ORDER if part in parts]
            return chosen, tuple(path for path in likely if path not in chosen)
    ordered = sorted(likely, key=lambda path: (path.parent != folder.resolve(), -path.stat().st_size))
    return ordered[:1], tuple(ordered[1:])


def _part(path: Path) -> str | None:
    words = re.findall(r"[a-z]+", path.stem.casefold())
    return next((PARTS[word] for word in words if word in PARTS), None)


def _by_part(data: Sequence[Path]) -> dict[str, Path]:
    """The files by key of `[data]`; `UsageError` where several do not go together."""
    if len(data) == 1:
        return {"file": data[0]}
    parts = {part: path for part in ORDER for path in data if _part(path) == part}
    if len(parts) < len(data) or set(parts) not in ALLOWED:
        raise UsageError(
            f"{' and '.join(path.name for path in data)} cannot be told apart by their names; call them train and "
            "test, or feedback, validation and test, or name one file"
        )
    return parts


def _prompts_in(near: Sequence[Path], folder: Path, *, alone: bool) -> list[Path]:
    """Text files that are called prompts, the nearest first; where there are none and nothing else could be the program
    (`alone`), the one text file of the folder."""
    texts = [
        path
        for path in near
        if path.suffix.lower() in PROMPTS
        and not NOT_PROMPTS.search(path.name)
        and 0 < path.stat().st_size <= LARGEST_PROMPT
    ]
    called = [path for path in texts if CALLED_PROMPT.search(path.name) or CALLED_PROMPT.search(path.parent.name)]
    if called or not alone:
        return sorted(called, key=lambda path: (not CALLED_PROMPT.search(path.name), len(path.parts)))
    plain = [path for path in texts if path.suffix.lower() != ".md" and path.parent == folder.resolve()]
    return plain if len(plain) == 1 else []
