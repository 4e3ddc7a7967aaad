"""A small OpenAI-compatible server for tests: a process of its own that answers by rule and fails on demand.

Run as a program it binds a free port of 127.0.0.1 and prints it. It speaks `POST /v1/chat/completions` (whole and as a
stream), `/v1/files` and `/v1/batches`, `GET /v1/models` (as vLLM and LM Studio do) and `GET /api/tags` (as Ollama
does).

How it answers, always the same for the same messages:

- A message that holds `<instruction>` asks for a better instruction. The reply keeps the old one and adds, for each
  example whose feedback says what was expected, `If the message mentions WORD, answer LABEL.` with the longest word of
  the example's first field.
- `use NAME: TEXT`, where NAME is a tool of the request, is answered by a call of it with TEXT as its first parameter;
  what the tool said is repeated in the next reply.
- Else, of all lines `If the message mentions WORD, answer LABEL.` the first whose word stands in the last message gives
  the label; where none fits, the answer is `unknown`.

With `response_format` of type `json_schema` the answer stands in every text property of an object, numbers are 0. With
`logprobs` each word comes with one, -0.25 for the first and 0.25 less for each that follows.

How it fails: `POST /control/faults` holds a JSON list in place of the one before; each call to the chat endpoint takes
the next entry, `null` being a healthy answer, and so are all calls after the last. A fault is an object with a `kind`:

- `status`: answers with `status`, and with `headers` and `message` where given (`{"Retry-After": "1"}`)
- `late`: a healthy answer after `seconds`; `hold`: a healthy answer, but not before `POST /control/release`
- `hang_up`: closes the connection without a word; `half`: closes it in the middle of the answer, or of its stream
- `stream_error`: half a stream, and then an error in it (a call that wants no stream gets status 500)
- `broken_json`: half a document as if it were whole; `html`: a page of a proxy, with `status` 200 or as given
- `no_choices`: `choices` is empty; `no_content`: the message's content is null; `no_usage`: says no tokens
- `truncated`: half an answer with finish_reason `length`; `nonsense`: another text, `text` where given

`"echo": true` in a fault of any kind, or as the only thing in it, adds the Authorization header to the answer's text,
to the error's message and to the answer's headers.

A batch is done as soon as it is made; each of its lines takes the next fault, of which only `status` is known there.
`POST /control/batches` with a status (`in_progress`, `expired` …) lets all batches stay so from then on, and with null
lets them be done; `GET /control/batches` tells them all.

`GET /control/calls/N` waits until N calls came to the chat endpoint and tells them all, each with its body and its
`authorization`; `GET /control/state` tells `{"calls": …, "faults_left": …}` at once.
"""

import json
import re
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODEL = "rules"
RULE = re.compile(r"If the message mentions (.+?), answer (.+?)\.$", re.MULTILINE)
EXAMPLE = re.compile(r"^Example:\n\w+: (?P<input>.*)(?:\n.*)*?\nfeedback: expected (?P<expected>.+?), ", re.MULTILINE)
USE = re.compile(r"use (\w+): (.*)")
NONSENSE = "%%% lorem } ipsum </instruction> 0x00 [["
PAGE = "<!doctype html><html><body><h1>502 Bad Gateway</h1><hr>nginx</body></html>"

Answers = Callable[[dict[str, Any]], str]
"""The text of the reply to a request: a function of it, whoever asks and whenever."""


def by_rules(request: dict[str, Any]) -> str:
    """The usual answers."""
    return answer(request["messages"])


def answer(messages: list[dict[str, Any]]) -> str:
    """The reply to a conversation, by the rules above."""
    last = str(messages[-1].get("content") or "")
    if messages[-1]["role"] == "tool":
        return last
    if "<instruction>" in last:
        return better_instruction(last)
    prompt = "\n".join(str(message.get("content") or "") for message in messages)
    asked = RULE.sub("", last).lower()
    return next((label for word, label in RULE.findall(prompt) if word.lower() in asked), "unknown")


