"""A draft as TOML."""

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from toishi.tools.workbench.drafting.decision import Decision, Value
from toishi.tools.workbench.drafting.writing import task_text, toml

texts = st.text(st.characters(exclude_categories=["Cs"]))
values: st.SearchStrategy[Value] = st.one_of(
    texts,
    st.integers(-(10**9), 10**9),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.lists(texts).map(tuple),
)


@given(values)
def test_every_value_is_read_back_as_it_was(value: Value) -> None:
    read = tomllib.loads(f"key = {toml(value)}")["key"]
    assert (tuple(read) if isinstance(value, tuple) else read) == value


def test_a_file_has_tables_in_order_and_a_reason_on_every_line() -> None:
    long = "a reason that is much too long to stand behind the key, so that it has to stand above it, and is wrapped"
    text = task_text(
        "A title.",
        [
            Decision("name", "Tickets", "for people"),
            Decision("program.prompt", "prompt.txt", "what is improved"),
            Decision("program.modules.answer", "a.txt", "called in line 3"),
            Decision("metric.kind", "choice", long),
        ],
        {"metric": ("a note",)},
    )

    assert text == (
        "# A title.\n"
        "\n"
        'name = "Tickets"                # for people\n'
        "\n"
        "[program]\n"
        'prompt = "prompt.txt"           # what is improved\n'
        "\n"
        "[program.modules]\n"
        'answer = "a.txt"                # called in line 3\n'
        "\n"
        "[metric]\n"
        f"# {long}\n"
        'kind = "choice"\n'
        "# a note\n"
    )


@given(st.lists(texts.filter(lambda text: "\n" not in text), min_size=1))
def test_whatever_stands_in_a_reason_the_file_is_valid(reasons: list[str]) -> None:
    decisions = [Decision(f"table.key{number}", number, reason) for number, reason in enumerate(reasons)]
    read = tomllib.loads(task_text("Title", decisions, {}))
    assert read["table"] == {f"key{number}": number for number in range(len(reasons))}
