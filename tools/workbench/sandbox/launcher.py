"""The process of the profile `project`: it starts one command, confined, and ends with everything that came of it.

The command and all that descend from it share one process group, which their filter lets none of them leave; so one
signal ends them all at once. Every new process is asked for here before there is one.
"""

import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NoReturn

from toishi.tools.workbench.sandbox import confinement, wire
from toishi.tools.workbench.sandbox.disk import Disk
from toishi.tools.workbench.sandbox.group import Group, Taken
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
        from toishi.tools.workbench.sandbox import removal

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
        self.disk = Disk(request["scratch"])
        self.processes = self.threads = 1

    def run(self) -> dict[str, Any]:
        """Runs the command to its end and gives what there is to tell."""
        supervisor, limits = os.getpid(), self.request["limits"]
        child = os.fork()
        if child == 0:
            self._become_command(supervisor)
        self.group = Group(child)
        reply = self.watch.follow(child)
        with suppress(ChildProcessError):
            while True:
                os.wait()
        # What was written since the last look counts too.
        reply["ended"] = reply.get("ended") or self.disk.reached(limits["disk"], lambda: 0, at_last=True)
        return reply

    def _become_command(self, supervisor: int) -> NoReturn:
        """In the child: gives up all rights but those on the copy, and becomes the command."""
        request, limits = self.request, self.request["limits"]
        try:
            confinement.die_with_parent(supervisor)
            os.setsid()
            if os.getpgrp() != os.getpid():
                raise RuntimeError("no process group can be made here, as within another sandbox")
            confinement.die_first()
            channel = self.watch.become_program(self.given)
            os.set_inheritable(VALUE, False)
            os.chdir(request["folder"])
            cores = len(os.sched_getaffinity(0))
            confinement.limit(
                {
                    "RLIMIT_CORE": confinement.NO_CORE,
                    "RLIMIT_FSIZE": limits["disk"],
                    "RLIMIT_NOFILE": 256,
                    "RLIMIT_DATA": limits["memory"],
                    "RLIMIT_CPU": cores * (int(limits["seconds"]) + 2),
                    "RLIMIT_SIGPENDING": confinement.SIGNALS_PENDING,
                }
            )
            namespaces = confinement.leave_namespaces()
            confinement.give_up_privileges(request["numbers"])
            rules = confinement.landlock_rules(request["numbers"], tuple(request["handled"]), request["rights"])
            if rules is None:
                raise RuntimeError("this kernel has no Landlock")
            confinement.landlock(request["numbers"], rules)
            confinement.hand_over(channel, confinement.filter_calls(request["numbers"], *self.filters), namespaces)
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
        """Whether a call may go on: only one that makes a process or a thread, and only as long as there are not too
        many.
        """
        request, name = self.request, self.request["new_process"].get(str(number))
        flags = arguments[0] if name == "clone" else 0
        thread = flags & request["thread"]
        if name is None or flags & request["namespaces"] or (thread and not flags & request["files"]):
            return False
        most = request["limits"]["threads"], request["limits"]["processes"]
        if self.threads >= most[0] or self.processes >= most[1]:
            self._count()
        self.threads += 1
        self.processes += 0 if thread else 1
        if self.processes > most[1]:
            self.watch.end("processes")
        elif self.threads > most[0]:
            self.watch.end("threads")
        else:
            return True
        return False

    def _count(self) -> Taken:
        assert self.group is not None
        found = self.group.look()
        self.processes, self.threads = found.processes, found.threads
        return found

    def _inspect(self) -> str:
        """The limit that the group has reached, if any."""
        assert self.group is not None
        limits, found = self.request["limits"], self._count()
        if found.processes > limits["processes"]:
            return "processes"
        if found.threads > limits["threads"]:
            return "threads"
        most = limits["memory"]
        beside = self.group.memory_of_sockets() if "network" in (self.watch.namespaces or ()) else 0
        if beside + found.memory > most and beside + self.group.memory_shared_out() > most:
            return "memory"
        if self.group.hides_memory(most):
            return "memory"
        return self.disk.reached(limits["disk"], partial(self.group.removed_files, self.disk.device))