def better_instruction(request: str) -> str:
    """The old instruction and one rule for each example that went wrong."""
    before = request[: request.rindex("</instruction>")]
    old = before[before.rindex("<instruction>") :].removeprefix("<instruction>").strip()
    lines = [old]
    for example in EXAMPLE.finditer(request):
        words = re.findall(r"[a-zA-Z]+", example["input"]) or ["anything"]
        line = f"If the message mentions {max(words, key=len).lower()}, answer {example['expected']}."
        if line not in lines:
            lines.append(line)
    return "<instruction>\n" + "\n".join(lines) + "\n</instruction>"


def tool_calls(request: dict[str, Any]) -> list[dict[str, Any]]:
    """The call that the last message asks for, where it asks for a tool that is there."""
    last = request["messages"][-1]
    wanted = USE.search(str(last.get("content") or "")) if last["role"] == "user" else None
    for tool in request.get("tools") or []:
        function = tool["function"]
        if wanted is not None and wanted[1] == function["name"]:
            first = next(iter(function["parameters"]["properties"]))
            arguments = json.dumps({first: wanted[2]})
            function = {"name": function["name"], "arguments": arguments}
            return [{"id": "call_1", "type": "function", "function": function}]
    return []


def structured(request: dict[str, Any], text: str) -> str:
    """The text as an object of the schema that the request gives, else as it is."""
    form = request.get("response_format") or {}
    if form.get("type") != "json_schema":
        return text
    values = {"string": text, "number": 0, "integer": 0, "boolean": False, "array": [], "object": {}}
    properties = form["json_schema"]["schema"]["properties"]
    return json.dumps({name: values[kind["type"]] for name, kind in properties.items()})


