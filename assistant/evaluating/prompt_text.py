"""A prompt as it stands in a file."""

from pathlib import Path

from toishi.tools.workbench.errors import UsageError


def read_prompt(path: Path, max_characters: int) -> str:
    """The file's text without the line end that closes it; `UsageError` where it cannot be a prompt of the task."""
    try:
        text = path.read_bytes().decode().rstrip("\r\n")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}; name a text file with a prompt") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 (byte {error.start}); save it as UTF-8") from None
    if not text.strip():
        raise UsageError(f"{path} is empty; name a text file with a prompt")
    if len(text) > max_characters:
        raise UsageError(f"{path} has {len(text)} characters, more than program.max_characters = {max_characters}")
    return text
