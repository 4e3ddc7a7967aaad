"""Keys in the system's keyring: macOS Keychain, Windows Credential Locker, Secret Service, KWallet.

The `keyring` library is loaded when a key is stored or read. Which variables were stored is kept as a list of names in
the state folder, so that a keyring is never opened, and its owner never asked, for a key that is not there.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from toishi.tools.workbench.errors import UsageError
from toishi.tools.workbench.redaction import keep_secret
from toishi.tools.workbench.settings import state_folder

SERVICE = "toishi"
"""What toishi's entries are filed under; the user name of each is the variable's name."""


def names() -> list[str]:
    """The variables whose keys were stored, in alphabetical order."""
    try:
        found = json.loads((state_folder() / "keys.json").read_text())
    except (OSError, ValueError):
        return []
    return sorted(name for name in found if isinstance(name, str)) if isinstance(found, list) else []


def read(variable: str) -> str | None:
    """The stored key, which `redaction` knows from then on; None where none was stored, or the keyring is gone.

    Raises `UsageError` where the keyring is there and does not give it, as when it stays locked.
    """
    if variable not in names():
        return None
    with _told(f"{variable} cannot be read from the keyring"):
        library = _library()
        value: str | None = None if library is None else library.get_password(SERVICE, variable)
    if value:
        keep_secret(variable, value)
    return value or None


def store(variable: str, value: str) -> None:
    """Raises `UsageError` where this machine has no keyring, or it takes nothing."""
    with _told(f"{variable} cannot be stored in the keyring"):
        library = _library()
        if library is None:
            raise UsageError(f"this machine has no keyring to store {variable} in; set it in the environment instead")
        library.set_password(SERVICE, variable, value)
    _write_names({*names(), variable})


def forget(variable: str) -> None:
    """Raises `UsageError` where no such key was stored."""
    if variable not in names():
        raise UsageError(f"no {variable} is stored; stored are: {', '.join(names()) or 'none'}")
    with _told(f"{variable} cannot be removed from the keyring"):
        library = _library()
        if library is not None and library.get_password(SERVICE, variable) is not None:
            library.delete_password(SERVICE, variable)
    _write_names({*names()} - {variable})


def _library() -> Any:
    """The library with a keyring behind it, None where either is missing."""
    try:
        import keyring
        from keyring.backends import fail, null
    except ImportError:
        return None
    return None if isinstance(keyring.get_keyring(), fail.Keyring | null.Keyring) else keyring


@contextmanager
def _told(what: str) -> Iterator[None]:
    try:
        yield
    except UsageError:
        raise
    except Exception as error:
        # Each keyring has errors of its own.
        said = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise UsageError(f"{what}: {said}; set it in the environment instead") from None


def _write_names(found: set[str]) -> None:
    folder = state_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        written = folder / f"keys.json.{os.getpid()}"
        written.write_text(json.dumps(sorted(found)) + "\n")
        written.replace(folder / "keys.json")
    except OSError as error:
        raise UsageError(f"{folder / 'keys.json'} cannot be written ({error.strerror})") from None
