"""The `call` of one rollout: runs modules, retrievers and tools, and keeps what it saw, in the order of beginning."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from toishi.tools.workbench.errors import RequestRefused, SandboxUnavailable
from toishi.tools.workbench.models.protocol import Message, Reply, ToolCall, ToolSpec
from toishi.tools.workbench.program.code import Match, Ran, Rows, TextFailed, run_python, run_regex, run_sql
from toishi.tools.workbench.program.code.regex import shown as shown_matches
from toishi.tools.workbench.program.code.sql import Table, described
from toishi.tools.workbench.program.parsing import ParseFailed, parse, schema_text
from toishi.tools.workbench.program.program import Call, Schema
from toishi.tools.workbench.program.retrieval import Retriever, shown
from toishi.tools.workbench.program.tool import Tool
from toishi.tools.workbench.prompting import render
from toishi.tools.workbench.rollout import ModuleCall

ROUNDS = 8
"""How often the model of one module may call tools before it must have answered."""

UNFINISHED = "not finished"

Used = TypeVar("Used")


class Ask(Protocol):
    """Sends messages to the model that runs a module."""

    async def __call__(
        self, module: str, messages: tuple[Message, ...], tools: tuple[ToolSpec, ...], schema: str | None
    ) -> Reply: ...


class Trace:
    """What one rollout did, and the `Call` that it is handed.

    `fault` is the first failure that says nothing about the program, such as a model out of reach. It is kept here,
    since a program may catch what `call` raises and go on, and its score would then be one for the network. `seconds`
    is the time that the candidate's Python took, as it was measured.
    """

    def __init__(self, texts: Mapping[str, str], retrievers: Mapping[str, Retriever], ask: Ask) -> None:
        self.calls: list[ModuleCall] = []
        self.fault: Exception | None = None
        self.seconds = 0.0
        self._texts = texts
        self._retrievers = retrievers
        self._ask = ask

    @property
    def call(self) -> Call:
        """What the program is handed."""
        return self

    async def __call__(
        self,
        module: str,
        /,
        *,
        tools: Sequence[Callable[..., Any]] = (),
        schema: Schema | None = None,
        **fields: str,
    ) -> str:
        """As `Call` says. Raises `LookupError` for a module that does not exist, `TypeError` for a field that is no
        text, and `RuntimeError` where the model calls tools and never answers."""
        self._refuse_other_than_text(module, fields)
        if module in self._retrievers:
            return self._retrieve(module, fields)
        messages = render(self._text_of(module), fields)
        by_name = {tool.name: tool for tool in map(Tool, tools)}
        specs = tuple(tool.spec for tool in by_name.values())
        wanted = None if schema is None else schema_text(schema)
        for _ in range(ROUNDS):
            place, reply = await self._model(module, fields, messages, specs, wanted)
            if not reply.tool_calls:
                return reply.text if schema is None else self._parsed(place, reply.text, schema)
            answers = [await self._use(by_name, wish) for wish in reply.tool_calls]
            messages = (*messages, Message("assistant", reply.text, reply.tool_calls), *answers)
        raise RuntimeError(f"'{module}' called tools {ROUNDS} times and never answered")

    def text(self, module: str, /, **used_on: str) -> str:
        """As `Call` says. Raises `LookupError` and `TypeError` as a call does."""
        self._refuse_other_than_text(module, used_on)
        text = self._text_of(module)
        self.calls.append(ModuleCall(module, used_on, (), None))
        return text

    async def python(
        self,
        module: str,
        function: str | None = None,
        /,
        *,
        arguments: Sequence[Any] | Mapping[str, Any] = (),
        stdin: str = "",
        times: int = 1,
        against: str | None = None,
        seconds: float = 10.0,
        memory: int = 512,
        packages: Sequence[str] = (),
    ) -> Ran:
        """As `Call` says. Raises `TextFailed`, `LookupError`, and what `run_python` raises."""
        given = dict(arguments) if isinstance(arguments, Mapping) else {"arguments": list(arguments)}
        inputs = {name: value if isinstance(value, str) else json.dumps(value) for name, value in given.items()}
        work = run_python(
            self._text_of(module),
            function=function,
            arguments=arguments,
            stdin=stdin,
            times=times,
            against=against,
            seconds=seconds,
            memory=memory,
            packages=packages,
        )
        ran = await self._kept(module, {"stdin": stdin} if function is None else inputs, work, Ran.shown)
        self.seconds += ran.seconds
        return ran

    async def regex(self, module: str, text: str, /, *, whole: bool = False, seconds: float = 1.0) -> tuple[Match, ...]:
        """As `Call` says. Raises `TextFailed` and `LookupError`."""
        work = run_regex(self._text_of(module), text, whole=whole, seconds=seconds)
        return await self._kept(module, {"text": text}, work, shown_matches)

    async def sql(
        self,
        module: str,
        /,
        *,
        tables: Mapping[str, Table],
        parameters: Sequence[Any] | Mapping[str, Any] = (),
        seconds: float = 10.0,
    ) -> Rows:
        """As `Call` says. Raises `TextFailed`, `LookupError`, and `TypeError` for cells that are no JSON."""
        inputs = {"tables": described(tables)}
        if parameters:
            inputs["parameters"] = json.dumps(parameters, ensure_ascii=False)
        work = run_sql(self._text_of(module), tables=tables, parameters=parameters, seconds=seconds)
        return await self._kept(module, inputs, work, Rows.shown)

    async def _kept(
        self, module: str, inputs: Mapping[str, str], work: Awaitable[Used], shown: Callable[[Used], str]
    ) -> Used:
        """What comes of a module's code, once it is in the trace; with an error, `output` is what it left behind."""
        place = len(self.calls)
        self.calls.append(ModuleCall(module, inputs, (), None, UNFINISHED))
        try:
            found = await work
        except TextFailed as failed:
            self.calls[place] = ModuleCall(module, inputs, (), None, str(failed), failed.logs or None)
            raise
        except SandboxUnavailable as error:
            self.fault = self.fault or error
            raise
        except Exception as error:
            self.calls[place] = ModuleCall(module, inputs, (), None, f"{type(error).__name__}: {error}")
            raise
        self.calls[place] = ModuleCall(module, inputs, (), None, output=shown(found))
        return found

    def _refuse_other_than_text(self, module: str, fields: Mapping[str, str]) -> None:
        wrong = next((name for name, value in fields.items() if not isinstance(value, str)), None)
        if wrong is not None:
            raise TypeError(f"the field '{wrong}' of '{module}' is {type(fields[wrong]).__name__}; fields are text")

    def _text_of(self, module: str) -> str:
        text = self._texts.get(module)
        if text is None:
            known = ", ".join(f"'{name}'" for name in (*self._texts, *self._retrievers))
            raise LookupError(f"there is no module '{module}'; the program has {known}")
        return text

    async def _model(
        self,
        module: str,
        fields: Mapping[str, str],
        messages: tuple[Message, ...],
        tools: tuple[ToolSpec, ...],
        schema: str | None,
    ) -> tuple[int, Reply]:
        """One call of the model, and its place in the trace."""
        # The place is taken at the start: a trace keeps the order in which calls began.
        place = len(self.calls)
        self.calls.append(ModuleCall(module, fields, messages, None, UNFINISHED))
        try:
            reply = await self._ask(module, messages, tools, schema)
        except RequestRefused as refused:
            self.calls[place] = ModuleCall(module, fields, messages, None, str(refused))
            raise
        except Exception as error:
            self.fault = self.fault or error
            raise
        self.calls[place] = ModuleCall(module, fields, messages, reply)
        return place, reply

    def _parsed(self, place: int, text: str, schema: Schema) -> str:
        try:
            return parse(text, schema)
        except ParseFailed as failed:
            call = self.calls[place]
            self.calls[place] = ModuleCall(call.module, call.inputs, call.messages, call.reply, str(failed))
            raise

    def _retrieve(self, name: str, fields: Mapping[str, str]) -> str:
        if "query" not in fields or set(fields) - {"query", "top"}:
            raise TypeError(
                f"the retriever '{name}' takes query, and perhaps top, not {', '.join(fields) or 'nothing'}"
            )
        top = int(fields["top"]) if "top" in fields else None
        found = shown(self._retrievers[name].search(fields["query"], top=top))
        self.calls.append(ModuleCall(name, fields, (), None, output=found))
        return found

    async def _use(self, tools: Mapping[str, Tool], wish: ToolCall) -> Message:
        """A tool's answer. What a tool raises is told to the model, which may do better at its next try."""
        place = len(self.calls)
        inputs = {"arguments": wish.arguments}
        self.calls.append(ModuleCall(wish.name, inputs, (), None, UNFINISHED))
        output, error = "", None
        if wish.name in tools:
            try:
                output = await tools[wish.name](wish.arguments)
            except (Exception, SystemExit) as problem:
                error = f"{type(problem).__name__}: {problem}"
        else:
            error = f"there is no tool '{wish.name}'; there are {', '.join(tools) or 'none'}"
        self.calls[place] = ModuleCall(wish.name, inputs, (), None, error, output if error is None else None)
        said = output if error is None else json.dumps({"error": error}, ensure_ascii=False)
        return Message("tool", said, tool_call_id=wish.id)
