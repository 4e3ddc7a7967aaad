"""The table `[data]`: where the examples are, and which part of them is for what."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from toishi.tools.workbench.task.section import Section

ENDINGS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
}
"""The format that a data file is of by the end of its name."""

Format = Literal["auto", "csv", "tsv", "json", "jsonl", "parquet", "arrow", "chat-log", "openai-evals"]


SAVED = ("dataset_dict.json", "dataset_info.json")


def is_saved_dataset(folder: Path) -> bool:
    """Whether `save_to_disk` of the package `datasets` wrote this folder."""
    return any((folder / name).is_file() for name in SAVED)


class DataSection(Section):
    """Where the examples are, and which part of them is for what."""

    file: str | None = Field(
        default=None,
        description="file with all rows: csv, tsv, json, jsonl, parquet, a log of calls, OpenAI evals, or a folder "
        "that `datasets` saved",
    )
    train: str | None = Field(default=None, description="file divided by seed into feedback and validation")
    feedback: str | None = Field(default=None, description="file with the rows that the reflection may see")
    validation: str | None = Field(default=None, description="file with the rows that choose among candidates")
    test: str | None = Field(default=None, description="file with the rows that judge the result, once, at the end")
    hf: str | None = Field(
        default=None, min_length=1, description="data set on the Hugging Face hub, as owner/name; in place of a file"
    )
    hf_config: str | None = Field(
        default=None, min_length=1, description="configuration of the data set, if it has any"
    )
    hf_split: str | None = Field(
        default=None,
        min_length=1,
        description="the one split of a data set to read; default: all, which then are what they are called",
    )
    requests: str | None = Field(
        default=None, description="file with the requests of a batch, where the data are its answers (by custom_id)"
    )
    format: Format = Field(
        default="auto",
        description="'chat-log': every row is a logged call, from which the columns input, system, history and "
        "expected are taken; 'openai-evals': rows of OpenAI evals, whose items are the columns; the others say how the "
        "file is written, where the end of its name does not; 'auto': found out",
    )
    encoding: str | None = Field(
        default=None, min_length=1, description="encoding of text files, such as cp1252; default: detected"
    )
    inputs: tuple[str, ...] = Field(
        strict=False,
        min_length=1,
        description="columns that the program is given; dots lead into objects and lists: 'item.question'",
    )
    expected: str | None = Field(
        default=None,
        min_length=1,
        description="column with the right answer; may be left out where the metric needs none",
    )
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

    group: str | None = Field(
        default=None,
        min_length=1,
        description="column whose equal values stay on one side, such as the customer's number",
    )
    subgroups: tuple[str, ...] = Field(
        default=(), strict=False, description="columns by whose values the scores are told apart as well"
    )
    most: tuple[int, ...] | None = Field(
        default=None,
        strict=False,
        description="at most so many rows of feedback, validation and test, drawn by the seed, each label alike",
    )
    strict: bool = Field(
        default=False, description="whether one row that cannot be used stops the run; else it is left out and told"
    )

    @field_validator("most")
    @classmethod
    def _are_caps(cls, most: tuple[int, ...] | None) -> tuple[int, ...] | None:
        if most is not None and (len(most) != 3 or min(most) <= 0):
            raise ValueError(f"{list(most)} are not three numbers above 0 (feedback, validation, test)")
        return most

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
        if self.expected is not None and self.expected in self.inputs:
            raise ValueError(f"expected = '{self.expected}' is among the inputs, so the answer would be given away")
        self._name_rows_once()
        return self

    def _name_rows_once(self) -> None:
        named = [*self.files(), *(["hf"] if self.hf is not None else [])]
        allowed = ("file", "hf", "train test", "feedback validation test", "train validation test")
        if " ".join(named) not in allowed:
            raise ValueError(
                f"rows come from {' and '.join(named) or 'nowhere'}; "
                "name either file, or train and test, or feedback, validation and test, or hf"
            )
        whole = self.file is not None or self.hf is not None
        if self.split is not None and not whole:
            raise ValueError(f"split = '{self.split}' has no meaning beside files that are splits themselves")
        if self.requests is not None and self.file is None:
            raise ValueError(f"requests = '{self.requests}' has no meaning but beside file, which holds the answers")
        if self.hf_config is not None and self.hf is None:
            raise ValueError(f"hf_config = '{self.hf_config}' has no meaning without hf")
        if self.hf_split is not None and not whole:
            raise ValueError(f"hf_split = '{self.hf_split}' has no meaning but beside hf, or a folder as file")

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
