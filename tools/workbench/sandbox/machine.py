"""What this machine offers to confine a program with."""

import platform
from dataclasses import dataclass
from functools import cache

from toishi.tools.workbench.errors import SandboxUnavailable
from toishi.tools.workbench.sandbox.syscalls import Architecture, this_machine

WITHOUT = "so code that a model wrote is not run here"


@dataclass(frozen=True)
class Machine:
    """The architecture, and the version of Landlock (0: none)."""

    architecture: Architecture
    landlock: int


@cache
def machine() -> Machine:
    """This machine; raises `SandboxUnavailable` on other systems than Linux on x86_64 and aarch64."""
    system = platform.system()
    if system != "Linux":
        raise SandboxUnavailable(f"The sandbox stands on Linux, and this is {system}, {WITHOUT}")
    architecture = this_machine()
    if architecture is None:
        raise SandboxUnavailable(f"The sandbox knows x86_64 and aarch64, and this is {platform.machine()}, {WITHOUT}")
    from toishi.tools.workbench.sandbox.confinement import landlock_version

    return Machine(architecture, landlock_version(architecture.numbers))
