"""A program is handed the call and knows nothing else."""

from typing import Any

from toishi.tools.workbench.example import Example
from toishi.tools.workbench.program import prompt_program


async def test_a_prompt_program_is_one_call_with_the_inputs_of_the_example() -> None:
    calls: list[tuple[str, dict[str, str]]] = []

    async def answer(module: str, /, **fields: str) -> str:
        calls.append((module, fields))
        return "billing"

    call: Any = answer
    program = prompt_program("Name the team.", module="route")
    output = await program.run(Example("1", {"text": "Paid twice", "from": "Ada"}, "billing"), call)

    assert output == "billing"
    assert program.modules == {"route": "Name the team."}
    assert calls == [("route", {"text": "Paid twice", "from": "Ada"})]


def test_what_a_program_is_given_holds_no_answer() -> None:
    example = Example("7", {"text": "hi"}, "greeting", {"label": "greeting"})
    assert example.without_answer() == Example("7", {"text": "hi"}, "")
