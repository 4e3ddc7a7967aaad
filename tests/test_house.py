"""The house itself: what may be imported under which name."""

import importlib
import importlib.util

import pytest


@pytest.mark.parametrize("room", ["assistant", "graph", "tools", "tui"])
def test_a_room_is_importable_in_the_namespace_only(room: str) -> None:
    assert importlib.import_module(f"toishi.{room}").__file__
    assert importlib.util.find_spec(room) is None


def test_benchmarks_are_importable_from_tests() -> None:
    assert importlib.import_module("benchmarks._report").Options(quick=True, json=False).quick
