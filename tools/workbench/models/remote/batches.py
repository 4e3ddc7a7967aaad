"""OpenAI's batches: requests in a file, answered within a day at half the price. Three conversations over HTTP.

litellm's own functions for this leave a connection open for each call, so the `openai` package that it stands on is
called directly.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from toishi.tools.workbench.models.protocol import Request
from toishi.tools.workbench.models.remote.sending import arguments

ENDPOINT = "/v1/chat/completions"

ENDED = ("completed", "failed", "expired", "cancelled")


@dataclass(frozen=True)
class Line:
    """What a batch says to one request: an HTTP status and the document that a single call would have got."""

    status: int
    body: Any


@dataclass(frozen=True)
class Pace:
    """Seconds between looks at a batch: the first, and the longest; each is half as long again as the one before."""

    first: float = 2.0
    longest: float = 60.0


PACE = Pace()


def lines_of(litellm: Any, model: str, requests: Sequence[Request], *, schema_is_told: bool) -> str:
    """The file of a batch: one request a line, under its key. `model` is the endpoint's own name for it."""
    lines = []
    for request in requests:
        asked = arguments(request, schema_is_kept=True, schema_is_told=schema_is_told, logprobs=False, streams=False)
        messages = asked.pop("messages")
        asked.pop("_skip_mcp_handler", None)
        taken = litellm.get_optional_params(model=model, custom_llm_provider="openai", drop_params=True, **asked)
        body = {"model": model, "messages": messages, **taken, **taken.pop("extra_body", {})}
        body = {name: value for name, value in body.items() if name not in ("extra_body", "stream")}
        lines.append(json.dumps({"custom_id": request.key, "method": "POST", "url": ENDPOINT, "body": body}))
    return "\n".join(lines) + "\n"


async def upload(client: Any, content: str) -> str:
    """The id of a new file with these lines."""
    file = await client.files.create(file=("toishi.jsonl", content.encode()), purpose="batch")
    return str(file.id)


async def start(client: Any, file: str, *, may_be_there: bool) -> str:
    """The id of the batch that answers a file: the one there is, where it `may_be_there`, else a new one.

    So a file that was uploaded before a kill is answered once, whether its batch had been made or not.
    """
    if may_be_there:
        async for batch in client.batches.list():
            if batch.input_file_id == file:
                return str(batch.id)
    made = await client.batches.create(input_file_id=file, endpoint=ENDPOINT, completion_window="24h")
    return str(made.id)


async def collect(client: Any, batch: str, pace: Pace) -> Mapping[str, Line]:
    """What a batch said, by key, once it ended; what it did not come to is missing. Raises what the client raises."""
    wait = pace.first
    found = await client.batches.retrieve(batch)
    while found.status not in ENDED:
        await asyncio.sleep(wait)
        wait = min(wait * 1.5, pace.longest)
        found = await client.batches.retrieve(batch)
    lines: dict[str, Line] = {}
    for file in (found.output_file_id, found.error_file_id):
        if file:
            content = await client.files.content(file)
            for text in content.text.splitlines():
                if text.strip():
                    line = json.loads(text)
                    response = line.get("response") or {}
                    lines[line["custom_id"]] = Line(response.get("status_code", 500), response.get("body"))
    return lines
