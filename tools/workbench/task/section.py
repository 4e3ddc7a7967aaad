"""What every table of `task.toml` has in common."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A table of the file: every key is known, and none is converted from another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    # What people call a key by other words than its name, too far from it to be taken for a slip of the pen.
    other_words: ClassVar[Mapping[str, str]] = {}
