"""Examples against their check: every `accept` has to pass and every `reject` to fail, by the reference evaluator."""

from collections.abc import Iterator
from dataclasses import dataclass

from verif_dsl.compiler.backends.reference import Row, evaluate
from verif_dsl.compiler.diagnostics import Diagnostic
from verif_dsl.compiler.installed_data import lacking
from verif_dsl.compiler.program import Constraint, Example
from verif_dsl.compiler.texts import is_blank, too_large
from verif_dsl.compiler.values import written

TOO_LARGE = "this example is contradicted: a response over 64 KiB is unknown, whatever the check"


@dataclass(frozen=True, slots=True)
class ExampleResult:
    """One example, and the diagnostic when the check contradicts it."""

    example: Example
    diagnostic: Diagnostic | None
    untried: str | None = None
    """Why it could not be tried here."""


def run_examples(constraint: Constraint) -> Iterator[ExampleResult]:
    """The result of each example of a hard constraint; nothing for a judged one.

    Where data that the check needs is not installed, no example is tried.
    """
    if constraint.check is None:
        return
    reason = lacking(constraint.check)
    if reason is not None:
        yield from (ExampleResult(example, None, reason) for example in constraint.examples)
        return
    for example in constraint.examples:
        row = Row(example.response, example.arguments, example.given)
        if too_large(example.response):
            yield ExampleResult(example, Diagnostic("V0401", TOO_LARGE, example.span, "write a shorter one"))
            continue
        passes = not is_blank(example.response) and bool(evaluate(constraint.check, row))
        yield ExampleResult(example, None if passes == example.accepts else _contradiction(constraint, example))


def _contradiction(constraint: Constraint, example: Example) -> Diagnostic:
    verb, outcome = ("accept", "fails") if example.accepts else ("reject", "passes")
    if is_blank(example.response):
        reason = "a blank response fails every constraint"
    else:
        shown = ", ".join(f"{name} = {written(value)}" for name, value in example.arguments.items())
        reason = f"the check of `{constraint.name}` {outcome} on it" + (f" with {shown}" if shown else "")
    return Diagnostic(
        "V0401", f"this `{verb}` is contradicted: {reason}", example.span, "mend the check or the example"
    )
