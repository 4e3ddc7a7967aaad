"""The two flags that all benchmarks share, and the two forms in which they report."""

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """What the person asked for: fewer seeds (`quick`), and a JSON object as the last line (`json`)."""

    quick: bool
    json: bool


def options(description: str, arguments: list[str] | None = None) -> Options:
    """Parse `--quick` and `--json` from `arguments`, by default those of the process."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="fewer repetitions, the same arms; about three minutes")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parsed = parser.parse_args(arguments)
    return Options(quick=parsed.quick, json=parsed.json)


def say(text: str) -> None:
    """Progress and remarks: stderr, so that stdout stays the report."""
    print(text, file=sys.stderr, flush=True)


def report(figures: Mapping[str, object], chosen: Options) -> None:
    """Print `figures` as one line of JSON or as a table of two columns."""
    if chosen.json:
        print(json.dumps(figures))
        return
    width = max(map(len, figures), default=0)
    for name, value in figures.items():
        print(f"{name.replace('_', ' '):<{width}}  {_shown(value)}")
    if chosen.quick:
        print("(quick: fewer repetitions than the published figures)")


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
