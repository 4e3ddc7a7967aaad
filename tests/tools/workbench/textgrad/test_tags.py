"""Whatever models write around a text, the text comes out whole, or the reply is refused."""

from contextlib import suppress

import hypothesis.strategies as st
import pytest
from hypothesis import assume, given

from toishi.tools.workbench.textgrad.tags import CLOSING, FENCE, OPENING, TAG, ReflectionRejected, text_in

FUNCTION = 'def solve(a):\n    """As in\n\n    ```\n    solve(1)\n    ```\n    """\n    return a'
LINES = st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=20), max_size=6)


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        pytest.param(f"{OPENING}\nNew.\n{CLOSING}", "New.", id="nothing around"),
        pytest.param(f"Sure:\n{OPENING}\nNew.\n{CLOSING}\nIt is better.", "New.", id="chatter around"),
        pytest.param(f"{OPENING}New.{CLOSING}", "New.", id="on one line"),
        pytest.param("<Instruction>\nNew.\n</ instruction >", "New.", id="tags written otherwise"),
        pytest.param(f"{OPENING}\r\nNew.\r\nLine.\r\n{CLOSING}", "New.\r\nLine.", id="line ends of Windows"),
        pytest.param(f"```xml\n{OPENING}\nNew.\n{CLOSING}\n```", "New.", id="a fence around the tags"),
        pytest.param(f"{OPENING}\n```python\ndef f(): pass\n```\n{CLOSING}", "def f(): pass", id="a fence inside"),
        pytest.param(f"{OPENING}\n~~~\nNew.\n~~~\n\n{CLOSING}", "New.", id="another fence"),
        pytest.param(f"{OPENING}\n{FUNCTION}\n{CLOSING}", FUNCTION, id="a fence in the middle of code"),
        pytest.param(
            f"{OPENING}\n```\na\n```\nor\n```\nb\n```\n{CLOSING}", "```\na\n```\nor\n```\nb\n```", id="two blocks"
        ),
        pytest.param(
            f"I put it between {OPENING} and {CLOSING}.\n{OPENING}\nNew.\n{CLOSING}", "New.", id="the tags are named"
        ),
        pytest.param(
            f"{OPENING}\nNew.\n{CLOSING}\nThe text between {OPENING} and {CLOSING} is whole.",
            "New.",
            id="the tags are named behind it",
        ),
        pytest.param(
            f"Before:\n{OPENING}\nOld.\n{CLOSING}\nAfter:\n{OPENING}\nNew.\n{CLOSING}", "New.", id="the old one first"
        ),
        pytest.param(
            f'{OPENING}\nx = text.split("{CLOSING}")[0]\n{CLOSING}', f'x = text.split("{CLOSING}")[0]', id="in a string"
        ),
        pytest.param(
            f'{OPENING}\nx = "{OPENING}a{CLOSING}"\n{CLOSING}', f'x = "{OPENING}a{CLOSING}"', id="both in a string"
        ),
        pytest.param("```python\ndef f(): pass\n```", "def f(): pass", id="one block and no tags"),
        pytest.param(f"{OPENING}\n    indented\n{CLOSING}", "    indented", id="the indentation stays"),
    ],
)
def test_the_text_comes_out_of_what_stands_around_it(reply: str, text: str) -> None:
    assert text_in(reply) == text


@pytest.mark.parametrize(
    ("reply", "count"),
    [
        pytest.param("New.", "<instruction> exactly once, and holds it 0 times", id="no tags"),
        pytest.param("First:\n```\na\n```\nor\n```\nb\n```", "<instruction> exactly once, and holds it 0", id="blocks"),
        pytest.param(f"{OPENING}\nNew", "</instruction> exactly once, and holds it 0 times", id="never closed"),
        pytest.param(f"{OPENING}\nNew.\n{CLOSING}{OPENING}\nOther.\n{CLOSING}", "holds it 2 times", id="glued"),
        pytest.param(f"{OPENING}\nNew.{CLOSING}\nIt is better.\n{CLOSING}", "holds it 2 times", id="closed twice"),
        pytest.param(f"Take {OPENING}a{CLOSING} or {OPENING}b{CLOSING}.", "holds it 2 times", id="two on a line"),
        pytest.param(f"{CLOSING}New.{OPENING}", "the reply holds </instruction> before <instruction>", id="reversed"),
    ],
)
def test_a_reply_that_may_mean_more_than_one_text_is_refused(reply: str, count: str) -> None:
    with pytest.raises(ReflectionRejected) as refusal:
        text_in(reply)
    assert count in str(refusal.value)


@given(LINES, LINES, LINES)
def test_tags_on_lines_of_their_own_hold_any_text(before: list[str], inside: list[str], after: list[str]) -> None:
    text = "\n".join(inside).strip("\n")
    assume(not any(TAG.search(line) for line in (*before, *inside, *after)))
    assume(not FENCE.search(text))
    assert text_in("\n".join([*before, OPENING, text, CLOSING, *after])) == text


@given(st.lists(st.sampled_from([OPENING, CLOSING, "```", "a", " ", "\n"]), max_size=12))
def test_any_reply_is_read_or_refused(pieces: list[str]) -> None:
    reply = "".join(pieces)
    with suppress(ReflectionRejected):
        assert text_in(reply) in reply
