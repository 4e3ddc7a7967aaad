"""From the graders of an OpenAI eval to the `[metric]` of a task.

A grader compares templates in which `{{sample.output_text}}` is the answer and `{{item.…}}` a column. What has an equal
here is taken over; what has only something near it is, with a sentence; what has nothing is named in one.
"""

import ast
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

OUTPUT = re.compile(r"\{\{\s*sample\.output_(?:text|json)\s*\}\}")
ITEM = re.compile(r"\{\{\s*item\.([^\s{}]+)\s*\}\}")
SIMILARITIES = ("fuzzy_match", "bleu", "gleu", "meteor", *(f"rouge_{one}" for one in "12345l"))
BEST_MARK = 10

ADAPTER = '''

def {name}(example, output):
    """Calls the grader with what OpenAI's platform gave it."""
    import json

    item = {{**example.fields, **example.inputs}}
    if {expected!r}:
        item[{expected!r}] = example.expected
    try:
        parsed = json.loads(output)
    except ValueError:
        parsed = None
    return min(1.0, max(0.0, float(grade({{"output_text": output, "output_json": parsed}}, item))))
'''


@dataclass(frozen=True)
class Proposal:
    """A `[metric]` table, None where no grader could be had; the columns that the graders read; files to be written
    beside the task; and sentences about what is not the same as it was."""

    metric: Mapping[str, Any] | None
    expected: str | None = None
    columns: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    sentences: tuple[str, ...] = ()


def graders_in(document: Any) -> list[Mapping[str, Any]]:
    """The graders of an exported eval: of its `testing_criteria` or `grader`, or of a list of them, or one alone."""
    if isinstance(document, list):
        return [one for one in document if isinstance(one, Mapping) and "type" in one]
    if not isinstance(document, Mapping):
        return []
    for key in ("testing_criteria", "graders", "grader", "eval"):
        inner = document.get(key)
        found = graders_in(list(inner.values()) if key == "graders" and isinstance(inner, Mapping) else inner)
        if found:
            return found
    return [document] if document.get("type") in (*KINDS, "multi") else []


def propose(graders: Sequence[Mapping[str, Any]]) -> Proposal:
    """The metric that judges as these graders do together; several count equally."""
    flat = [part for grader in graders for part in _flattened(grader)]
    expected = next((column for grader, _ in flat if (column := _reference(grader)) is not None), None)
    made, files, sentences = [], dict[str, str](), []
    for grader, weight in flat:
        name = str(grader.get("name") or grader.get("type"))
        try:
            table, note = KINDS[str(grader.get("type"))](grader, expected, files)
        except KeyError:
            sentences.append(f"the grader '{name}' is of the unknown type '{grader.get('type')}' and was left out")
            continue
        except _NotHere as reason:
            sentences.append(f"the grader '{name}' was left out: {reason}")
            continue
        if note:
            sentences.append(f"the grader '{name}' became kind = '{table['kind']}': {note}")
        made.append((name, weight, table))
    columns = tuple(dict.fromkeys(column for grader, _ in flat for column in ITEM.findall(json.dumps(grader))))
    return Proposal(_together(made), expected, columns, files, tuple(sentences))


class _NotHere(Exception):
    """There is no such metric; the message says why, and what would do."""


def _flattened(grader: Mapping[str, Any]) -> list[tuple[Mapping[str, Any], float]]:
    """A multi grader's parts with their weights; any other by itself."""
    if grader.get("type") != "multi":
        return [(grader, 1.0)]
    inner = grader.get("graders")
    named = dict(inner) if isinstance(inner, Mapping) else {str(one.get("name")): one for one in inner or ()}
    weights = _weights(str(grader.get("calculate_output", "")), list(named))
    return [({"name": name, **one}, weights.get(name, 1.0)) for name, one in named.items()]


def _weights(formula: str, names: Sequence[str]) -> dict[str, float]:
    """The factors of a weighted sum such as `0.8 * a + 0.2 * b` or `(a + b) / 2`; none where it is something else."""
    try:
        found = _linear(ast.parse(formula, mode="eval").body)
    except (SyntaxError, ValueError, ZeroDivisionError):
        return {}
    return {name: max(0.0, found.get(name, 0.0)) for name in names} if set(found) <= set(names) and found else {}


def _linear(node: ast.expr) -> dict[str, float]:
    """Factors by name; a plain number stands under the empty name. `ValueError` for what is no weighted sum."""
    match node:
        case ast.Name(id=name):
            return {name: 1.0}
        case ast.Constant(value=int() | float() as value):
            return {"": float(value)}
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            one, other = _linear(left), _linear(right)
            if "" in one or "" in other:
                raise ValueError("a number is added")
            return {name: one.get(name, 0.0) + other.get(name, 0.0) for name in (*one, *other)}
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            one, other = _linear(left), _linear(right)
            factor, rest = (one, other) if set(one) == {""} else (other, one)
            if set(factor) != {""}:
                raise ValueError("two graders are multiplied")
            return {name: factor[""] * value for name, value in rest.items()}
        case ast.BinOp(left=left, op=ast.Div(), right=right) if set(divisor := _linear(right)) == {""}:
            return {name: value / divisor[""] for name, value in _linear(left).items()}
    raise ValueError("no weighted sum")


