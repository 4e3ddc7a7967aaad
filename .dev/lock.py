"""Writes requirements.lock: what pip resolves today for all extras, without installing any of it.

Run by `make lock` with the oldest Python that is supported, since its set of packages installs on newer ones too.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
HEADER = """\
# Made by `make lock` from pyproject.toml; pip reads it. No hashes and no build tags: torch has several builds of one
# release, and which of them is right depends on the machine.
"""


def resolve() -> dict[str, str]:
    """Name and version of everything that `.[data,local,dev]` needs, this package left out."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
        command += ["--constraint", str(ROOT / ".dev" / "constraints.txt"), "--report", str(report)]
        subprocess.run([*command, f"{ROOT}[data,local,dev]"], check=True)
        entries = json.loads(report.read_text())["install"]
    pins = {entry["metadata"]["name"].lower().replace("_", "-"): entry["metadata"]["version"] for entry in entries}
    pins.pop("toishi")
    return {name: version.partition("+")[0] for name, version in sorted(pins.items())}


if __name__ == "__main__":
    LOCK.write_text(HEADER + "".join(f"{name}=={version}\n" for name, version in resolve().items()))
