"""The table `[metric]`: how an answer is judged."""

from typing import Literal, Self

from pydantic import Field, model_validator

from toishi.tools.workbench.task.section import Section


class MetricSection(Section):
    """How an answer is judged."""

    kind: Literal["exact", "choice"] = Field(
        description="'exact': the answer is the expected text; 'choice': the answer names the expected label"
    )
    choices: tuple[str, ...] | None = Field(
        default=None, strict=False, min_length=2, description="labels of a choice; default: those in the data"
    )

    @model_validator(mode="after")
    def _choices_are_told_apart(self) -> Self:
        if self.choices is None:
            return self
        if self.kind != "choice":
            raise ValueError(f"choices have no meaning with kind = '{self.kind}'")
        seen: dict[str, str] = {}
        for choice in self.choices:
            if not choice or choice != choice.strip():
                raise ValueError(f"the choice '{choice}' is empty or has blanks at its ends")
            if choice.casefold() in seen:
                raise ValueError(f"the choices '{seen[choice.casefold()]}' and '{choice}' are the same but for case")
            seen[choice.casefold()] = choice
        return self
