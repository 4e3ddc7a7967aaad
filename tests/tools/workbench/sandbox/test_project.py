"""The profile `project`: programs work on the copy of a folder, and the caller learns what they changed."""

import asyncio
import os
import select
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.tools.workbench.sandbox.children import child_of
from toishi.tools.workbench.errors import UsageError
from toishi.tools.workbench.sandbox import FileChange, Limits, ProjectOutcome, run_project
from toishi.tools.workbench.sandbox.outcome import MEGABYTE, USUAL_OF_PROJECTS

LIMITS = replace(USUAL_OF_PROJECTS, seconds=60.0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small project, with things in it that are nobody's business."""
    made = tmp_path / "project"
    made.mkdir()
    (made / "notes.txt").write_text("one\ntwo\n")
    (made / "adding.py").write_text("def add(a, b):\n    return a - b\n")
    (made / "test_adding.py").write_text("from adding import add\n\n\ndef test_it():\n    assert add(1, 2) == 3\n")
    (made / "run.sh").write_text("#!/bin/sh\necho ran\n")
    (made / "run.sh").chmod(0o755)
    (made / ".env").write_text("KEY=secret\n")
    (made / ".git").mkdir()
    (made / ".git" / "config").write_text("token = secret\n")
    (made / "link").symlink_to("notes.txt")
    return made


def run(
    folder: Path, script: str, *, limits: Limits = LIMITS, data: tuple[Path, ...] = (), stdin: str = ""
) -> ProjectOutcome:
    """Runs a shell script."""
    return asyncio.run(run_project(["sh", "-c", script], folder=folder, limits=limits, data=data, stdin=stdin))


def test_a_command_works_on_a_copy_and_its_changes_come_back(folder: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}

    outcome = run(
        folder, "echo three >> notes.txt; rm run.sh; mkdir sub; printf new > sub/new.txt; cat; ls -A", stdin="in\n"
    )

    assert outcome.ok, outcome
    assert outcome.stdout == "in\nadding.py\nlink\nnotes.txt\nsub\ntest_adding.py\n"
    assert outcome.changes == (
        FileChange("notes.txt", b"one\ntwo\n", b"one\ntwo\nthree\n"),
        FileChange("run.sh", b"#!/bin/sh\necho ran\n", None),
        FileChange("sub/new.txt", None, b"new"),
    )
    assert outcome.diff() == (
        "--- a/notes.txt\n+++ b/notes.txt\n@@ -1,2 +1,3 @@\n one\n two\n+three\n"
        "--- a/run.sh\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-#!/bin/sh\n-echo ran\n"
        "--- /dev/null\n+++ b/sub/new.txt\n@@ -0,0 +1 @@\n+new\n\\ No newline at end of file\n"
    )
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_a_failing_test_suite_is_mended_and_run_in_the_copy(folder: Path) -> None:
    script = "sed -i 's/a - b/a + b/' adding.py && python -m pytest -q -p no:cacheprovider"

    outcome = run(folder, script)

    assert (outcome.ok, "1 passed" in outcome.stdout) == (True, True), outcome
    assert [change.path for change in outcome.changes] == ["adding.py"]


def test_programs_may_start_programs_copy_files_and_use_a_temporary_folder(folder: Path) -> None:
    script = """
import os, shutil, subprocess, sys, tempfile, threading
from concurrent.futures import ThreadPoolExecutor
shutil.copy2("notes.txt", "copied.txt")
with tempfile.TemporaryDirectory() as place:
    shutil.copytree(".", place + "/all")
    print(sorted(os.listdir(place + "/all"))[:2])
print(subprocess.run(["./run.sh"], capture_output=True, text=True, start_new_session=True).stdout)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
child.terminate()
print(child.wait())
with ThreadPoolExecutor(4) as pool:
    print(sum(pool.map(abs, range(5))))
print(open("/dev/null").read() == "", len(os.urandom(3)), os.path.expanduser("~").endswith("home"))
"""
    outcome = asyncio.run(run_project([sys.executable, "-c", script], folder=folder, limits=LIMITS))

    assert (outcome.ok, outcome.stderr) == (True, "")
    assert outcome.stdout.split("\n") == ["['adding.py', 'copied.txt']", "ran", "", "-15", "10", "True 3 True", ""]
    assert [change.path for change in outcome.changes] == ["copied.txt"]


def test_data_is_read_where_it_is_named_and_nowhere_else(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("a,b\n")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "rows.csv").write_text("c,d\n")
    script = f"cat {tmp_path}/rows.csv {tmp_path}/more/rows.csv; echo x > {tmp_path}/rows.csv"

    named = run(folder, script, data=(tmp_path / "rows.csv", tmp_path / "more"))
    not_named = run(folder, script)

    assert named.stdout == "a,b\nc,d\n"
    assert not_named.stdout == ""
    assert (named.ok, not_named.ok, (tmp_path / "rows.csv").read_text()) == (False, False, "a,b\n")


def test_the_environment_is_short_and_its_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")

    outcome = asyncio.run(run_project(["env"], folder=folder, environment={"MODE": "quick"}))

    names = {line.partition("=")[0] for line in outcome.stdout.splitlines()}
    ours = {"HOME", "LANG", "LOGNAME", "PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED", "TMPDIR", "TZ", "USER"}
    assert names == ours | {"MODE"}


def test_a_command_that_is_not_there_is_said(folder: Path) -> None:
    outcome = asyncio.run(run_project(["no-such-program"], folder=folder))

    assert (outcome.ok, outcome.exit_code, outcome.reason) == (False, 127, "")
    assert outcome.stderr == "no-such-program cannot be started: No such file or directory\n"


LIMITED = {
    "time": ("sleep 1000", {"seconds": 0.3}, "ran longer than 0.3 s"),
    "time of what was started": ("sleep 1000 & wait", {"seconds": 0.3}, "ran longer than 0.3 s"),
    "output": ("yes", {"output": 2 * MEGABYTE}, "printed more than 2 MB"),
    "processes": ("for i in 1 2 3 4 5 6 7 8 9; do sleep 1000 & done; wait", {"processes": 6}, "started more than 6"),
    "threads": (
        "python -c 'import threading, time\nfor _ in range(9): threading.Thread(target=time.sleep, args=(9,)).start()'",
        {"threads": 6},
        "started more than 6 threads",
    ),
    "fork bomb": ("f() { f & f & }; f; sleep 1000", {}, "started more than 64 processes at once"),
    "one file": (
        "python -c \"open('big', 'wb').write(bytes(30 * 2**20))\"",
        {"disk": 20 * MEGABYTE},
        "wrote more than 20 MB",
    ),
    "many files": (
        "i=0; while true; do i=$((i+1)); head -c 1M /dev/zero > $i; done",
        {"disk": 20 * MEGABYTE},
        "wrote more than 20 MB",
    ),
    "empty files": (
        "python -c \"import itertools\nfor i in itertools.count(): open(str(i), 'w').close()\"",
        {"disk": 4 * MEGABYTE},
        "wrote more than 4 MB",
    ),
    "memory": ("exec python -c 'bytearray(300 * 2**20)'", {"memory": 200 * MEGABYTE}, "used more than 200 MB"),
    "memory of all together": (
        'python -c "import os, time\nfor _ in range(5):\n    if os.fork() == 0: break\n'
        'kept = bytearray([1]) * (60 * 2**20); time.sleep(1000)"',
        {"memory": 200 * MEGABYTE},
        "used more than 200 MB",
    ),
    "memory that is shared": (
        'python -c "import mmap, time\nkept = mmap.mmap(-1, 300 * 2**20)\n'
        "kept.write(b'x' * len(kept))\ntime.sleep(1000)\"",
        {"memory": 200 * MEGABYTE},
        "used more than 200 MB",
    ),
}


@pytest.mark.parametrize(
    ("script", "limits", "reason"), [pytest.param(*case, id=name) for name, case in LIMITED.items()]
)
def test_what_ends_a_command_is_said_in_a_sentence(
    folder: Path, script: str, limits: dict[str, float], reason: str
) -> None:
    outcome = run(folder, script, limits=replace(LIMITS, **limits))  # type: ignore[arg-type]

    assert (outcome.ok, outcome.reason[: len(reason)]) == (False, reason), outcome


def test_a_folder_that_is_too_large_or_not_there_is_refused(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"holds more than 0 MB, too much to copy; name a smaller folder"):
        run(folder, "true", limits=replace(LIMITS, disk=10))
    with pytest.raises(UsageError, match=r"is no folder; name one"):
        run(folder / "nowhere", "true")


def test_large_changes_are_named_without_their_content(folder: Path) -> None:
    outcome = run(folder, "head -c 3000 /dev/zero > big; echo x > small", limits=replace(LIMITS, value=2000))

    assert outcome.changes == (FileChange("big", None, None, large=True), FileChange("small", None, b"x\n"))
    assert outcome.diff().startswith("File big differs, and is too large to be shown\n--- /dev/null\n+++ b/small\n")


def scratches() -> set[Path]:
    return set(Path(os.environ.get("TMPDIR", "/tmp")).glob("toishi-sandbox-*"))


def test_nothing_is_left_of_a_copy_however_it_looks(folder: Path) -> None:
    before = scratches()
    script = """
import os
os.mkdir("closed", 0)
os.symlink("/etc", "etc")
open("secret", "w").close(); os.remove("notes.txt"); os.symlink("/etc/hostname", "notes.txt")
for _ in range(1500):
    os.mkdir("d" * 100); os.chdir("d" * 100)
open("deep", "w").close()
while True: pass
"""
    outcome = asyncio.run(run_project([sys.executable, "-c", script], folder=folder, limits=LIMITS))

    assert outcome.reason == "nested folders deeper than a path can be long"
    assert [(change.path, change.after) for change in outcome.changes] == [("notes.txt", None), ("secret", b"")]
    assert scratches() == before


def test_cancelled_it_ends_everything(folder: Path) -> None:
    async def cancel() -> set[Path]:
        before = scratches()
        running = asyncio.create_task(run_project(["sh", "-c", "sleep 1000 & sleep 1000"], folder=folder))
        launcher = await asyncio.to_thread(child_of, os.getpid(), "launcher")
        command = await asyncio.to_thread(child_of, launcher)
        end = os.pidfd_open(command)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert (await asyncio.to_thread(select.select, [end], [], [], 60))[0] == [end]
        os.close(end)
        return before

    # The end of the loop waits for the thread that cleans up.
    before = asyncio.run(cancel())

    assert scratches() == before


def test_a_command_ends_with_the_process_that_wanted_it(folder: Path, tmp_path: Path) -> None:
    script = tmp_path / "wants.py"
    script.write_text(
        "import asyncio\nfrom pathlib import Path\nfrom toishi.tools.workbench.sandbox import run_project\n"
        f"asyncio.run(run_project(['sh', '-c', 'sleep 1000 & sleep 1000'], folder=Path({str(folder)!r})))\n"
    )
    before = scratches()
    process = subprocess.Popen([sys.executable, str(script)])
    launcher = child_of(process.pid)
    command = child_of(launcher)
    started = child_of(command, "sleep")
    ends = [os.pidfd_open(pid) for pid in (started, command, launcher)]

    process.send_signal(signal.SIGKILL)
    process.wait()

    for end in ends:
        assert select.select([end], [], [], 60)[0] == [end]
        os.close(end)
    assert scratches() == before
