"""How long a person waits for `toishi --version` and a program for `import toishi.tools.gepa`.

Each figure is the median over fresh processes, the interpreter's own start included. The bare interpreter is measured
among them, in turn, so that a slow moment of the machine falls on all alike.
"""

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks import _report

SCRIPT = str(Path(sys.executable).with_name("toishi"))
COMMANDS = {
    "version_seconds": [SCRIPT, "--version"],
    "import_gepa_seconds": [sys.executable, "-c", "import toishi.tools.gepa"],
    "import_assistant_seconds": [sys.executable, "-c", "import toishi.assistant"],
    "bare_python_seconds": [sys.executable, "-c", ""],
}
# What is in the process after `toishi --version`.
PROBE = """
import json, sys
from toishi.assistant.cli import cli
cli(["--version"], standalone_mode=False)
print(json.dumps({f"{name}_loaded": name in sys.modules for name in ("torch", "litellm", "langgraph", "pandas")}))
"""


def seconds(command: list[str]) -> float:
    """Wall seconds of one process, from its start to its end."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def measure(repetitions: int) -> dict[str, object]:
    """The medians, and which slow libraries were loaded."""
    for command in COMMANDS.values():
        seconds(command)  # the first start reads the files from disk
    taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(repetitions):
        for name, command in COMMANDS.items():
            taken[name].append(seconds(command))
    loaded = subprocess.run([sys.executable, "-c", PROBE], check=True, capture_output=True, text=True).stdout
    figures = {name: round(statistics.median(values), 3) for name, values in taken.items()}
    return {**figures, **json.loads(loaded.splitlines()[-1]), "repetitions": repetitions}


if __name__ == "__main__":
    chosen = _report.options("How fast toishi starts.")
    _report.report(measure(repetitions=7 if chosen.quick else 25), chosen)
