"""What a program changed in its copy, as a diff that every tool reads."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toishi.tools.workbench.sandbox import FileChange, copies

LINES = st.lists(
    st.sampled_from(["a\n", "b\n", "c\n", "\n", "@@ -1 +1 @@\n", "\r\n", "\f", "\u2028", "+++ b/g\n"]), max_size=30
).map("".join)
TEXTS = st.tuples(LINES, st.sampled_from(["", "open end"])).map("".join)


def patched(change: FileChange) -> bytes:
    """What another program makes of the text before."""
    if shutil.which("git") is None:
        pytest.skip("git applies the diffs")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "f")
        file.write_bytes(change.before or b"")
        command = ["git", "apply", "--unidiff-zero", "-p1", "-"]
        subprocess.run(command, cwd=folder, input=change.diff().encode(), check=True, capture_output=True)
        return file.read_bytes()


@settings(max_examples=30)
@given(TEXTS, TEXTS)
def test_a_diff_makes_the_new_text_of_the_old_one(before: str, after: str) -> None:
    change = FileChange("f", before.encode(), after.encode())

    assert (change.diff() == "") == (before == after)
    if before != after:
        assert patched(change) == after.encode()


def test_a_small_change_of_a_long_text_is_shown_with_three_lines_around_it() -> None:
    before = [f"{number}\n" for number in range(100_000)]
    after = [*before[:5000], "new\n", *before[5000:]]

    diff = FileChange("f", "".join(before).encode(), "".join(after).encode()).diff()

    assert diff.splitlines() == [
        *("--- a/f", "+++ b/f", "@@ -4998,6 +4998,7 @@"),
        *(" 4997", " 4998", " 4999", "+new", " 5000", " 5001", " 5002"),
    ]


def test_texts_that_would_take_for_ever_to_compare_are_one_change() -> None:
    lines = [f"line {number % 101}\n" for number in range(100_000)]
    change = FileChange("f", "".join(["same\n", *lines]).encode(), "".join(["same\n", *reversed(lines)]).encode())

    diff = change.diff()

    assert diff.splitlines()[2] == "@@ -2,100000 +2,100000 @@"
    assert len(diff.splitlines()) == 3 + 2 * 100_000


@given(TEXTS, TEXTS)
@settings(max_examples=30)
def test_one_change_is_as_true_as_many(before: str, after: str) -> None:
    change = FileChange("f", before.encode(), after.encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(copies, "_MOST_COMPARED", -1)
        if before != after:
            assert patched(change) == after.encode()
