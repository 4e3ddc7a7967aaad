"""`toishi key`: a key goes in by stdin only and never comes out."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import keyring
import keyring.backend
import pytest
from click.testing import CliRunner, Result

from toishi.assistant.cli import cli
from toishi.tools.workbench.models.keys import PROVIDERS

KEY = "sk-typed-0123456789"


class MemoryKeyring(keyring.backend.KeyringBackend):
    """Keeps passwords for as long as it lives."""

    priority: ClassVar[float] = 1.0

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.passwords: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.passwords.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.passwords[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.passwords[service, username]


@pytest.fixture
def ring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryKeyring]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    for provider in PROVIDERS:
        for variable in (*provider.variables, "TOISHI_API_KEY"):
            monkeypatch.delenv(variable, raising=False)
    before, ring = keyring.get_keyring(), MemoryKeyring()
    keyring.set_keyring(ring)
    yield ring
    keyring.set_keyring(before)


@pytest.fixture
def key(ring: MemoryKeyring) -> Callable[..., Result]:
    def call(*arguments: str, typed: str = "") -> Result:
        result = CliRunner().invoke(cli, ["key", *arguments], input=typed, prog_name="toishi")
        assert KEY not in result.output
        return result

    return call


def test_a_key_is_read_from_stdin_and_stored(key: Callable[..., Result], ring: MemoryKeyring) -> None:
    result = key("set", "openai", typed=f"{KEY}\n")

    assert (result.exit_code, result.stdout) == (0, "OPENAI_API_KEY is stored in the keyring.\n")
    assert ring.passwords == {("toishi", "OPENAI_API_KEY"): KEY}


def test_an_empty_key_is_refused(key: Callable[..., Result], ring: MemoryKeyring) -> None:
    result = key("set", "openai", typed=" \n")

    assert result.exit_code == 2
    assert result.stderr.startswith("Error: no key was given for OPENAI_API_KEY, so nothing was stored")
    assert ring.passwords == {}


def test_a_key_is_no_argument(key: Callable[..., Result], ring: MemoryKeyring) -> None:
    assert key("set", "openai", "sk-another-0123456789").exit_code == 2
    assert ring.passwords == {}


def test_the_list_tells_places_and_no_values(key: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    key("set", "TOISHI_API_KEY", typed=KEY)
    monkeypatch.setenv("GROQ_API_KEY", KEY)

    assert json.loads(key("list", "--json").stdout) == {
        "keys": [
            {"variable": "GROQ_API_KEY", "place": "environment"},
            {"variable": "TOISHI_API_KEY", "place": "keyring"},
        ]
    }
    assert key("list").stdout.split() == [
        *("variable", "found", "in"),
        *("GROQ_API_KEY", "environment"),
        *("TOISHI_API_KEY", "keyring"),
    ]


def test_without_any_key_the_list_says_how_to_store_one(key: Callable[..., Result]) -> None:
    assert key("list").stdout == "No key is set or stored. Store one: toishi key set openai\n"


def test_a_forgotten_key_is_gone(key: Callable[..., Result], ring: MemoryKeyring) -> None:
    key("set", "openai", typed=KEY)

    assert json.loads(key("forget", "openai", "--json").stdout) == {"forgotten": "OPENAI_API_KEY"}
    assert ring.passwords == {}
    assert key("forget", "openai").exit_code == 2
