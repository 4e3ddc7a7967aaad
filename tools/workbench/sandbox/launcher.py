"""The process of the profile `project`: it starts one command, confined, and ends with everything that came of it.

The command and all that descend from it share one process group, which their filter lets none of them leave; so one
signal ends them all at once. Every new process is asked for here before there is one.
"""

import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, NoReturn

from toishi.tools.workbench.sandbox import confinement, removal, wire
from toishi.tools.workbench.sandbox.group import Group
from toishi.tools.workbench.sandbox.watch import VALUE, Watch

REQUESTS, REPLIES = 0, 1
INSPECTION_SECONDS = 0.1
NOT_STARTED = 127


def main() -> None:
    """Reads the one request, runs it, and replies."""
    frame = wire.receive(REQUESTS)
    if frame is None:
        return
    request, parts = frame
    confinement.adopt_orphans()
    launch = Launch(request, parts)
    reply = launch.run()
    if reply.get("ended") == "abandoned":
        # Nobody is left to look at the copy.
        removal.remove(request["scratch"])
        return
    wire.send(REPLIES, reply, *(bytes(said) for said in launch.watch.said.values()))


class Launch:
    """One command, and the limits of all its processes together."""

    def __init__(self, request: Mapping[str, Any], parts: Sequence[bytes]) -> None:
        self.request = request
        self.filters = tuple(zip(parts[:2], request["own_pid_at"], strict=True))
        self.given = parts[2]
        self.watch = Watch(
            request["limits"], stop=self._stop, decide=self._decide, inspect=self._inspect, every=INSPECTION_SECONDS
        )
        self.group: Group | None = None
        self.expected = 1

    def run(self) -> dict[str, Any]:
        """Runs the command to its end and gives what there is to tell."""
        supervisor = os.getpid()
        child = os.fork()
        if child == 0:
            self._become_command(supervisor)
        self.group = Group(child, self.request["scratch"])
        reply = self.watch.follow(child)
        with suppress(ChildProcessError):
            while True:
                os.wait()
        return reply

    def _become_command(self, supervisor: int) -> NoReturn:
        """In the child: gives up all rights but those on the copy, and becomes the command."""
        request, limits = self.request, self.request["limits"]
        try:
            confinement.die_with_parent(supervisor)
            os.setsid()
            if os.getpgrp() != os.getpid():
                raise RuntimeError("no process group can be made here, as within another sandbox")
            channel = self.watch.become_program(self.given)
            os.set_inheritable(VALUE, False)
            os.chdir(request["folder"])
            cores = len(os.sched_getaffinity(0))
            confinement.limit(
                {
                    "RLIMIT_CORE": 0,
                    "RLIMIT_FSIZE": limits["disk"],
                    "RLIMIT_NOFILE": 256,
                    "RLIMIT_DATA": limits["memory"],
                    "RLIMIT_CPU": cores * (int(limits["seconds"]) + 2),
                }
            )
            confinement.give_up_privileges(request["numbers"])
            rights = [(path, bits) for path, bits in request["rights"]]
            confinement.landlock(request["numbers"], tuple(request["handled"]), rights, optional=False)
            confinement.hand_over(channel, confinement.filter_calls(request["numbers"], *self.filters))
        except BaseException as error:
            self.watch.fail(error)
        try:
            os.execvpe(request["command"][0], request["command"], request["environment"])
        except OSError as error:
            os.write(2, f"{request['command'][0]} cannot be started: {error.strerror}\n".encode())
        os._exit(NOT_STARTED)

    def _stop(self, child: int) -> None:
        """Ends the whole group; before the child has made it, the child is all there is."""
        try:
            os.killpg(child, signal.SIGKILL)
        except ProcessLookupError:
            os.kill(child, signal.SIGKILL)

    def _decide(self, number: int, arguments: Sequence[int]) -> bool:
        """Whether a call may go on: only one that makes a process, and only as long as there are not too many."""
        name = self.request["new_process"].get(str(number))
        if name is None or (name == "clone" and arguments[0] & self.request["namespaces"]):
            return False
        assert self.group is not None
        if self.expected >= self.request["limits"]["processes"]:
            self.expected = self.group.look().processes
        self.expected += 1
        if self.expected > self.request["limits"]["processes"]:
            self.watch.end("processes")
            return False
        return True

    def _inspect(self) -> str:
        """The limit that the group has reached, if any."""
        assert self.group is not None
        limits, found = self.request["limits"], self.group.look()
        self.expected = found.processes
        if found.processes > limits["processes"]:
            return "processes"
        if found.memory > limits["memory"] and self.group.memory_shared_out() > limits["memory"]:
            return "memory"
        return "disk" if self.group.disk() > limits["disk"] else ""
