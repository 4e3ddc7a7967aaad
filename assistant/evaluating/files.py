"""What an evaluation found, as a file for CI: Markdown for a comment, or JUnit XML for a test report."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from toishi.assistant import wording
from toishi.assistant.evaluating.text import group_rows
from toishi.tools.workbench.errors import UsageError

LONGEST_LIST = 20


def writer_for(file: Path) -> Callable[[Mapping[str, Any], str], str]:
    """From document and name to the file's text, by the end of its name; `UsageError` for an unknown one."""
    writers = {".md": markdown, ".xml": junit}
    if file.suffix.lower() not in writers:
        raise UsageError(f"--out {file} should end in .md (a summary for a comment) or .xml (a JUnit report)")
    return writers[file.suffix.lower()]


def write_file(file: Path, text: str) -> None:
    """Writes it; `UsageError` where that is not possible."""
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"--out {file} cannot be written: {error.strerror}; name a file in a folder that exists"
        ) from None


def markdown(found: Mapping[str, Any], name: str) -> str:
    """A summary with tables, which fits into the comment of a pull request."""
    lines = [f"### {name}: {found['verdict']}" if "verdict" in found else f"### {name}", ""]
    lines += _splits(found)
    groups = found["subgroups"]
    for field in dict.fromkeys(one["field"] for one in groups):
        lines += ["", *_table(*group_rows([one for one in groups if one["field"] == field], field))]
    said = [f"- {'passed' if gate['passed'] else '**failed**'}: {gate['sentence']}" for gate in found["gates"]]
    said += [f"- warning: {sentence}" for sentence in found["warnings"]]
    for split, row in found["splits"].items():
        if row.get("broke"):
            said.append(f"- got worse on {split}: {_listed(row['broke'])}")
    lines += ["", *said] if said else []
    spent = wording.spent(found["rollouts"], found["tokens"], found["cost"])
    held = f" {found['sandbox'][0].upper()}{found['sandbox'][1:]}." if found["sandbox"] else ""
    return "\n".join([*lines, "", f"Run {found['run']}: {spent}.{held}", ""])


def junit(found: Mapping[str, Any], name: str) -> str:
    """One test case for each gate; of an evaluation without gates, one that passes for each split."""
    gates = found["gates"] or [
        {"gate": "score", "split": split, "passed": True, "sentence": f"{split}: {row['score']:.3f}"}
        for split, row in found["splits"].items()
    ]
    failures = sum(not gate["passed"] for gate in gates)
    suite = ElementTree.Element(
        "testsuite",
        name=f"toishi eval {name}",
        tests=str(len(gates)),
        failures=str(failures),
        time=str(found["seconds"]),
    )
    for gate in gates:
        case = ElementTree.SubElement(suite, "testcase", classname=f"toishi.{gate['split']}", name=gate["gate"])
        broke = found["splits"][gate["split"]].get("broke")
        if not gate["passed"]:
            failure = ElementTree.SubElement(case, "failure", message=gate["sentence"])
            failure.text = f"got worse: {_listed(broke)}" if broke else None
        else:
            ElementTree.SubElement(case, "system-out").text = gate["sentence"]
    if found["warnings"]:
        ElementTree.SubElement(suite, "system-err").text = "\n".join(found["warnings"])
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _splits(found: Mapping[str, Any]) -> list[str]:
    if "verdict" not in found:
        rows = [
            [split, wording.score(row["score"]), "{:.3f} to {:.3f}".format(*row["interval"]), str(row["examples"])]
            for split, row in found["splits"].items()
        ]
        return _table(["split", "score", "95 % interval", "examples"], rows)
    rows = [
        [
            split,
            f"{wording.score(row['before'])} → {wording.score(row['after'])}",
            wording.signed(row["difference"]),
            wording.interval(row["interval"]),
            wording.p_value(row["p_value"]),
            f"{len(row['fixed'])} / {len(row['broke'])}",
            str(row["examples"]),
        ]
        for split, row in found["splits"].items()
    ]
    return _table(["split", "score", "difference", "95 % interval", "p-value", "fixed / broke", "examples"], rows)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"

    return [line(columns), "|" + " --- |" * len(columns), *map(line, rows)]


def _listed(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - LONGEST_LIST} more" if len(ids) > LONGEST_LIST else ""
    return ", ".join(ids[:LONGEST_LIST]) + more
