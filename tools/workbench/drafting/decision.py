"""One thing that a draft had to decide, and why it came out so."""

from dataclasses import dataclass

Value = str | int | float | bool | tuple[str, ...] | tuple[int, ...] | tuple[float, ...]


@dataclass(frozen=True)
class Decision:
    """`key` as `task.toml` writes it (`data.inputs`), its value, and the reason in words that begin small.

    `sure` says that looking was enough; where it was not, a person is asked, with the value as the proposed answer and
    `options` as the others that would do. A person's own word is sure.
    """

    key: str
    value: Value
    reason: str
    sure: bool = True
    options: tuple[str, ...] = ()


SAID = "chosen by you"