def _reference(grader: Mapping[str, Any]) -> str | None:
    """The column whose value the answer is held against, where the reference is that alone."""
    if not OUTPUT.search(str(grader.get("input", ""))):
        return None
    whole = ITEM.fullmatch(str(grader.get("reference", "")).strip())
    return whole[1] if whole else None


def _together(made: Sequence[tuple[str, float, Mapping[str, Any]]]) -> dict[str, Any] | None:
    if not made:
        return None
    if len(made) == 1:
        return dict(made[0][2])
    names: dict[str, int] = {}
    parts = []
    for name, weight, table in made:
        names[name] = names.get(name, 0) + 1
        unique = name if names[name] == 1 else f"{name} {names[name]}"
        parts.append({"name": unique, **({"weight": weight} if weight != 1.0 else {}), **table})
    return {"kind": "several", "parts": parts}


Made = tuple[dict[str, Any], str]


def _string_check(grader: Mapping[str, Any], expected: str | None, _: dict[str, str]) -> Made:
    given, reference = str(grader.get("input", "")), str(grader.get("reference", ""))
    operation = str(grader.get("operation", "eq"))
    column, literal = _reference(grader), not ITEM.search(reference)
    if not OUTPUT.fullmatch(given.strip()):
        raise _NotHere("it does not look at the answer as it is; write a Python function (kind = 'python') instead")
    if column is None and not literal:
        raise _NotHere(f"its reference '{reference}' is put together; add a column that holds it whole")
    if operation == "eq":
        if column is not None and column == expected:
            return {"kind": "exact"}, ""
        if literal:
            return {"kind": "regex", "pattern": re.escape(reference), "match": "whole"}, ""
        raise _NotHere(f"the answer is held against '{expected}' already and cannot be against '{column}' as well")
    if operation in ("like", "ilike"):
        table: dict[str, Any] = {"kind": "contains", **({"case": True} if operation == "like" else {})}
        if literal:
            table["texts"] = [reference]
        elif column != expected:
            table["texts_column"] = column
        return table, ""
    if operation in ("ne", "neq") and literal:
        return {"kind": "regex", "pattern": rf"(?!{re.escape(reference)}\Z)[\s\S]*", "match": "whole"}, ""
    raise _NotHere(f"there is no metric for the operation '{operation}'")


def _text_similarity(grader: Mapping[str, Any], expected: str | None, _: dict[str, str]) -> Made:
    kind = str(grader.get("evaluation_metric", ""))
    if kind not in SIMILARITIES:
        raise _NotHere(f"its metric '{kind}' needs embeddings; kind = 'judge' with a rubric comes nearest")
    if _reference(grader) is None or _reference(grader) != expected:
        raise _NotHere("it does not compare the answer with the expected column")
    return {"kind": "f1"}, f"it counts shared words, so scores differ from those of {kind}"


def _label_model(grader: Mapping[str, Any], _expected: str | None, _: dict[str, str]) -> Made:
    labels, passing = (", ".join(map(str, grader.get(key) or ())) for key in ("labels", "passing_labels"))
    rubric = f"{_rubric(grader)}\n\nOf the labels {labels}, these pass: {passing}. All others fail."
    return {"kind": "judge", "rubric": rubric}, "a judge says pass or fail by its words; check them"


def _score_model(grader: Mapping[str, Any], _expected: str | None, _: dict[str, str]) -> Made:
    bounds = grader.get("range") or [0, 1]
    rubric = _rubric(grader)
    low, high = float(bounds[0]), float(bounds[-1])
    scale: dict[str, Any] = {}
    if low == 1 and high == int(high) and 2 <= high <= BEST_MARK:
        scale = {"scale": int(high)}
        note = f"marks from 1 to {int(high)} become scores from 0 to 1"
    else:
        note = f"its scores from {low:g} to {high:g} become pass and fail; choose another metric.scale for marks"
    return {"kind": "judge", "rubric": rubric, **scale}, note


def _python(grader: Mapping[str, Any], expected: str | None, files: dict[str, str]) -> Made:
    source = str(grader.get("source", ""))
    if not re.search(r"^(async\s+)?def grade\(", source, re.MULTILINE):
        raise _NotHere("its source has no function grade(sample, item)")
    file = "grader.py" if not files else f"grader_{len(files) + 1}.py"
    files[file] = source.rstrip() + "\n" + ADAPTER.format(name="score", expected=expected or "")
    return {"kind": "python", "function": f"{file}:score"}, (
        f"its source goes to {file}, which runs as your own code; columns that are no input are given as text"
    )


def _rubric(grader: Mapping[str, Any]) -> str:
    """The words of the grader's messages, with names where its templates were."""
    texts = []
    for message in grader.get("input") or ():
        content = message.get("content") if isinstance(message, Mapping) else message
        parts = content if isinstance(content, list) else [content]
        texts += [str(part.get("text", "")) if isinstance(part, Mapping) else str(part) for part in parts]
    text = "\n\n".join(text.strip() for text in texts if text.strip())
    if not text:
        raise _NotHere("it has no instructions")
    return ITEM.sub(lambda found: f"[{found[1]}]", OUTPUT.sub("[the answer]", text))


KINDS = {
    "string_check": _string_check,
    "text_similarity": _text_similarity,
    "label_model": _label_model,
    "score_model": _score_model,
    "python": _python,
}
