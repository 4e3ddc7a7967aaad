"""What a metric reads in a row: the right answers, where there may be several, and columns of its own."""

import json

from toishi.tools.workbench.example import Example

JSON = "json"


def right_answers(expected: str, separator: str | None) -> list[str]:
    """The answers in the expected column, at least one.

    `separator` stands between them; `json`: the column holds a JSON list of texts. Raises `ValueError`, with a sentence
    that goes on from the name of the row, where there is none.
    """
    if separator is None:
        return [expected]
    if separator == JSON:
        try:
            found = json.loads(expected)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
            raise ValueError(f"the expected answer '{expected}' is no JSON list of texts, as separator = 'json' says")
        answers = found
    else:
        answers = expected.split(separator)
    answers = [answer.strip() for answer in answers if answer.strip()]
    if not answers:
        raise ValueError(f"the expected answer '{expected}' holds no answer between its separators")
    return answers


def column(example: Example, name: str) -> str:
    """The text of a row's column, be it an input or not; empty where the row has none."""
    return example.fields.get(name, example.inputs.get(name, ""))
