"""Metrics that run something: the code that a model wrote (code), and a person's own function (python)."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from toishi.tools.workbench.task.kinds.kind import Kind, Place


class CodeKind(Kind):
    """The answer is Python code, and tests of the row say whether what it does is right; it runs in the sandbox."""

    kind: Literal["code"]
    tests: str | None = Field(
        default=None,
        min_length=1,
        description="column that holds the tests of its row: Python assertions (as one text or a JSON list of texts; a "
        "`def check(candidate)` as in HumanEval is understood), or a JSON list of objects with input and output. "
        "Default: the expected answer is the only test, as what the code prints or what function returns",
    )
    function: str | None = Field(
        default=None,
        min_length=1,
        description="name of the function that the answer must define; without tests it is called, and should return "
        "the expected answer (read as JSON or as a Python literal)",
    )
    function_column: str | None = Field(
        default=None, min_length=1, description="column that holds that name for its row; in place of function"
    )
    arguments: str | None = Field(
        default=None,
        min_length=1,
        description="column that holds the arguments of the call: a JSON list (by position) or object (by name); "
        "default: the row's inputs by name",
    )
    stdin: str | None = Field(
        default=None, min_length=1, description="column that holds what the code may read from its standard input"
    )
    setup: str | None = Field(
        default=None, min_length=1, description="column that holds Python to execute before the answer, as imports"
    )
    score: Literal["share", "all"] = Field(
        default="share", description="'share': of the tests that pass; 'all': 1 where all pass, else 0"
    )
    seconds: float = Field(default=10.0, gt=0, le=3600, description="how long one answer may take")
    memory: int = Field(default=512, ge=16, description="megabytes that it may use")
    modules: tuple[str, ...] = Field(
        default=(),
        strict=False,
        description="installed packages that the code may import beside the standard library, as numpy; they must be "
        "made for computing, since the sandbox opens no file",
    )

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if self.function is not None and self.function_column is not None:
            raise ValueError("function and function_column are both given; take one out")
        if self.function is not None and not self.function.isidentifier():
            raise ValueError(f"function = '{self.function}' is no name of a function")
        calls = self.function is not None or self.function_column is not None
        if self.arguments is not None and (self.tests is not None or not calls):
            raise ValueError("arguments has a meaning only with function or function_column, and without tests")
        if self.stdin is not None and (self.tests is not None or calls):
            raise ValueError(
                "stdin has a meaning only without tests and function, where what the code prints is judged"
            )
        return self

    @property
    def runs_code(self) -> bool:
        """The answer itself."""
        return True

    @property
    def needs_expected(self) -> bool:
        """Where no tests are named."""
        return self.tests is None

    def columns(self, at: str) -> dict[str, str]:
        """The columns that it reads."""
        keys = ("tests", "function_column", "arguments", "stdin", "setup")
        return {f"{at}.{key}": column for key in keys if (column := getattr(self, key)) is not None}


class PythonKind(Kind):
    """A person's own function judges."""

    kind: Literal["python"]
    function: str = Field(
        description="the function, as in 'metric.py:score'. It is given the example and the answer (and the trace, "
        "where it takes a third argument), may be async, and returns a score from 0 to 1, or (score, feedback), or a "
        "table of named objectives of which the score is the mean, or a Judgement"
    )
    timeout: float = Field(default=60.0, gt=0, description="seconds that it may take for one example")

    @field_validator("function")
    @classmethod
    def _names_a_file_and_a_function(cls, function: str) -> str:
        file, _, name = function.rpartition(":")
        if not file.endswith(".py") or not name.isidentifier():
            raise ValueError(f"'{function}' should name a file and a function in it, as in 'metric.py:score'")
        return function

    @property
    def needs_expected(self) -> bool:
        """Only the function knows, so rows without an expected answer are let through to it."""
        return False

    @property
    def own_code(self) -> tuple[str, ...]:
        """The file with the function."""
        return (self.function.rpartition(":")[0],)

    def placed(self, place: Place, project: Path, at: str) -> Self:
        """The same with the file as the project sees it."""
        file, _, name = self.function.rpartition(":")
        return self.model_copy(update={"function": f"{place(f'{at}.function', file)}:{name}"})