def completion(
    request: dict[str, Any], fault: dict[str, Any], authorization: str | None, answers: Answers = by_rules
) -> dict[str, Any]:
    """The document that the chat endpoint answers with; a token is a word here."""
    kind = fault.get("kind")
    calls = tool_calls(request)
    text = "" if calls else structured(request, answers(request))
    if kind == "nonsense":
        text = fault.get("text", NONSENSE)
    if fault.get("echo"):
        text = f"{text} {authorization}"
    if kind == "truncated":
        text = text[: len(text) // 2]
    prompt_tokens = sum(len(str(message.get("content") or "").split()) for message in request["messages"])
    words = text.split()
    message: dict[str, Any] = {"role": "assistant", "content": None if kind == "no_content" or calls else text}
    choice: dict[str, Any] = {
        "index": 0,
        "message": message,
        "finish_reason": "tool_calls" if calls else "length" if kind == "truncated" else "stop",
    }
    if calls:
        message["tool_calls"] = calls
    if request.get("logprobs"):
        tokens = [{"token": word, "logprob": -0.25 * n, "top_logprobs": []} for n, word in enumerate(words, 1)]
        choice["logprobs"] = {"content": tokens}
    count = len(words) or len(calls)
    usage = {"prompt_tokens": prompt_tokens, "completion_tokens": count, "total_tokens": prompt_tokens + count}
    document = {"id": "chatcmpl-1", "object": "chat.completion", "created": 0, "model": request["model"]}
    choices = [] if kind == "no_choices" else [choice]
    return {**document, "choices": choices, **({} if kind == "no_usage" else {"usage": usage})}


def chunks(document: dict[str, Any], request: dict[str, Any]) -> list[dict[str, Any]]:
    """The same document as the pieces of a stream: a word each, then the reason, then the usage where it is wanted."""
    frame = {**document, "object": "chat.completion.chunk"}
    frame.pop("usage", None)
    pieces: list[dict[str, Any]] = []
    for choice in document["choices"]:
        message = choice["message"]
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
        deltas += [{"content": piece} for piece in re.findall(r"\S+\s*|\s+", message.get("content") or "")]
        for number, call in enumerate(message.get("tool_calls", [])):
            whole = call["function"]["arguments"]
            deltas.append(
                {"tool_calls": [{"index": number, **call, "function": {**call["function"], "arguments": ""}}]}
            )
            halves = whole[: len(whole) // 2], whole[len(whole) // 2 :]
            deltas += [{"tool_calls": [{"index": number, "function": {"arguments": half}}]} for half in halves]
        pieces += [{"choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
        pieces.append({"choices": [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}]})
    if "usage" in document and (request.get("stream_options") or {}).get("include_usage"):
        pieces.append({"choices": [], "usage": document["usage"]})
    return [{**frame, **piece} for piece in pieces]


def batch_line(line: dict[str, Any], fault: dict[str, Any] | None) -> dict[str, Any]:
    """What the output of a batch says to one line of its input."""
    body: dict[str, Any] = {"error": {"message": (fault or {}).get("message", "told to fail")}}
    status = (fault or {}).get("status", 200)
    if status == 200:
        body = completion(line["body"], {}, None)
    return {"custom_id": line["custom_id"], "response": {"status_code": status, "body": body}, "error": None}


class RuleServer(ThreadingHTTPServer):
    """The server's memory: what came, and which faults are still to happen."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Says nothing: clients that hang up are what some tests are about."""

    def __init__(self, answers: Answers = by_rules) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = answers
        self.arrived = threading.Condition()
        self.released = threading.Event()
        self.faults: list[dict[str, Any] | None] = []
        self.calls: list[dict[str, Any]] = []
        self.files: dict[str, str] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.batch_status: str | None = None

    def add_file(self, content: str) -> dict[str, Any]:
        name = f"file-{len(self.files)}"
        self.files[name] = content
        frame = {
            "object": "file",
            "purpose": "batch",
            "filename": "batch.jsonl",
            "status": "processed",
            "created_at": 0,
        }
        return {"id": name, "bytes": len(content), **frame}

    def add_batch(self, wanted: dict[str, Any]) -> dict[str, Any]:
        lines = [json.loads(line) for line in self.files[wanted["input_file_id"]].splitlines()]
        said = [batch_line(line, self.faults.pop(0) if self.faults else None) for line in lines]
        files = []
        for is_good in (True, False):
            part = [json.dumps(line) for line in said if (line["response"]["status_code"] == 200) is is_good]
            files.append(self.add_file("\n".join(part))["id"] if part else None)
        name = f"batch_{len(self.batches)}"
        frame = {"object": "batch", "created_at": 0, "status": "completed", **wanted}
        self.batches[name] = {"id": name, "output_file_id": files[0], "error_file_id": files[1], **frame}
        return self.batch(name)

    def batch(self, name: str) -> dict[str, Any]:
        held = {"status": self.batch_status, "output_file_id": None, "error_file_id": None}
        return {**self.batches[name], **(held if self.batch_status else {})}


class Handler(BaseHTTPRequestHandler):
    server: RuleServer
    protocol_version = "HTTP/1.1"
    # Else the body of an answer waits for the acknowledgement of its head, 40 ms.
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        if self.path == "/v1/models":
            self.send_document({"object": "list", "data": [{"id": MODEL, "object": "model", "owned_by": "vllm"}]})
        elif self.path == "/api/tags":
            self.send_document({"models": [{"name": MODEL}]})
        elif self.path.startswith("/v1/files/"):
            self.send_text(self.server.files[self.path.split("/")[3]])
        elif self.path.startswith("/v1/batches/") and self.path.split("/")[3] in self.server.batches:
            self.send_document(self.server.batch(self.path.split("/")[3]))
        elif self.path.partition("?")[0] in ("/v1/batches", "/control/batches"):
            found = [self.server.batch(name) for name in self.server.batches]
            self.send_document({"object": "list", "data": found, "has_more": False})
        elif self.path == "/control/state":
            self.send_document({"calls": len(self.server.calls), "faults_left": len(self.server.faults)})
        elif self.path.startswith("/control/calls/"):
            wanted = int(self.path.rpartition("/")[2])
            with self.server.arrived:
                self.server.arrived.wait_for(lambda: len(self.server.calls) >= wanted)
            self.send_document(self.server.calls)
        else:
            self.send_document({"error": {"message": f"no such page: {self.path}"}}, status=404)

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/v1/files":
            # A form: of its parts, the one with a file name is the file.
            boundary = self.headers["Content-Type"].partition("boundary=")[2].encode()
            (part,) = (one for one in content.split(b"--" + boundary) if b"filename=" in one)
            return self.send_document(self.server.add_file(part.partition(b"\r\n\r\n")[2].strip().decode()))
        body = json.loads(content or "null")
        if self.path == "/v1/chat/completions":
            self.chat(body)
        elif self.path == "/v1/batches":
            self.send_document(self.server.add_batch(body))
        elif self.path == "/control/batches":
            self.server.batch_status = body
            self.send_document({})
        elif self.path == "/control/faults":
            self.server.faults = body
            self.server.released.clear()
            self.send_document({})
        elif self.path == "/control/release":
            self.server.released.set()
            self.send_document({})
        else:
            self.send_document({"error": {"message": f"no such page: {self.path}"}}, status=404)

    def chat(self, request: dict[str, Any]) -> None:
        authorization = self.headers.get("Authorization")
        with self.server.arrived:
            self.server.calls.append({**request, "authorization": authorization})
            fault = (self.server.faults.pop(0) if self.server.faults else None) or {}
            self.server.arrived.notify_all()
        kind = fault.get("kind")
        headers = {**fault.get("headers", {}), **({"X-Echo": str(authorization)} if fault.get("echo") else {})}
        if kind == "hold":
            self.server.released.wait()
        elif kind == "late":
            time.sleep(fault["seconds"])
        if kind == "status" or (kind == "stream_error" and not request.get("stream")):
            status = fault.get("status", 500)
            message = fault.get("message", f"told to answer {status}")
            if fault.get("echo"):
                message = f"{message} {authorization}"
            error = {"error": {"message": message, "type": "fault", "code": None}}
            self.send_document(error, status=status, headers=headers)
        elif kind == "hang_up":
            self.close_connection = True
        elif kind == "html":
            self.send_text(PAGE, status=fault.get("status", 200), headers={**headers, "Content-Type": "text/html"})
        else:
            document = completion(request, fault, authorization, self.server.answers)
            if request.get("stream"):
                self.send_stream(chunks(document, request), kind, headers)
            else:
                text = json.dumps(document)
                half = kind in ("half", "broken_json")
                length = len(text) if kind == "half" else None
                self.send_text(text[: len(text) // 2] if half else text, headers=headers, length=length)

    def send_stream(self, pieces: list[dict[str, Any]], kind: str | None, headers: dict[str, str]) -> None:
        """Server-sent events; the connection ends with them, since nobody knew their length."""
        events = [f"data: {json.dumps(piece)}\n\n" for piece in pieces] + ["data: [DONE]\n\n"]
        if kind in ("half", "stream_error"):
            events = events[: len(events) // 2]
        if kind == "stream_error":
            events.append('data: {"error": {"message": "the worker died", "type": "fault", "code": 500}}\n\n')
        if kind == "broken_json":
            events[len(events) // 2] = 'data: {"choices": [{"delta"\n\n'
        self.close_connection = True
        self.send_response(200)
        for name, value in {"Content-Type": "text/event-stream", "Connection": "close", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        for event in events:
            self.wfile.write(event.encode())

    def send_document(self, document: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.send_text(json.dumps(document), status=status, headers=headers)

    def send_text(
        self, text: str, *, status: int = 200, headers: dict[str, str] | None = None, length: int | None = None
    ) -> None:
        """`length` is what the answer claims to have, where that is not true."""
        body = text.encode()
        if length is not None:
            self.close_connection = True
        self.send_response(status)
        own = {"Content-Type": "application/json", "Content-Length": str(len(body) if length is None else length)}
        for name, value in {**own, **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: a test's output is its own."""


def serve(answers: Answers = by_rules) -> None:
    """Tells the port, then answers for ever."""
    server = RuleServer(answers)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    serve()
