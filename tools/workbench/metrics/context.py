"""What a metric may be given beside its settings."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from toishi.tools.workbench.models.protocol import Message, Reply


class Ask(Protocol):
    """Asks the judge's model, within the run's budget; the reply is in the journal before it is used.

    `replicate` tells equal questions apart; `schema` is the JSON text of a JSON schema that the reply should follow.
    Raises what the gateway raises.
    """

    async def __call__(
        self, purpose: str, messages: tuple[Message, ...], replicate: int = 0, schema: str | None = None
    ) -> Reply: ...


@dataclass(frozen=True)
class MetricContext:
    """`project` is the folder from which paths count; `ask` is None where no model may judge."""

    project: Path
    ask: Ask | None = None
