"""What all proposals of a search share: its examples, what it may ask, how, and what is wanted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from toishi.tools.gepa.protocol import Evaluate, Reflect, Split
from toishi.tools.gepa.settings import GepaSettings
from toishi.tools.gepa.wall import Wall
from toishi.tools.workbench.example import Example
from toishi.tools.workbench.objectives import SCORE, Groups, Objective
from toishi.tools.workbench.seeds import Streams
from toishi.tools.workbench.textgrad.copying import Rows
from toishi.tools.workbench.texts import INSTRUCTION

REPLICATE = 1
"""The number of a second rollout on the same example; the first has 0."""


@dataclass(frozen=True)
class Brief:
    """What the texts are and have to be, for the reflector and for what is checked of its replies.

    `max_characters` limits every text; `placeholders` names, by module, what must survive in it; `kinds` says, by
    module, what kind of text it is, where it is no instruction; `summary` says what the program is for; `fields` are
    those of the examples by which failures are counted.
    """

    max_characters: int
    placeholders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    summary: str = ""
    fields: tuple[str, ...] = ()

    def of(self, module: str, modules: Iterable[str]) -> dict[str, Any]:
        """What every request about a module says."""
        return {
            "module": module,
            "max_characters": self.max_characters,
            "placeholders": self.placeholders.get(module, ()),
            "kind": self.kinds.get(module, INSTRUCTION),
            "modules": tuple(modules),
            "summary": self.summary,
        }


@dataclass(frozen=True)
class World:
    """What all proposals of a search share; see `optimize`."""

    feedback: Sequence[Example]
    validation: Sequence[Example]
    evaluate: Evaluate
    reflect: Reflect
    settings: GepaSettings
    streams: Streams
    brief: Brief
    wall: Wall
    objectives: Sequence[Objective] = (SCORE,)
    groups: Groups = field(default_factory=dict)

    @cached_property
    def rows(self) -> Rows:
        """The feedback rows as no text may copy them."""
        return Rows(self.feedback, self.settings.copied_words)

    @property
    def solves(self) -> bool:
        """Whether the rows themselves are to be solved, and the best answer to each counts."""
        return self.settings.mode == "solve"

    def counted(self, split: Split) -> Split:
        """Under which split a rollout counts as used: where both are the same rows, one serves both."""
        return "validation" if self._one_set else split

    @cached_property
    def _one_set(self) -> bool:
        return list(self.feedback) == list(self.validation)

    @property
    def several(self) -> bool:
        """Whether anything but the score is wanted, or has a limit."""
        return tuple(self.objectives) != (SCORE,)
