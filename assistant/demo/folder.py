"""The folder that `toishi demo` writes: a task, its first prompt and its messages, as a person's own would be.

The ten intents were chosen on the training rows alone. Of all 77, the intent was dropped that a list of keyword rules,
learned from six sevenths of the training rows, found least often among the rest (the first by name among equals), until
ten were left. So they are intents that words tell apart, and the test rows had no say in it.
"""

import csv
import io
from pathlib import Path
from string import Template
from typing import Literal

from toishi.tools.workbench.errors import UsageError

Intents = Literal["ten", "all"]

DATA = Path(__file__).with_name("data")

TEN = (
    "card_linking",
    "change_pin",
    "failed_transfer",
    "lost_or_stolen_phone",
    "pending_card_payment",
    "pending_cash_withdrawal",
    "request_refund",
    "virtual_card_not_working",
    "visa_or_mastercard",
    "why_verify_identity",
)

PROMPT = """\
Answer with the intent of the bank customer's message.
The first word of the message that stands in a rule decides.

- card: card_linking
Otherwise: card_linking
"""

TASK = Template("""\
# Which intent does a message to a bank have? The messages are real (BANKING77, see NOTICE.md).
name = "Bank messages"
seed = 0

[program]
prompt = "prompt.txt"        # what is improved: the instruction; the message itself is the user's turn
max_characters = 4000

[data]
file = "messages.csv"
inputs = ["text"]
expected = "label"
split = "split"              # test rows stay locked until the end; train rows are divided by the seed

[metric]
kind = "choice"              # right where the answer names the expected intent

[models]
task = "embedded/mini"       # answers messages
reflection = "embedded/mini" # proposes better instructions
max_tokens = 96
concurrency = 40             # messages in flight at once
reflection_temperature = 0.3
reflection_max_tokens = 448

[budget]
max_rollouts = $rollouts

[gepa]
minibatch = 4
patience = 12                # iterations without a better candidate after which the search ends
""")

ROLLOUTS: dict[Intents, int] = {"ten": 700, "all": 4000}


def files(intents: Intents) -> dict[str, str]:
    """What the folder holds, by file name."""
    return {
        "task.toml": TASK.substitute(rollouts=ROLLOUTS[intents]),
        "prompt.txt": PROMPT,
        "messages.csv": messages(intents),
        "NOTICE.md": (DATA / "NOTICE.md").read_text(encoding="utf-8").replace("banking77.csv", "messages.csv"),
    }


def messages(intents: Intents) -> str:
    """The shipped rows of these intents, as csv."""
    with (DATA / "banking77.csv").open(encoding="utf-8", newline="") as source:
        header, *rows = csv.reader(source)
    label = header.index("label")
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(row for row in rows if intents == "all" or row[label] in TEN)
    return out.getvalue()


def write(folder: Path, intents: Intents) -> Path:
    """Writes the folder and gives the path of its `task.toml`.

    Files as an earlier demo wrote them may be replaced. Raises `UsageError` where a file was edited since, or is
    somebody else's, and then writes nothing.
    """
    wanted = files(intents)
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file; name another folder with --folder")
    known = {name: {wanted[name], files("all")[name], files("ten")[name]} for name in wanted}
    for name in wanted:
        path = folder / name
        if path.exists() and path.read_bytes().decode("utf-8", "replace") not in known[name]:
            raise UsageError(
                f"{path} is not as the demo wrote it and is left alone; name another folder with --folder, "
                f"or go on from it with `toishi run {folder / 'task.toml'}`"
            )
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in wanted.items():
        (folder / name).write_bytes(text.encode())
    return folder / "task.toml"
