"""Metrics that hold the answer against the expected one: exact, choice, text, number, f1, contains."""

from typing import Literal, Self

from pydantic import Field, model_validator

from toishi.tools.workbench.task.kinds.kind import Kind

SEPARATOR = (
    "text between several right answers in the expected column, of which the nearest counts; 'json' where the column "
    "holds a JSON list of them; default: the column holds one answer"
)

Ignored = Literal["case", "blanks", "punctuation", "articles"]


class ExactKind(Kind):
    """The answer is the expected text, but for blanks at the ends."""

    kind: Literal["exact"]


class ChoiceKind(Kind):
    """The answer names the expected label, among labels that are known beforehand."""

    kind: Literal["choice"]
    choices: tuple[str, ...] | None = Field(
        default=None, strict=False, min_length=2, description="labels of a choice; default: those in the data"
    )

    @model_validator(mode="after")
    def _choices_are_told_apart(self) -> Self:
        seen: dict[str, str] = {}
        for choice in self.choices or ():
            if not choice or choice != choice.strip():
                raise ValueError(f"the choice '{choice}' is empty or has blanks at its ends")
            if choice.casefold() in seen:
                raise ValueError(f"the choices '{seen[choice.casefold()]}' and '{choice}' are the same but for case")
            seen[choice.casefold()] = choice
        return self

    @property
    def labels(self) -> tuple[str, ...] | None:
        """Those that are written."""
        return self.choices


class TextKind(Kind):
    """The answer is the expected text, once both are brought to one form."""

    kind: Literal["text"]
    ignore: tuple[Ignored, ...] = Field(
        default=("case", "blanks", "punctuation", "articles"),
        strict=False,
        description="what does not count: 'case'; 'blanks' (several count as one, none at the ends); 'punctuation'; "
        "'articles' (a, an, the). Letters that Unicode writes in several ways (full width, ligatures) are always one",
    )
    separator: str | None = Field(default=None, min_length=1, description=SEPARATOR)


class NumberKind(Kind):
    """The answer gives the expected number."""

    kind: Literal["number"]
    find: Literal["final", "last", "whole"] = Field(
        default="final",
        description="where the number stands in the answer; 'final': behind ####, in \\boxed{}, behind 'the answer "
        "is', else the last number; 'last': the last number; 'whole': the answer is a number and nothing else",
    )
    tolerance: float = Field(
        default=0.0, ge=0, description="how far the number may lie from the expected one, in the same unit"
    )
    relative: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="how far it may lie from it, as a share of the expected number (0.01 is one percent); of the two "
        "tolerances the wider one counts",
    )
    decimal: Literal[".", ","] = Field(
        default=".", description="sign before the decimals; the other one then stands between thousands"
    )
    percent: Literal["number", "share"] = Field(
        default="number", description="what 5% is; 'number': 5, as if the sign were a unit; 'share': 0.05"
    )


class F1Kind(Kind):
    """How many words the answer shares with the expected one, as in SQuAD and HotpotQA."""

    kind: Literal["f1"]
    separator: str | None = Field(default=None, min_length=1, description=SEPARATOR)


class ContainsKind(Kind):
    """Certain texts stand in the answer, or do not."""

    kind: Literal["contains"]
    texts: tuple[str, ...] | None = Field(
        default=None, strict=False, min_length=1, description="texts to look for; default: the expected answer"
    )
    texts_column: str | None = Field(
        default=None,
        min_length=1,
        description="column that holds the texts of its row, as a JSON list or as one text; in place of texts",
    )
    need: Literal["all", "any", "none"] = Field(
        default="all",
        description="'all': the score is the share of them that stands in the answer; 'any': one is enough; "
        "'none': none of them may stand there",
    )
    case: bool = Field(default=False, description="whether upper and lower case count")
    separator: str | None = Field(default=None, min_length=1, description=SEPARATOR)

    @model_validator(mode="after")
    def _texts_come_from_one_place(self) -> Self:
        if self.texts is not None and self.texts_column is not None:
            raise ValueError("texts and texts_column are both given; take one out")
        if self.separator is not None and not self.needs_expected:
            raise ValueError(f"separator = '{self.separator}' has no meaning beside texts that are given")
        for text in self.texts or ():
            if not text.strip():
                raise ValueError("one of the texts is empty, so it stands in every answer; take it out")
        return self

    @property
    def needs_expected(self) -> bool:
        """Where it is not told what to look for."""
        return self.texts is None and self.texts_column is None

    def columns(self, at: str) -> dict[str, str]:
        """The column with the texts."""
        return {} if self.texts_column is None else {f"{at}.texts_column": self.texts_column}
