"""Instructions about the form of an answer: its paragraphs, sections, lists, marks, beginning and end."""

import re

from toishi.tools.workbench.metrics.jsontext import NotJson, parse
from toishi.tools.workbench.metrics.showing import listed, quoted

DIVIDER = "***"
ANSWERS = ("My answer is yes.", "My answer is no.", "My answer is maybe.")


def number_paragraphs(answer: str, *, num_paragraphs: int) -> str | None:
    """Exactly so many paragraphs, with *** between them; one may also stand before the first and behind the last."""
    passages = [passage.strip() for passage in answer.split(DIVIDER)]
    if any(not passage for passage in passages[1:-1]):
        return f"there should be {num_paragraphs} paragraphs, divided by {DIVIDER}; one of them is empty"
    count = sum(bool(passage) for passage in passages)
    if count == num_paragraphs:
        return None
    return f"there should be exactly {num_paragraphs} paragraphs, divided by {DIVIDER}; there are {count}"


def nth_paragraph_first_word(answer: str, *, num_paragraphs: int, nth_paragraph: int, first_word: str) -> str | None:
    """Exactly so many paragraphs, with two line breaks between them, and one that begins with a word, in any case."""
    passages = answer.split("\n\n")
    count = sum(bool(passage.strip()) for passage in passages)
    if count != num_paragraphs:
        return f"there should be exactly {num_paragraphs} paragraphs, divided by two line breaks; there are {count}"
    passage = passages[nth_paragraph - 1].split() if 0 < nth_paragraph <= len(passages) else []
    found = re.split(r"[.,?!'\"]", passage[0].lstrip("'\""))[0] if passage else ""
    if found.lower() == first_word.lower():
        return None
    return f"paragraph {nth_paragraph} should begin with {quoted(first_word)}; it begins with {quoted(found, 40)}"


def number_placeholders(answer: str, *, num_placeholders: int) -> str | None:
    """At least so many placeholders in square brackets, each within a line."""
    # At each closing bracket of a line that has an opening one before it.
    count = sum("[" in before for line in answer.split("\n") for before in line.split("]")[:-1])
    if count >= num_placeholders:
        return None
    return f"there should be at least {num_placeholders} placeholders such as [name]; there are {count}"


def postscript(answer: str, *, postscript_marker: str) -> str | None:
    """A postscript behind its mark, in any case."""
    letters = postscript_marker.rstrip(".").split(".")
    stop = r"\." if postscript_marker.endswith(".") else ""
    spaced = r"\.\s?".join(map(re.escape, letters)) + stop
    if re.search(spaced, answer, re.IGNORECASE):
        return None
    return f"there should be a postscript that begins with {quoted(postscript_marker)}; there is none"


def number_bullet_lists(answer: str, *, num_bullets: int) -> str | None:
    """Exactly so many lines that are points of a markdown list, with * or - before them."""
    begun = [line.lstrip()[:2] for line in answer.split("\n")]
    count = sum(start[:1] in ("*", "-") and start != "**" for start in begun)
    if count == num_bullets:
        return None
    return f"there should be exactly {num_bullets} points in lines that begin with '* ' or '- '; there are {count}"


def constrained_response(answer: str) -> str | None:
    """One of three answers stands in it, to the letter."""
    if any(one in answer for one in ANSWERS):
        return None
    return f"the answer should be one of {listed(ANSWERS)}, to the letter; it is {quoted(answer, 80)}"


def number_highlighted_sections(answer: str, *, num_highlights: int) -> str | None:
    """At least so many passages between *asterisks* or **two of them**, each within a line."""
    found = re.findall(r"\*\*[^\n*]*\*\*|\*[^\n*]*\*", answer)
    count = sum(bool(one.strip("*").strip()) for one in found)
    if count >= num_highlights:
        return None
    return f"at least {num_highlights} passages should be highlighted like *this*; there are {count}"


def multiple_sections(answer: str, *, section_spliter: str, num_sections: int) -> str | None:
    """At least so many sections, each headed by a word and a number."""
    count = len(re.findall(rf"{re.escape(section_spliter)}\s?\d+", answer))
    if count >= num_sections:
        return None
    headed = f"headed {quoted(f'{section_spliter} 1')} and so on"
    return f"there should be at least {num_sections} sections, {headed}; there are {count}"


def json_format(answer: str) -> str | None:
    """The whole answer is JSON; a markdown fence may stand around it."""
    inside = re.sub(r"^```(?:json)?", "", answer.strip(), flags=re.IGNORECASE).removesuffix("```").strip()
    try:
        parse(inside)
    except NotJson as error:
        return f"the whole answer should be JSON, but it {error}"
    return None


def title(answer: str) -> str | None:
    """A title in double angular brackets."""
    for line in answer.split("\n"):
        _, opened, rest = line.partition("<<")
        if opened and rest.rpartition(">>")[0].strip("<> \t"):
            return None
    return "there should be a title in double angular brackets, as in <<title>>; there is none"


def two_responses(answer: str) -> str | None:
    """Two different answers, with six asterisks between them."""
    asked = "there should be two different answers, with ****** between them"
    passages = [passage.strip() for passage in answer.split("******")]
    found = [passage for passage in passages if passage]
    if any(not passage for passage in passages[1:-1]):
        return f"{asked}; one of them is empty"
    if len(found) != 2:
        return f"{asked}; the number of answers is {len(found)}"
    return f"{asked}; they are the same" if found[0] == found[1] else None


def repeat_prompt(answer: str, *, prompt_to_repeat: str) -> str | None:
    """The answer begins with the request, word for word, in any case."""
    if answer.strip().lower().startswith(prompt_to_repeat.strip().lower()):
        return None
    start = answer.strip()[: len(prompt_to_repeat.strip())]
    return f"the answer should begin by repeating {quoted(prompt_to_repeat)} word for word; it begins {quoted(start)}"


def end_checker(answer: str, *, end_phrase: str) -> str | None:
    """The answer ends with a phrase, in any case; quotes may stand behind it."""
    if answer.strip().strip('"').lower().endswith(end_phrase.strip().lower()):
        return None
    end = answer.strip()[-max(40, len(end_phrase)) :]
    return f"the answer should end with {quoted(end_phrase)} and nothing behind it; it ends {quoted(end)}"


def quotation(answer: str) -> str | None:
    """The whole answer stands in double quotes."""
    answer = answer.strip()
    if len(answer) > 1 and answer[0] == answer[-1] == '"':
        return None
    return (
        f"the whole answer should stand in double quotes; it begins with {answer[:1]!r} and ends with {answer[-1:]!r}"
    )
