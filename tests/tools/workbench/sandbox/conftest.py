"""Where programs cannot be confined, nothing of this can be tested, and nothing runs."""

import pytest

from toishi.tools.workbench.sandbox import available


@pytest.fixture(autouse=True)
def confined() -> None:
    """Skips with the sentence that a person would read."""
    missing = available()
    if missing is not None:
        pytest.skip(missing)
