"""Laws run over files: what came of each, as plain text for people and as JUnit XML for build servers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from time import perf_counter
from xml.etree import ElementTree

from verif_dsl.compiler import read_source
from verif_dsl.compiler.diagnostics import SourceError, VerifError, suggestion
from verif_dsl.compiler.installed_data import lacking
from verif_dsl.compiler.program import Program
from verif_dsl.compiler.specs import build
from verif_dsl.compiler.values import written
from verif_dsl.testing.laws import LAWS, Finding, Law, NotTried, look
from verif_dsl.testing.subjects import Subject

LONGEST_SHOWN = 2000


@dataclass(frozen=True, slots=True)
class Skip:
    """An off switch: a law that is not tried, on all constraints or those whose names fit, and why."""

    law: str
    constraint: str
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one law on one constraint."""

    file: str
    constraint: str
    law: str
    status: str
    """`passed`, `failed`, or `not tried`."""
    finding: Finding | None = None
    reason: str | None = None
    seconds: float = 0.0

    def to_dict(self) -> dict[str, object]:
        """For JSON; arguments as the language writes them."""
        found: dict[str, object] = {**asdict(self), "seconds": round(self.seconds, 3)}
        if self.finding is not None:
            told = asdict(self.finding)
            arguments = self.finding.arguments
            told["arguments"] = None if arguments is None else {name: written(one) for name, one in arguments.items()}
            found["finding"] = told
        return found


def read_skip(text: str) -> Skip:
    """An off switch as it is written, `LAW=REASON` or `LAW:CONSTRAINT=REASON`; `*` stands for anything in a name.

    >>> read_skip("degenerate-told-apart:greeting=any greeting will do")
    Skip(law='degenerate-told-apart', constraint='greeting', reason='any greeting will do')
    """
    what, _, reason = text.partition("=")
    law, _, constraint = what.strip().partition(":")
    if not reason.strip():
        raise VerifError(f"`{text}` gives no reason: write {what.strip() or 'LAW'}=why it does not apply")
    chosen_laws([law])
    return Skip(law, constraint or "*", reason.strip())


def chosen_laws(names: Sequence[str]) -> tuple[Law, ...]:
    """The laws of these names; all where there is no name."""
    known = {law.name: law for law in LAWS}
    for name in names:
        if name not in known:
            hint = suggestion(name, known) or f"there are {', '.join(known)}"
            raise VerifError(f"there is no law `{name}` ({hint})")
    return tuple(law for law in LAWS if not names or law.name in names)


def read_program(path: Path) -> Program:
    """The program of a file. An example that its check contradicts is for a law to find, and no error here."""
    source = read_source(path)
    program, diagnostics = build(source)
    errors = [one for one in diagnostics if one.severity == "error"]
    if errors:
        raise SourceError(source, errors)
    return program


def subjects_of(program: Program, cases: int, real: Sequence[str] = ()) -> Iterator[Subject]:
    """The constraints of a program."""
    for name, constraint in program.constraints.items():
        yield Subject(name, constraint, cases, tuple(real))


def try_law(file: str, law: Law, subject: Subject, skips: Sequence[Skip] = ()) -> Outcome:
    """What comes of one law on one constraint."""
    for one in skips:
        if one.law == law.name and fnmatchcase(subject.name, one.constraint):
            return Outcome(file, subject.name, law.name, "not tried", reason=f"switched off: {one.reason}")
    check = subject.constraint.check
    reason = "a judge decides it" if check is None else lacking(check)
    if reason is not None:
        return Outcome(file, subject.name, law.name, "not tried", reason=reason)
    start = perf_counter()
    found = look(law, subject)
    seconds = perf_counter() - start
    match found:
        case Finding():
            return Outcome(file, subject.name, law.name, "failed", finding=found, seconds=seconds)
        case NotTried(reason):
            return Outcome(file, subject.name, law.name, "not tried", reason=reason, seconds=seconds)
    return Outcome(file, subject.name, law.name, "passed", seconds=seconds)


