"""What every table of `task.toml` has in common."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A table of the file: every key is known, and none is converted from another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
