"""What a program meets where a module's text, run as code, does not do what was asked of it."""


class TextFailed(ValueError):
    """A module's text cannot be run, fails, or takes too much; the message is one sentence, `logs` what it left behind.

    It says something about the candidate and nothing about the run: not caught, it is a score of 0 with a message.
    """

    def __init__(self, message: str, logs: str = "") -> None:
        super().__init__(storable(message))
        self.logs = storable(logs)


def storable(text: str) -> str:
    """The text without halves of characters, which code may make and no file or database can hold."""
    return text.encode(errors="replace").decode()
