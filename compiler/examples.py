"""Examples against their checks: every `accept` has to pass and every `reject` to fail, by the reference evaluator."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from verif_dsl.compiler.backends.reference import Row, evaluate
from verif_dsl.compiler.diagnostics import Diagnostic, Note
from verif_dsl.compiler.evidence import evidence
from verif_dsl.compiler.installed_data import lacking
from verif_dsl.compiler.ir import Value
from verif_dsl.compiler.program import Constraint, Example, Program, Spec, Use
from verif_dsl.compiler.texts import is_blank, too_large
from verif_dsl.compiler.values import written

TOO_LARGE = "this example is contradicted: a response over 64 KiB is unknown, whatever the check"
BLANK = "a blank response fails every constraint"
ALL_JUDGED = "a judge decides every constraint of its spec"


@dataclass(frozen=True, slots=True)
class ExampleResult:
    """One example, and the diagnostic when it is contradicted."""

    example: Example
    diagnostic: Diagnostic | None
    untried: str | None = None
    """Why it could not be tried here."""


def run_all_examples(program: Program) -> Iterator[ExampleResult]:
    """The result of each example of the constraints and the specs of a program."""
    for constraint in program.constraints.values():
        yield from run_examples(constraint)
    known = program.known() if program.specs else {}
    for spec in program.specs.values():
        yield from run_spec_examples(spec, known)


def run_examples(constraint: Constraint) -> Iterator[ExampleResult]:
    """The result of each example of a hard constraint; nothing for a judged one.

    Where data that the check needs is not installed, no example is tried.
    """
    if constraint.check is None:
        return
    reason = lacking(constraint.check)
    for example in constraint.examples:
        if reason is not None:
            yield ExampleResult(example, None, reason)
            continue
        passes = holds(constraint, example.arguments, example)
        agrees = passes == example.accepts and not too_large(example.response)
        yield ExampleResult(example, None if agrees else _contradiction(constraint, example))


def run_spec_examples(spec: Spec, known: Mapping[str, Constraint]) -> Iterator[ExampleResult]:
    """The result of each example of a spec: an `accept` passes every hard constraint of it, a `reject` fails one.

    `known` has the constraints that it uses. Judged ones are left out. No example is tried where a judge decides all of
    the spec, or where data that one of the checks needs is not installed.

    >>> from verif_dsl.compiler import Source, typed_source
    >>> text = 'constraint c { instruct "No a." check not ("a" in response) accept "b" reject "a" } '
    >>> program = typed_source(Source("<doc>", text + 'spec s { use c() accept "b" accept "a" }'))
    >>> [one.diagnostic and one.diagnostic.message for one in run_spec_examples(program.specs["s"], program.known())]
    [None, 'this `accept` is contradicted: `c` fails on it']
    """
    hard = [use for use in spec.uses if known[use.constraint].check is not None]
    reasons = (lacking(check) for use in hard if (check := known[use.constraint].check) is not None)
    reason = next((one for one in reasons if one is not None), None if hard else ALL_JUDGED)
    for example in spec.examples:
        if reason is not None:
            yield ExampleResult(example, None, reason)
            continue
        failing = [use for use in hard if not holds(known[use.constraint], use.arguments, example)]
        agrees = example.accepts != bool(failing) and not too_large(example.response)
        judged = len(hard) < len(spec.uses)
        yield ExampleResult(example, None if agrees else _spec_contradiction(example, failing, known, judged))


def holds(constraint: Constraint, arguments: Mapping[str, Value], example: Example) -> bool:
    """Whether the response of an example passes a hard constraint; a blank one never does, and too large a one not."""
    if constraint.check is None or is_blank(example.response) or too_large(example.response):
        return False
    return bool(evaluate(constraint.check, Row(example.response, arguments, example.given)))


def _contradiction(constraint: Constraint, example: Example) -> Diagnostic:
    outcome = "fails" if example.accepts else "passes"
    reason = f"the check of `{constraint.name}` {outcome} on it{_shown(example.arguments)}"
    told = _evidence(constraint, example.arguments, example)
    return _contradicted(example, reason, f"mend the check or the example: {told}")


def _evidence(constraint: Constraint, arguments: Mapping[str, Value], example: Example) -> str:
    assert constraint.check is not None
    return "; ".join(evidence(constraint.check, Row(example.response, arguments, example.given)))


def _spec_contradiction(
    example: Example, failing: Sequence[Use], known: Mapping[str, Constraint], judged: bool
) -> Diagnostic:
    mend = "mend the spec or the example"
    if not failing:
        aside = ", and what a judge decides is left out" if judged else ""
        return _contradicted(example, f"it passes every check of the spec{aside}", mend)
    first, *others = (f"`{use.name}`" for use in failing)
    names = f"{', '.join([first, *others[:-1]])} and {others[-1]} fail" if others else f"{first} fails"
    notes = [Note(_evidence(known[use.constraint], use.arguments, example), use.span) for use in failing if use.span]
    return _contradicted(example, f"{names} on it", mend, tuple(notes))


def _contradicted(example: Example, reason: str, mend: str, notes: tuple[Note, ...] = ()) -> Diagnostic:
    if too_large(example.response):
        return Diagnostic("V0401", TOO_LARGE, example.span, "write a shorter one")
    verb = "accept" if example.accepts else "reject"
    if is_blank(example.response):
        reason, mend, notes = BLANK, mend.partition(":")[0], ()
    message = f"this `{verb}` is contradicted: {reason}"
    return Diagnostic("V0401", message, example.span, mend, notes=notes)


def _shown(arguments: Mapping[str, Value]) -> str:
    shown = ", ".join(f"{name} = {written(value)}" for name, value in arguments.items())
    return f" with {shown}" if shown else ""
