"""What came of laws and of the strength of examples: as plain text and JSON, and as JUnit XML for build servers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from fractions import Fraction
from xml.etree import ElementTree

from verif_dsl.compiler.values import written
from verif_dsl.testing.laws import Finding
from verif_dsl.testing.running import STRENGTH, FileResult, Outcome
from verif_dsl.testing.strength import Strength, percent

LONGEST_SHOWN = 2000

STATUSES = ("passed", "failed", "not tried")
STRENGTH_COLUMNS = ("noticed", "survived", "score")


def described(finding: Finding) -> str:
    """A finding as plain text.

    >>> print(described(Finding("the two back ends differ", "a,\\nb", {"n": 1}, "pass", "fail", "Write 1 word.")))
    the two back ends differ
      instruction: Write 1 word.
      arguments:   n = 1
      response:    "a,\\nb"
      verdict:     pass by the reference evaluator, fail by the columnar back end
    """
    lines = [finding.message]
    if finding.instruction is not None:
        lines.append(f"  instruction: {finding.instruction}")
    if finding.arguments:
        lines.append(f"  arguments:   {_shown(finding.arguments)}")
    if finding.given:
        lines.append(f"  given:       {_cut(_shown(finding.given))}")
    if finding.response is not None:
        lines.append(f"  response:    {_cut(written(finding.response))}")
    if finding.reference is not None and finding.reference == finding.columnar:
        lines.append(f"  verdict:     {finding.reference}")
    elif finding.reference is not None:
        both = f"{finding.reference} by the reference evaluator, {finding.columnar} by the columnar back end"
        lines.append(f"  verdict:     {both}")
    lines += [f"  evidence:    {one}" for one in finding.evidence]
    if finding.feedback is not None:
        lines.append(f"  feedback:    {finding.feedback}")
    return "\n".join(lines)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."


def _shown(arguments: Mapping[str, object]) -> str:
    return ", ".join(f"{name} = {written(value)}" for name, value in arguments.items())


def suggested(where: str, strength: Strength) -> str:
    """The mistakes that no example notices, with the lines that would; and those that no response told apart."""
    parts: list[str] = []
    if strength.survivors:
        told = f"{where}: no example notices"
        for line in strength.lines:
            missed = "".join(f"\n  {one.mutant.description}" for one in strength.survivors if one.line == line)
            told += f"{missed}\n    {line}"
        parts.append(told)
    if strength.not_told_apart:
        tried = f"{strength.tries} responses with {strength.argument_sets} sets of arguments"
        told = "".join(f"\n  {one.description}" for one in strength.not_told_apart)
        parts.append(f"{where}: not told apart by {tried}{told}")
    return "\n\n".join(parts)


def table(results: Sequence[FileResult]) -> str:
    """A line for each constraint and spec: how its laws came out and, where measured, how strong its examples are.

    >>> print(table([FileResult("a.vif", (Outcome("no_commas", "blank-fails", "passed"),))]))
    constraint  passed  failed  not tried
    no_commas        1       0          0
    """
    several = sum(bool(one.outcomes) for one in results) > 1
    counts: dict[str, dict[str, int]] = {}
    scores: dict[str, list[str]] = {}
    for result in results:
        names = {
            one.constraint: f"{result.name}::{one.constraint}" if several else one.constraint for one in result.outcomes
        }
        for one in result.outcomes:
            counts.setdefault(names[one.constraint], dict.fromkeys(STATUSES, 0))[one.status] += 1
        for measured in result.strengths:
            scores[names[measured.constraint]] = _scores(measured)
    unscored = ["-"] * len(STRENGTH_COLUMNS) if scores else []
    columns = (*STATUSES, *(STRENGTH_COLUMNS if scores else ()))
    width = max(map(len, ("constraint", *counts)))
    lines = [_line("constraint", columns, columns, width)]
    for name, row in counts.items():
        lines.append(_line(name, [*map(str, row.values()), *scores.get(name, unscored)], columns, width))
    return "\n".join(lines)


def _scores(one: Strength) -> list[str]:
    if one.left_out is not None:
        return ["-"] * len(STRENGTH_COLUMNS)
    return [str(len(one.killed)), str(len(one.survivors)), percent(one.score)]


def _line(name: str, cells: Sequence[str], columns: Sequence[str], width: int) -> str:
    fitted = (f"{cell:>{len(column)}}" for cell, column in zip(cells, columns, strict=True))
    return f"{name:{width}}  {'  '.join(fitted)}"


def summary(results: Sequence[FileResult]) -> str:
    """What came of all of them, in one line.

    >>> passed = Outcome("no_commas", "blank-fails", "passed")
    >>> summary([FileResult("a.vif", (passed,)), FileResult("b.vif", problem="error: ...")])
    '1 tried, 0 failed, 0 not tried, 1 file with errors'
    """
    outcomes = [one for result in results for one in result.outcomes]
    counts = {status: sum(one.status == status for one in outcomes) for status in STATUSES}
    parts = [
        f"{counts['passed'] + counts['failed']} tried",
        f"{counts['failed']} failed",
        f"{counts['not tried']} not tried",
    ]
    measured = [one for result in results for one in result.strengths]
    if measured:
        killed, noticeable = sum(len(one.killed) for one in measured), sum(one.noticeable for one in measured)
        share = Fraction(killed, noticeable) if noticeable else Fraction(1)
        parts.append(f"{killed} of {noticeable} mistakes noticed ({percent(share)})")
    wrong = sum(one.problem is not None for one in results)
    if wrong:
        parts.append(f"{wrong} {'file' if wrong == 1 else 'files'} with errors")
    return ", ".join(parts)


def document(results: Sequence[FileResult]) -> dict[str, object]:
    """All of it for JSON; arguments as the language writes them."""
    outcomes = [(result.name, one) for result in results for one in result.outcomes]
    return {
        "tried": sum(one.status != "not tried" for _, one in outcomes),
        "failed": sum(one.status == "failed" for _, one in outcomes),
        "errors": [{"file": one.name, "message": one.problem} for one in results if one.problem is not None],
        "outcomes": [_outcome_document(name, one) for name, one in outcomes],
        "strengths": [_strength_document(result.name, one) for result in results for one in result.strengths],
    }


def _outcome_document(file: str, outcome: Outcome) -> dict[str, object]:
    found: dict[str, object] = {"file": file, **asdict(outcome), "seconds": round(outcome.seconds, 3)}
    if outcome.finding is not None:
        arguments = outcome.finding.arguments
        shown = None if arguments is None else {name: written(one) for name, one in arguments.items()}
        found["finding"] = {**asdict(outcome.finding), "arguments": shown}
    return found


def _strength_document(file: str, one: Strength) -> dict[str, object]:
    return {
        "file": file,
        "constraint": one.constraint,
        "left_out": one.left_out,
        "mutants": one.mutants,
        "killed": len(one.killed),
        "score": None if one.left_out else round(float(one.score), 4),
        "survivors": [{"mutant": mutant.mutant.description, "line": mutant.line} for mutant in one.survivors],
        "not_told_apart": [mutant.description for mutant in one.not_told_apart],
        "tries": one.tries,
        "argument_sets": one.argument_sets,
    }


def junit(results: Sequence[FileResult]) -> str:
    """The results as JUnit XML, a suite for each file.

    >>> skipped = Outcome("no_commas", "monotone", "not tried", reason="no limit")
    >>> "<skipped message=" in junit([FileResult("a.vif", (skipped,))])
    True
    """
    root = ElementTree.Element("testsuites")
    for result in results:
        cases = [*_cases(result)]
        numbers = {
            "tests": len(cases),
            "failures": sum(one.find("failure") is not None for one in cases),
            "errors": sum(one.find("error") is not None for one in cases),
            "skipped": sum(one.find("skipped") is not None for one in cases),
        }
        total = sum(one.seconds for one in result.outcomes)
        attributes = {
            "name": result.name,
            **{key: str(number) for key, number in numbers.items()},
            "time": f"{total:.3f}",
        }
        ElementTree.SubElement(root, "testsuite", attributes).extend(cases)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode")


def _cases(result: FileResult) -> Iterator[ElementTree.Element]:
    if result.problem is not None:
        case = ElementTree.Element("testcase", {"classname": result.name, "name": "compiles", "time": "0.000"})
        _add(case, "error", result.problem.partition("\n")[0], result.problem)
        yield case
    strengths = {one.constraint: one for one in result.strengths}
    for one in result.outcomes:
        named = {"classname": f"{result.name}::{one.constraint}", "name": one.law, "time": f"{one.seconds:.3f}"}
        case = ElementTree.Element("testcase", named)
        if one.finding is not None:
            missed = [suggested(one.constraint, strengths[one.constraint])] if one.law == STRENGTH else []
            _add(case, "failure", one.finding.message, "\n\n".join([described(one.finding), *missed]))
        elif one.reason is not None:
            _add(case, "skipped", one.reason)
        yield case


def _add(case: ElementTree.Element, kind: str, message: str, text: str | None = None) -> None:
    part = ElementTree.SubElement(case, kind, {"message": _for_xml(message)})
    part.text = None if text is None else _for_xml(text)


def _for_xml(text: str) -> str:
    """The text without what XML cannot hold, not even escaped."""
    return "".join(one if one in "\t\n" or (one >= " " and one not in "\ufffe\uffff") else "\ufffd" for one in text)
