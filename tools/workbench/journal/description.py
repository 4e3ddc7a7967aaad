"""What every table and column of the journal means: the one place from which the documentation is made."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """A table's sentence, and a sentence for each of its columns by name."""

    sentence: str
    columns: Mapping[str, str]


_RUN = "The run, by `runs.id`."
_CREATED = "When the row was written: UTC, ISO 8601."
_COST = "US dollars; null where the price is unknown."

TABLES: Mapping[str, Table] = {
    "runs": Table(
        "One row for each run: an optimisation, or an evaluation (method `eval`).",
        {
            "id": "Such as `r-20261122-1a2b`; its log is `.toishi/runs/ID.log`.",
            "name": "The task's name.",
            "method": "The method's name, such as `gepa`; `eval` for an evaluation.",
            "status": "`queued`, `running`, `finished`, `cancelled` or `failed`; `running` also after a kill.",
            "seed": "The whole number from which every random choice follows.",
            "task": "The task as JSON, with the texts it had when the run was made: all that is needed to repeat it.",
            "data": "The run's rows, by `examples.data`; begins with `purged-` where some were purged.",
            "created": _CREATED,
            "seconds": "Seconds of work over all sittings.",
            "pid": "Process number of the newest worker.",
            "wanted": "`cancel` where a person asked the run to stop, else empty.",
            "result": "What came of it, as a JSON object; empty until the run finished.",
        },
    ),
    "examples": Table(
        "The rows of the tasks' data as they were when a run was made; equal data is stored once.",
        {
            "data": "SHA-256 of all rows and their splits.",
            "split": "`feedback`, `validation` or `test`.",
            "position": "Place in the split, from 0.",
            "id": "The row's own id, or a hash of its content.",
            "inputs": "What the program is given: a JSON object of texts.",
            "expected": "The expected answer.",
            "fields": "The row's other columns, which the program does not see: a JSON object of texts.",
        },
    ),
    "messages": Table(
        "Messages to and from models, each content stored once.",
        {
            "id": "Hash of the content.",
            "role": "`system`, `user`, `assistant` or `tool`.",
            "content": "The text.",
            "tool_calls": "Calls of tools in it: a JSON array of objects with id, name and arguments; null for none.",
            "tool_call_id": "For a tool's message, the call that it answers.",
        },
    ),
    "replies": Table(
        "Every reply that was paid for, with all that decided it. The same request is answered from here.",
        {
            "key": "SHA-256 of everything that decides the reply.",
            "run": "The run that paid, by `runs.id`.",
            "purpose": "What it was asked for, such as `rollout`, `reflection` or `judge`.",
            "model": "The model's name; with other weights or another server it is another.",
            "messages": "The request's messages: a JSON array of `messages.id`.",
            "temperature": "Sampling temperature; 0 is greedy.",
            "top_p": "Nucleus sampling.",
            "max_tokens": "The longest reply that was allowed, in tokens.",
            "seed": "Seed of the sampling.",
            "replicate": "Tells samples of the same request apart, from 0.",
            "text": "The reply.",
            "finish_reason": "`stop`, `length` (cut off), `tool_calls` or `other`.",
            "prompt_tokens": "Tokens of the request.",
            "completion_tokens": "Tokens of the reply.",
            "cost": _COST,
            "seconds": "How long it took, retries not counted.",
            "token_ids": "Ids of the reply's tokens: a JSON array; null where the model does not tell them.",
            "logprobs": "Natural logarithm of each token's probability: a JSON array; null where not told.",
            "created": _CREATED,
            "tool_calls": "The calls of tools in the reply: a JSON array as in `messages.tool_calls`; null for none.",
            "tools": "Tools that the model might call: a JSON array with name, description and parameters; or null.",
            "schema": "The JSON schema that the reply should follow, or null.",
        },
    ),
    "rollouts": Table(
        "One row for each run of a candidate on an example.",
        {
            "number": "Counts the rollouts of all runs in the order in which they ended.",
            "run": _RUN,
            "candidate": "The candidate, by `candidates.id`; one that was rejected has no row there.",
            "example": "The example, by `examples.id` among the run's data.",
            "replicate": "Tells repetitions on the same example apart, from 0.",
            "split": "The example's split.",
            "score": "From 0 to 1.",
            "output": "What the program answered.",
            "feedback": "What was expected, what came, and why it counts as it does.",
            "error": "Why the program failed on this example, in one sentence; null where it did not.",
            "tokens": "Prompt and completion tokens of all its calls.",
            "cost": _COST,
            "seconds": "Seconds that its calls took together.",
            "objectives": "Named scores beside the score: a JSON object.",
            "calls": (
                "The trace: a JSON array with an object for each call of a module, retriever or tool, in order: "
                "module, inputs, messages (ids), reply (whole, so that a trace stands by itself), error, output."
            ),
            "created": _CREATED,
            "replies": "Every reply that it took, a judge's among them: a JSON array of `replies.key`.",
        },
    ),
    "candidates": Table(
        "The candidates that entered a run's pool.",
        {
            "run": _RUN,
            "number": "Place in the pool; the seed has 0.",
            "id": "Hash of the texts, by which rollouts name it.",
            "parents": "What it was made from: a JSON array of numbers in the same pool.",
            "reason": "Why it was made and accepted, in one sentence.",
            "module": "The module whose text was rewritten; null for a seed or a merge.",
            "validation_score": "Mean score on the validation rows that it ran on, from 0 to 1.",
            "rows": "How many validation rows it ran on; null where these are all, so that it could be chosen.",
            "objectives": "Its value of each objective beside the score: a JSON object, empty without objectives.",
            "texts": "Its texts by module: a JSON object.",
            "created": _CREATED,
        },
    ),
    "events": Table(
        "What a run told while it went on, in order; a run's state is the fold of its decisions.",
        {
            "number": "Counts the events of all runs.",
            "run": _RUN,
            "decision": "Place among the run's decisions, from 0, which a resumed run makes again; null for telemetry.",
            "kind": "Such as `candidate_accepted`; see the page on events.",
            "body": "The event as a JSON object.",
            "created": _CREATED,
            "version": "Counts the changes of this kind's fields.",
        },
    ),
    "changes": Table(
        "What runs propose to write into a person's files.",
        {
            "hash": "Hash of files and evidence; an approval names it.",
            "run": "The run that proposed it first, by `runs.id`.",
            "status": "`proposed`, `applying`, `applied`, `undoing` or `undone`.",
            "files": "The whole text of each file before and after: a JSON array of objects.",
            "evidence": "Why it is proposed: a JSON object.",
            "modes": "The files' permissions from before it was applied: a JSON object.",
            "created": _CREATED,
        },
    ),
    "purges": Table(
        "When something was deleted for good. What it was is not told.",
        {
            "number": "Counts the purges.",
            "what": "`examples`, or a run's id.",
            "rows": "How many rows of all tables were deleted or blotted out.",
            "created": _CREATED,
            "finished": "When the last byte was gone from the files; null where that is still to be done.",
        },
    ),
    "agreements": Table(
        "What a person agreed to send to a model elsewhere although it looks personal; it is not asked again.",
        {
            "content": "Hash of the rows that are sent, whatever their order.",
            "destination": "Provider or host that they go to.",
            "fields": "The fields that look personal: a JSON array.",
            "created": _CREATED,
        },
    ),
    "batches": Table(
        "Which batch at a provider holds which request, so that it is not asked again after a kill (`models.batch`).",
        {
            "key": "The request, by `replies.key`.",
            "run": "The run that asked, by `runs.id`.",
            "file": "Id of the file with the requests, at the provider.",
            "batch": "Id of the batch that answers the file, at the provider; null until it is known.",
            "created": _CREATED,
        },
    ),
}


def describe() -> Mapping[str, Table]:
    """Every table with its columns, in the order in which a person meets them."""
    return TABLES


def datasette_metadata() -> dict[str, object]:
    """The same as Datasette's metadata, which Datasette shows above each table and column."""
    tables = {
        name: {"description": table.sentence, "columns": dict(table.columns)} for name, table in describe().items()
    }
    return {"title": "toishi", "description": "The journal of a project.", "databases": {"toishi": {"tables": tables}}}
