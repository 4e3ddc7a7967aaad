"""A handle on the OpenAI-compatible server of the tests, which runs as a process of its own."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PROGRAM = (sys.executable, "-S", str(Path(__file__).with_name("openai_compatible.py")))


class ModelServer:
    """Started by `ModelServer()`, ended by `stop()`; what it answers is told in `openai_compatible.py`.

    Another `program` may answer by other rules; it tells its port in its first line, as `serve` there does.
    """

    model = "openai/rules"

    def __init__(self, program: Sequence[str] = PROGRAM) -> None:
        self._process = subprocess.Popen(program, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self._output = self._process.stdout
        self.port = int(self._output.readline())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        """What a task's `base_url` names."""
        return f"{self.url}/v1"

    def fail(self, *faults: dict[str, Any] | None) -> None:
        """The next chat calls meet these faults, one each; None is a healthy answer."""
        self._post("/control/faults", faults)

    def release(self) -> None:
        """Lets all held answers go."""
        self._post("/control/release", None)

    def calls(self, at_least: int = 0) -> list[dict[str, Any]]:
        """Every call that reached the chat endpoint, with its body and its `authorization`; waits for `at_least`."""
        with urllib.request.urlopen(f"{self.url}/control/calls/{at_least}") as response:
            calls: list[dict[str, Any]] = json.load(response)
        return calls

    def state(self) -> dict[str, int]:
        """How many calls came to the chat endpoint, and how many faults are still to happen (`faults_left`)."""
        with urllib.request.urlopen(f"{self.url}/control/state") as response:
            state: dict[str, int] = json.load(response)
        return state

    def hold_batches(self, status: str | None) -> None:
        """Lets all batches have this status, or be done where it is None."""
        self._post("/control/batches", status)

    def batches(self) -> list[dict[str, Any]]:
        """Every batch that was made."""
        with urllib.request.urlopen(f"{self.url}/control/batches") as response:
            batches: list[dict[str, Any]] = json.load(response)["data"]
        return batches

    def file(self, name: str) -> list[dict[str, Any]]:
        """The lines of a file that was uploaded, or that a batch made."""
        with urllib.request.urlopen(f"{self.base_url}/files/{name}/content") as response:
            return [json.loads(line) for line in response.read().splitlines()]

    def stop(self) -> None:
        """Ends the process, if it still runs."""
        self._process.kill()
        self._process.wait()
        self._output.close()

    def _post(self, path: str, body: object) -> None:
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), method="POST")
        with urllib.request.urlopen(request) as response:
            response.read()
