"""An instruction and inputs become messages, and no text is ever taken for a template that it is not."""

from hypothesis import given
from hypothesis import strategies as st

from toishi.tools.workbench.models.protocol import Message
from toishi.tools.workbench.prompting import placeholders, render

texts = st.text(max_size=40)
braces = st.text(alphabet="{}ab text", max_size=40)


def test_without_placeholders_the_instruction_is_the_system_message() -> None:
    assert render("Name the intent.", {"text": "where is it"}) == (
        Message("system", "Name the intent."),
        Message("user", "where is it"),
    )


def test_several_inputs_are_sent_line_by_line() -> None:
    messages = render("Name the intent.", {"text": "where is it", "country": "France"})
    assert messages[-1] == Message("user", "text: where is it\ncountry: France")


def test_a_template_is_one_user_message() -> None:
    messages = render('As {"label": "…"}: {text}! {other} {text}', {"text": "a", "country": "France"})
    assert messages == (Message("user", 'As {"label": "…"}: a! {other} a'),)


def test_a_module_without_inputs_is_sent_its_instruction() -> None:
    assert render("Say {} and {x}.", {}) == (Message("user", "Say {} and {x}."),)


def test_a_field_name_is_never_read_as_a_pattern() -> None:
    assert placeholders("{a.b} {axb}", ["a.b"]) == ("a.b",)
    assert render("{a.b} {axb}", {"a.b": r"\1"})[0].content == r"\1 {axb}"


@given(value=braces)
def test_braces_inside_a_value_are_not_filled_again(value: str) -> None:
    assert render("<{text}|{ab}>", {"text": value, "ab": "x"})[0].content == f"<{value}|x>"


@given(instruction=braces, value=texts)
def test_an_instruction_is_sent_as_it_is_or_with_its_placeholders_filled(instruction: str, value: str) -> None:
    messages = render(instruction, {"text": value})
    if "{text}" in instruction:
        assert messages == (Message("user", instruction.replace("{text}", value)),)
    else:
        assert messages == (Message("system", instruction), Message("user", value))


@given(instruction=braces)
def test_placeholders_come_once_each_in_the_order_of_the_text(instruction: str) -> None:
    found = placeholders(instruction, ["text", "ab", "b"])
    places = [instruction.index(f"{{{name}}}") for name in found]
    assert places == sorted(places)
    assert set(found) == {name for name in ("text", "ab", "b") if f"{{{name}}}" in instruction}
