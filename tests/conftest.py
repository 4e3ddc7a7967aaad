"""Makes `benchmarks` importable in tests without putting the repository's root on the path.

With the root on `sys.path`, a bare `import tools` would work here and fail for everybody else.
"""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from tests.servers.running import ModelServer

ROOT = Path(__file__).resolve().parent.parent

# How fast the machine is must not decide whether a test passes.
settings.register_profile("toishi", deadline=None)
settings.load_profile("toishi")


def _make_importable(package: str) -> None:
    folder = ROOT / package
    spec = importlib.util.spec_from_file_location(
        package, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{folder} is no package")
    module = importlib.util.module_from_spec(spec)
    sys.modules[package] = module
    spec.loader.exec_module(module)


_make_importable("benchmarks")

# `tests.servers` likewise; the tests themselves are imported by pytest, file by file.
sys.modules.setdefault("tests", ModuleType("tests")).__path__ = [str(ROOT / "tests")]


@pytest.fixture
def model_server() -> "Iterator[ModelServer]":
    """A real OpenAI-compatible server on loopback, healthy until told otherwise."""
    from tests.servers.running import ModelServer

    server = ModelServer()
    yield server
    server.stop()
