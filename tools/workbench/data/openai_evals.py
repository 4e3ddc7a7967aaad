"""Rows of OpenAI evals: of the platform (`item`, and the output items of its runs) and of the open-source registry.

A row of the platform gets the columns of its item; one of the registry `input`, `system`, `history`,
`expected` (the first right answer) and `ideals` (all of them, as a JSON list).
"""

import json
from collections.abc import Mapping
from typing import Any

from toishi.tools.workbench.data.chat_log import Call, is_messages, messages_of

OUTPUT_ITEM = "eval.run.output_item"


def is_eval_row(row: Mapping[str, Any]) -> bool:
    """Whether a row is surely one of OpenAI evals."""
    return isinstance(row.get("item"), Mapping) or _is_output_item(row) or _is_sample(row)


def eval_columns(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """The columns that a row gets; None where it is none of OpenAI evals. Raises `Unusable`."""
    if _is_output_item(row):
        item = row["datasource_item"]
        inner = item.get("item")
        sample = row.get("sample")
        answer = sample.get("output") if isinstance(sample, Mapping) else None
        asked = sample.get("input") if isinstance(sample, Mapping) else None
        system = [text for role, text in messages_of(asked) if role in ("system", "developer")] if asked else []
        found = {**(inner if isinstance(inner, Mapping) else item), "system": "\n\n".join(system)}
        return {**found, "output": messages_of(answer)[-1][1]} if is_messages(answer) else found
    if isinstance(row.get("item"), Mapping):
        return dict(row["item"])
    if _is_sample(row):
        asked = row["input"]
        messages = messages_of(asked) if isinstance(asked, list) else [("user", str(asked))]
        ideals = [_text(one) for one in (row["ideal"] if isinstance(row["ideal"], list) else [row["ideal"]])]
        found = Call(tuple(messages), ideals[0] if ideals else "").columns()
        # All right answers as one column, for the metrics that take a list.
        return {**found, "ideals": json.dumps(ideals, ensure_ascii=False)}
    return None


def _text(ideal: Any) -> str:
    return ideal if isinstance(ideal, str) else json.dumps(ideal, ensure_ascii=False)


def _is_output_item(row: Mapping[str, Any]) -> bool:
    return isinstance(row.get("datasource_item"), Mapping)


def _is_sample(row: Mapping[str, Any]) -> bool:
    return "ideal" in row and (is_messages(row.get("input")) or isinstance(row.get("input"), str))
