"""The table `[program]`: what is improved."""

from pydantic import Field

from toishi.tools.workbench.task.section import Section


class ProgramSection(Section):
    """What is improved."""

    prompt: str = Field(
        min_length=1,
        description="text file with the instruction; `{field}` stands for an input, and where it names none, "
        "the instruction is the system message and the inputs are the user message",
    )
    max_characters: int = Field(default=4000, gt=0, description="how long the instruction may become")
