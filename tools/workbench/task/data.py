"""The table `[data]`: where the examples are, and which part of them is for what."""

from typing import Self

from pydantic import Field, field_validator, model_validator

from toishi.tools.workbench.task.section import Section


class DataSection(Section):
    """Where the examples are, and which part of them is for what."""

    file: str | None = Field(default=None, description="csv or jsonl file with all rows")
    train: str | None = Field(default=None, description="file divided by seed into feedback and validation")
    feedback: str | None = Field(default=None, description="file with the rows that the reflection may see")
    validation: str | None = Field(default=None, description="file with the rows that choose among candidates")
    test: str | None = Field(default=None, description="file with the rows that judge the result, once, at the end")
    inputs: tuple[str, ...] = Field(strict=False, min_length=1, description="columns that the program is given")
    expected: str = Field(min_length=1, description="column with the right answer")
    split: str | None = Field(
        default=None, description="column that says feedback, validation, test or train; empty: divided by the shares"
    )
    labels: str | None = Field(
        default=None,
        description="csv file with labels for rows that came without one, made by `toishi label`; "
        "default: beside the data, rows.csv has rows.labels.csv",
    )
    shares: tuple[float, ...] = Field(
        default=(0.4, 0.3, 0.3),
        strict=False,
        description="shares of feedback, validation and test among the rows for which the data does not say it",
    )

    @field_validator("shares")
    @classmethod
    def _are_shares(cls, shares: tuple[float, ...]) -> tuple[float, ...]:
        if len(shares) != 3 or min(shares) <= 0 or abs(sum(shares) - 1) > 1e-6:
            raise ValueError(
                f"{list(shares)} are not three numbers above 0 that add up to 1 (feedback, validation, test)"
            )
        return shares

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if len(set(self.inputs)) < len(self.inputs):
            raise ValueError(f"inputs names a column twice: {', '.join(self.inputs)}")
        if self.expected in self.inputs:
            raise ValueError(f"expected = '{self.expected}' is among the inputs, so the answer would be given away")
        named = frozenset(self.files())
        if named not in (
            {"file"},
            {"train", "test"},
            {"feedback", "validation", "test"},
            {"train", "validation", "test"},
        ):
            raise ValueError(
                f"rows come from {' and '.join(self.files()) or 'nowhere'}; "
                "name either file, or train and test, or feedback, validation and test"
            )
        if self.split is not None and self.file is None:
            raise ValueError(f"split = '{self.split}' has no meaning beside files that are splits themselves")
        return self

    def files(self) -> dict[str, str]:
        """The files that are named, by key."""
        named = {
            "file": self.file,
            "train": self.train,
            "feedback": self.feedback,
            "validation": self.validation,
            "test": self.test,
        }
        return {key: path for key, path in named.items() if path is not None}
