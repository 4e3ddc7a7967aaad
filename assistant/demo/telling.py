"""What the demo says to a person before and after its run, and to a program."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from toishi.assistant.console import say
from toishi.assistant.demo.folder import TEN, Intents
from toishi.assistant.following.headless import Ending, print_ending
from toishi.assistant.past.difference import difference, print_texts

if TYPE_CHECKING:
    from toishi.tools.workbench.journal import Journal


def document(ending: Ending) -> dict[str, Any]:
    """The JSON document of `toishi demo`; scores are null where the run did not get that far."""
    judged = ending.view.judged
    return {
        "run": ending.run,
        "seed_score": judged.seed_score if judged else None,
        "best_score": judged.best_score if judged else None,
        "interval": list(judged.interval) if judged else None,
        "p_value": judged.p_value if judged else None,
        "rollouts": ending.view.rollouts,
        "seconds": round(ending.view.seconds, 3),
        "outcome": ending.view.finished.outcome if ending.view.finished else None,
    }


def print_start(folder: Path, intents: Intents) -> None:
    """What will happen now."""
    many = f"{len(TEN)} intents" if intents == "ten" else "all 77 intents"
    say(f"Real messages to a bank (BANKING77, CC BY 4.0), {many}; see {folder}/")
    say("A small model that ships with toishi answers them, and rewrites its prompt.")
    say("No key, no network.")
    say()


def print_end(journal: "Journal", project: Path, folder: Path, ending: Ending) -> None:
    """What came of it: the change, the numbers, and what to do next."""
    if ending.view.pool:
        found = difference(journal, ending.run)
        say()
        print_texts(found)
    print_ending(journal, project, ending, yes=False)
    if ending.view.finished is None:
        return
    say(f"Your own data:    copy {folder / 'task.toml'}, name your prompt and csv in it,")
    say("                  then  toishi run task.toml")
