"""Maps the four top-level folders into the `toishi` namespace; everything else stands in pyproject.toml."""

from setuptools import find_packages, setup

ROOMS = ("assistant", "graph", "tools", "tui")

setup(
    package_dir={f"toishi.{room}": room for room in ROOMS},
    packages=[
        f"toishi.{package}" for room in ROOMS for package in [room, *(f"{room}.{name}" for name in find_packages(room))]
    ],
)
