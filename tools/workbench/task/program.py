"""The table `[program]`: what is improved."""

import re
from collections.abc import Mapping
from typing import ClassVar, Self

from pydantic import Field, field_validator, model_validator

from toishi.tools.workbench.suggestion import did_you_mean
from toishi.tools.workbench.task.section import Section
from toishi.tools.workbench.texts import CODE, INSTRUCTION, KINDS, kind_problem, parted

PROMPT = "prompt"
"""The one module of a program that is one prompt file."""

NAME = re.compile(r"[A-Za-z_]\w*")
OBJECT = re.compile(r".+\.py:[A-Za-z_]\w*")

RUN_ALONE = ("python", "regex")
"""Kinds of texts that are programs by themselves."""


class RetrieverSection(Section):
    """A local corpus that the program searches by BM25: `await call("NAME", query=…)`."""

    file: str = Field(min_length=1, description="data file with one passage a row; a column `title` is shown as well")
    text: str = Field(default="text", min_length=1, description="column that is searched and shown")
    top: int = Field(default=5, gt=0, description="how many passages a search gives")


class ProgramSection(Section):
    """What is improved: one prompt, the texts of a program of several modules, or one text that runs by itself."""

    other_words: ClassVar[Mapping[str, str]] = {
        "file": "prompt",
        "template": "prompt",
        "instruction": "prompt",
        "python": "code",
        "kind": "kinds",
        "regex": "modules",
        "function": "modules",
        "query": "modules",
        "description": "summary",
    }

    prompt: str | None = Field(
        default=None,
        min_length=1,
        description="text file with the instruction of a program that is one prompt; `{field}` stands for an input, "
        "and where it names none, the instruction is the system message and the inputs are the user message",
    )
    code: str | None = Field(
        default=None, description="`file.py:function`, an `async def function(example, call)` that gives the answer"
    )
    graph: str | None = Field(
        default=None, description="`file.py:graph`, a LangGraph graph whose nodes use `runtime.context.call`"
    )
    output: str = Field(default="output", min_length=1, description="key of the graph's state that holds the answer")
    modules: dict[str, str] = Field(
        default_factory=dict,
        description="text file of each module that code or graph uses; or of the one module that runs by itself, "
        "without code or graph, where its kind is python or regex",
    )
    kinds: dict[str, str] = Field(
        default_factory=dict,
        description=f"what a module's text is: {', '.join(repr(kind) for kind in KINDS)}; "
        "'python:FUNCTION' has to define a function, 'regex:GROUP' a group; default: 'instruction'",
    )
    summary: str = Field(
        default="", description="what the program is for, in a sentence or two, for the model that rewrites its texts"
    )
    retrievers: dict[str, RetrieverSection] = Field(
        default_factory=dict, description="local corpora that code or graph searches, by name"
    )
    max_characters: int = Field(default=4000, gt=0, description="how long a text may become")

    @field_validator("code", "graph")
    @classmethod
    def _names_an_object(cls, name: str | None) -> str | None:
        if name is not None and not OBJECT.fullmatch(name):
            raise ValueError(f"'{name}' should be a file and a name in it, such as program.py:run")
        return name

    @model_validator(mode="after")
    def _is_one_program(self) -> Self:
        given = [key for key in ("prompt", "code", "graph") if getattr(self, key) is not None]
        if len(given) > 1 or (not given and self.alone is None):
            raise ValueError(f"a program is one of prompt, code and graph, not {' and '.join(given) or 'none of them'}")
        if self.prompt is not None:
            extra = next((key for key in ("modules", "retrievers") if getattr(self, key)), None)
            if extra is not None:
                raise ValueError(f"{extra} have no meaning beside prompt; name the code or the graph that calls them")
            return self
        if not given and self.retrievers:
            raise ValueError("retrievers have no meaning without the code or the graph that calls them")
        if not self.modules:
            raise ValueError(f"{given[0]} needs modules: a text file for each name that it calls")
        bad = next((name for name in (*self.modules, *self.retrievers) if not NAME.fullmatch(name)), None)
        if bad is not None:
            raise ValueError(f"the name '{bad}' should be letters, digits and underscores, and begin with a letter")
        twice = next((name for name in self.retrievers if name in self.modules), None)
        if twice is not None:
            raise ValueError(f"'{twice}' is a module and a retriever; rename one of them")
        files = list(self.modules.values())
        same = next((file for file in files if files.count(file) > 1), None)
        if same is not None:
            raise ValueError(f"two modules have the file '{same}'; give each a file of its own")
        return self

    @model_validator(mode="after")
    def _kinds_are_known(self) -> Self:
        known = self.prompts()
        for module, kind in self.kinds.items():
            if module not in known:
                raise ValueError(f"kinds names '{module}', which is no module; {did_you_mean(module, known)}")
            problem = kind_problem(kind)
            if problem is not None:
                raise ValueError(f"kinds.{module}: {problem}")
            if self.prompt is not None and parted(kind)[0] in CODE:
                raise ValueError(
                    f"kinds.{module} = '{kind}' is run, and a prompt is given to a model; name the file in modules"
                )
        return self

    @property
    def alone(self) -> str | None:
        """The one module whose text runs by itself, where neither code nor graph is named; else None."""
        if self.prompt is not None or self.code is not None or self.graph is not None or len(self.modules) != 1:
            return None
        (module,) = self.modules
        return module if parted(self.kind_of(module))[0] in RUN_ALONE else None

    def kind_of(self, module: str) -> str:
        """What the text of a module is."""
        return self.kinds.get(module, INSTRUCTION)

    def prompts(self) -> dict[str, str]:
        """The text file of each module."""
        return {PROMPT: self.prompt} if self.prompt is not None else dict(self.modules)

    def own_code(self) -> str | None:
        """The Python file of the person's own, where the program has one."""
        name = self.code or self.graph
        return None if name is None else name.partition(":")[0]
