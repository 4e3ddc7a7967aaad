"""A key that is set in the environment appears in nothing that is written down."""

import io

import pytest

from toishi.tools.workbench.redaction import RedactedStream, redact

ENVIRON = {
    "OPENAI_API_KEY": "sk-1234567890",
    "HF_TOKEN": "sk-1234567890-and-more",
    "DB_PASSWORD": "short",
    "HOME": "/home/somebody",
}


@pytest.mark.parametrize(
    ("text", "written"),
    [
        pytest.param("wrong key sk-1234567890.", "wrong key [OPENAI_API_KEY].", id="a key"),
        pytest.param("sk-1234567890-and-more", "[HF_TOKEN]", id="the longer of two that begin alike"),
        pytest.param("a short text in /home/somebody", "a short text in /home/somebody", id="no secret"),
    ],
)
def test_secrets_are_replaced_by_their_names(text: str, written: str) -> None:
    assert redact(text, ENVIRON) == written


def test_a_log_is_written_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1234567890")
    log = io.StringIO()
    print("key sk-1234567890 was refused", file=RedactedStream(log))
    assert log.getvalue() == "key [OPENAI_API_KEY] was refused\n"
