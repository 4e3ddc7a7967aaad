"""What it costs to import the library."""

import subprocess
import sys


def test_importing_gepa_loads_nothing_heavy() -> None:
    heavy = "{'torch', 'litellm', 'transformers', 'scipy', 'pandas', 'gepa', 'sqlite_utils'}"
    program = f"import sys, toishi.tools.gepa; print(sorted({heavy} & set(sys.modules)))"
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert finished.stdout == "[]\n"
