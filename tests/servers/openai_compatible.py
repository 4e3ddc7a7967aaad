"""A small OpenAI-compatible server for tests: a process of its own that answers by rule and fails on demand.

Run as a program it binds a free port of 127.0.0.1 and prints it. It speaks `POST /v1/chat/completions`, `GET
/v1/models` (as vLLM and LM Studio do) and `GET /api/tags` (as Ollama does).

How it answers, always the same for the same messages:

- A message that holds `<instruction>` asks for a better instruction. The reply keeps the old one and adds, for each
  example whose feedback says what was expected, `If the message mentions WORD, answer LABEL.` with the longest word of
  the example's first field.
- Else, of all lines `If the message mentions WORD, answer LABEL.` the first whose word stands in the last message gives
  the label; where none fits, the answer is `unknown`.

How it fails: `POST /control/faults` holds a JSON list; each call to the chat endpoint takes the next entry, `null`
being a healthy answer. `{"kind": "status", "status": 500, "headers": {…}, "message": "…"}` answers so; `broken_json`
sends half a document; `truncated` half an answer with finish_reason `length`; `hang_up` closes the connection; `hold`
answers healthily, but not before `POST /control/release`. `GET /control/calls/N` waits until N calls came to the chat
endpoint and tells them all.
"""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODEL = "rules"
RULE = re.compile(r"If the message mentions (.+?), answer (.+?)\.$", re.MULTILINE)
EXAMPLE = re.compile(r"^Example:\n\w+: (?P<input>.*)(?:\n.*)*?\nfeedback: expected (?P<expected>.+?), ", re.MULTILINE)


def answer(messages: list[dict[str, str]]) -> str:
    """The reply to a conversation, by the rules above."""
    last = messages[-1]["content"]
    if "<instruction>" in last:
        return better_instruction(last)
    prompt = "\n".join(message["content"] for message in messages)
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


def completion(request: dict[str, Any], *, truncated: bool) -> dict[str, Any]:
    """The document that the chat endpoint answers with; a token is a word here."""
    text = answer(request["messages"])
    if truncated:
        text = text[: len(text) // 2]
    prompt_tokens = sum(len(message["content"].split()) for message in request["messages"])
    tokens = len(text.split())
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 0,
        "model": request["model"],
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text},
                "finish_reason": "length" if truncated else "stop",
            }
        ],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": tokens,
            "total_tokens": prompt_tokens + tokens,
        },
    }


class RuleServer(ThreadingHTTPServer):
    """The server's memory: what came, and which faults are still to happen."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Says nothing: clients that hang up are what some tests are about."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.arrived = threading.Condition()
        self.released = threading.Event()
        self.faults: list[dict[str, Any] | None] = []
        self.calls: list[dict[str, Any]] = []


class Handler(BaseHTTPRequestHandler):
    server: RuleServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/v1/models":
            self.send_document({"object": "list", "data": [{"id": MODEL, "object": "model", "owned_by": "vllm"}]})
        elif self.path == "/api/tags":
            self.send_document({"models": [{"name": MODEL}]})
        elif self.path.startswith("/control/calls/"):
            wanted = int(self.path.rpartition("/")[2])
            with self.server.arrived:
                self.server.arrived.wait_for(lambda: len(self.server.calls) >= wanted)
            self.send_document(self.server.calls)
        else:
            self.send_document({"error": {"message": f"no such page: {self.path}"}}, status=404)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or "null")
        if self.path == "/v1/chat/completions":
            self.chat(body)
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
        with self.server.arrived:
            self.server.calls.append({**request, "authorization": self.headers.get("Authorization")})
            fault = self.server.faults.pop(0) if self.server.faults else None
            self.server.arrived.notify_all()
        kind = fault["kind"] if fault else None
        if kind == "hold":
            self.server.released.wait()
        if fault and kind == "status":
            message = fault.get("message", f"told to answer {fault['status']}")
            error = {"error": {"message": message, "type": "fault", "code": None}}
            self.send_document(error, status=fault["status"], headers=fault.get("headers", {}))
        elif kind == "hang_up":
            self.close_connection = True
        elif kind == "broken_json":
            text = json.dumps(completion(request, truncated=False))
            self.send_text(text[: len(text) // 2])
        else:
            self.send_document(completion(request, truncated=kind == "truncated"))

    def send_document(self, document: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.send_text(json.dumps(document), status=status, headers=headers)

    def send_text(self, text: str, *, status: int = 200, headers: dict[str, str] | None = None) -> None:
        body = text.encode()
        self.send_response(status)
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: a test's output is its own."""


def main() -> None:
    server = RuleServer()
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
