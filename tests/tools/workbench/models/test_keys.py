"""Keys: the environment first, then the keyring, and a sentence where neither helps."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import keyring
import pytest
from keyring.backends import fail, null

from toishi.tools.workbench.errors import UsageError
from toishi.tools.workbench.models import stored_keys
from toishi.tools.workbench.models.keys import find_key, variable_of
from toishi.tools.workbench.redaction import redact

if TYPE_CHECKING:
    from tests.tools.workbench.models.conftest import MemoryKeyring

KEY = "sk-stored-0123456789"


def test_the_environment_goes_before_the_keyring(memory_keyring: "MemoryKeyring") -> None:
    stored_keys.store("GEMINI_API_KEY", KEY)
    variables = ("GEMINI_API_KEY", "GOOGLE_API_KEY")

    assert find_key(variables, {"GOOGLE_API_KEY": "from the environment"}) == "from the environment"
    assert find_key(variables, {"GOOGLE_API_KEY": ""}) == KEY
    assert find_key(("OPENAI_API_KEY",), {}) is None


def test_a_key_that_was_read_is_redacted_from_then_on(memory_keyring: "MemoryKeyring") -> None:
    stored_keys.store("MISTRAL_API_KEY", "ms-read-9876543210")
    find_key(("MISTRAL_API_KEY",), {})

    assert redact("refused ms-read-9876543210", {}) == "refused [MISTRAL_API_KEY]"


def test_only_names_are_written_down(memory_keyring: "MemoryKeyring", tmp_path: Path) -> None:
    stored_keys.store("XAI_API_KEY", KEY)
    stored_keys.store("OPENAI_API_KEY", KEY)

    (file,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert json.loads(file.read_text()) == ["OPENAI_API_KEY", "XAI_API_KEY"]
    assert stored_keys.names() == ["OPENAI_API_KEY", "XAI_API_KEY"]


def test_a_forgotten_key_is_gone(memory_keyring: "MemoryKeyring") -> None:
    stored_keys.store("XAI_API_KEY", KEY)

    stored_keys.forget("XAI_API_KEY")

    assert memory_keyring.passwords == {}
    assert find_key(("XAI_API_KEY",), {}) is None
    with pytest.raises(UsageError, match="no XAI_API_KEY is stored; stored are: none"):
        stored_keys.forget("XAI_API_KEY")


def test_a_keyring_is_not_opened_for_a_key_that_was_never_stored(memory_keyring: "MemoryKeyring") -> None:
    memory_keyring.is_locked = True

    assert find_key(("OPENAI_API_KEY",), {}) is None


def test_a_keyring_that_stays_locked_is_told(memory_keyring: "MemoryKeyring") -> None:
    stored_keys.store("OPENAI_API_KEY", KEY)
    memory_keyring.is_locked = True

    with pytest.raises(UsageError, match="OPENAI_API_KEY cannot be read from the keyring: it is locked; set it in the"):
        find_key(("OPENAI_API_KEY",), {})


@pytest.mark.parametrize("backend", [fail.Keyring, null.Keyring])
def test_a_machine_without_a_keyring_has_no_keys_there(backend: type, memory_keyring: "MemoryKeyring") -> None:
    stored_keys.store("OPENAI_API_KEY", KEY)
    keyring.set_keyring(backend())

    assert find_key(("OPENAI_API_KEY",), {}) is None
    with pytest.raises(UsageError, match="this machine has no keyring to store XAI_API_KEY in; set it in the"):
        stored_keys.store("XAI_API_KEY", KEY)


def test_without_the_library_there_are_no_keys_either(
    memory_keyring: "MemoryKeyring", monkeypatch: pytest.MonkeyPatch
) -> None:
    stored_keys.store("OPENAI_API_KEY", KEY)
    monkeypatch.setitem(sys.modules, "keyring", None)

    assert find_key(("OPENAI_API_KEY",), {}) is None


def test_a_broken_list_of_names_is_an_empty_one(memory_keyring: "MemoryKeyring", tmp_path: Path) -> None:
    (tmp_path / "toishi").mkdir()
    (tmp_path / "toishi" / "keys.json").write_text("{")

    assert stored_keys.names() == []


@pytest.mark.parametrize(
    ("name", "variable"),
    [("openai", "OPENAI_API_KEY"), ("Gemini", "GEMINI_API_KEY"), ("COHERE_API_KEY", "COHERE_API_KEY")],
)
def test_a_provider_or_a_variable_names_a_key(name: str, variable: str) -> None:
    assert variable_of(name) == variable


@pytest.mark.parametrize("name", ["opennai", "sk-0123456789", "PATH", "COHERE_API_KEY=sk-1"])
def test_what_is_neither_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="is no provider known here") as caught:
        variable_of(name)

    # It may have been a key.
    assert name not in str(caught.value)