def try_file(
    path: Path,
    laws: Sequence[Law] = LAWS,
    *,
    constraint: str | None = None,
    cases: int = 20,
    real: Sequence[str] = (),
    skips: Sequence[Skip] = (),
) -> Iterator[Outcome]:
    """What comes of laws on the constraints of a file, or on one of them."""
    program = read_program(path)
    if constraint is not None and constraint not in program.constraints:
        hint = suggestion(constraint, program.constraints)
        raise VerifError(f"{path} has no constraint `{constraint}`" + (f" ({hint})" if hint else ""))
    for subject in subjects_of(program, cases, real):
        if constraint in (None, subject.name):
            yield from (try_law(str(path), law, subject, skips) for law in laws)


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
    if finding.response is not None:
        text = written(finding.response)
        lines.append(f"  response:    {text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + '...'}")
    if finding.reference is not None and finding.reference == finding.columnar:
        lines.append(f"  verdict:     {finding.reference}")
    elif finding.reference is not None:
        both = f"{finding.reference} by the reference evaluator, {finding.columnar} by the columnar back end"
        lines.append(f"  verdict:     {both}")
    if finding.feedback is not None:
        lines.append(f"  feedback:    {finding.feedback}")
    return "\n".join(lines)


def _shown(arguments: Mapping[str, object]) -> str:
    return ", ".join(f"{name} = {written(value)}" for name, value in arguments.items())


def table(outcomes: Sequence[Outcome]) -> str:
    """A line for each constraint with how its laws came out.

    >>> print(table([Outcome("a.vif", "no_commas", "blank-fails", "passed")]))
    constraint  passed  failed  not tried
    no_commas        1       0          0
    """
    counts: dict[str, dict[str, int]] = {}
    several = len({one.file for one in outcomes}) > 1
    for one in outcomes:
        name = f"{one.file}::{one.constraint}" if several else one.constraint
        row = counts.setdefault(name, {"passed": 0, "failed": 0, "not tried": 0})
        row[one.status] += 1
    width = max(map(len, ("constraint", *counts)))
    lines = [f"{'constraint':{width}}  passed  failed  not tried"]
    for name, row in counts.items():
        lines.append(f"{name:{width}}  {row['passed']:6}  {row['failed']:6}  {row['not tried']:9}")
    return "\n".join(lines)


def junit(outcomes: Sequence[Outcome]) -> str:
    """The outcomes as JUnit XML, a suite for each file.

    >>> "<skipped message=" in junit([Outcome("a.vif", "no_commas", "monotone", "not tried", reason="no limit")])
    True
    """
    root = ElementTree.Element("testsuites")
    for file in dict.fromkeys(one.file for one in outcomes):
        here = [one for one in outcomes if one.file == file]
        numbers = {
            "tests": len(here),
            "failures": sum(one.status == "failed" for one in here),
            "errors": 0,
            "skipped": sum(one.status == "not tried" for one in here),
        }
        total = sum(one.seconds for one in here)
        attributes = {"name": file, **{key: str(number) for key, number in numbers.items()}, "time": f"{total:.3f}"}
        suite = ElementTree.SubElement(root, "testsuite", attributes)
        for one in here:
            named = {"classname": f"{file}::{one.constraint}", "name": one.law, "time": f"{one.seconds:.3f}"}
            case = ElementTree.SubElement(suite, "testcase", named)
            if one.finding is not None:
                failure = ElementTree.SubElement(case, "failure", {"message": one.finding.message})
                failure.text = _for_xml(described(one.finding))
            elif one.reason is not None:
                ElementTree.SubElement(case, "skipped", {"message": one.reason})
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode")


def _for_xml(text: str) -> str:
    """The text without what XML cannot hold, not even escaped."""
    return "".join(one if one in "\t\n" or (one >= " " and one not in "\ufffe\uffff") else "\ufffd" for one in text)
