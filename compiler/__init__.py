"""The compiler: text to typed program, examples run, diagnostics collected. Back ends take it from there.

>>> text = 'constraint c { instruct "No a." check not ("a" in response) accept "b" reject "a" }'
>>> program = compile_source(Source("<text>", text))
>>> list(program.constraints)
['c']
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from os import PathLike

from verif_dsl.compiler.diagnostics import Diagnostic, SourceError, VerifError
from verif_dsl.compiler.examples import run_all_examples
from verif_dsl.compiler.modules import read_source
from verif_dsl.compiler.program import Program
from verif_dsl.compiler.recovery import recover
from verif_dsl.compiler.source import Source
from verif_dsl.compiler.specs import build
from verif_dsl.compiler.versions import unversioned_changes

__all__ = ["CheckReport", "Source", "check_file", "check_source", "compile_source", "read_source", "typed_source"]


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What `vif check` found in one file."""

    source: Source
    diagnostics: tuple[Diagnostic, ...]
    constraints: int
    examples: int
    """Examples run against their check; those of judged constraints are not."""
    failed: int
    """Of these, how many the check contradicts."""
    untried: Counter[str] = field(default_factory=Counter)
    """How many examples could not be tried here, by the reason."""

    @property
    def errors(self) -> int:
        """Errors of every kind, failed examples included."""
        return sum(one.severity == "error" for one in self.diagnostics)

    def render(self) -> str:
        """Every diagnostic with its source line, one after another."""
        return "\n\n".join(one.render(self.source) for one in self.diagnostics)


def check_source(source: Source, against: Source | None = None) -> tuple[Program | None, CheckReport]:
    """The program, unless something is wrong with it, and all that was found, conflicts in its specs among it.

    `against` is an earlier text of the same file: constraints whose verdicts changed since need another version. Raises
    `VerifError` when that text does not compile.
    """
    program, report = _compiled(source, None if against is None else compile_source(against))
    if program is not None and program.specs:
        from verif_dsl.compiler.conflicts.told import conflicts_told  # what compiling does without

        # A contradicted example is no reason to keep quiet: a contradiction may be why no mending of it helps.
        found = tuple(sorted([*report.diagnostics, *conflicts_told(program)], key=lambda one: one.span))
        report = replace(report, diagnostics=found)
    return (None if report.errors else program), report


def _compiled(source: Source, old: Program | None = None) -> tuple[Program | None, CheckReport]:
    """The program, unless something beside its examples is wrong with it, and what was found on the way to it."""
    try:
        program, diagnostics = build(source)
    except SourceError as error:
        return None, _check_the_rest(source, error)
    if old is not None:
        diagnostics += tuple(unversioned_changes(old, program))
    return _check_examples(source, program, diagnostics)


def _check_examples(
    source: Source, program: Program, diagnostics: tuple[Diagnostic, ...]
) -> tuple[Program | None, CheckReport]:
    results = list(run_all_examples(program))
    wrong = tuple(result.diagnostic for result in results if result.diagnostic)
    found = tuple(sorted(diagnostics + wrong, key=lambda one: one.span))
    untried = Counter(result.untried for result in results if result.untried is not None)
    tried = len(results) - untried.total()
    report = CheckReport(source, found, len(program.constraints), tried, len(wrong), untried)
    is_sound = all(one.severity != "error" for one in diagnostics)
    return (program if is_sound else None), report


def _check_the_rest(source: Source, error: SourceError) -> CheckReport:
    """What is wrong in a text that does not parse: every such place, and what else is wrong in all the rest."""
    if error.diagnostics[0].code == "V0104":  # what is too large or too deep is not read once more
        return CheckReport(source, error.diagnostics, 0, 0, 0)
    recovered = recover(source)
    if not recovered.diagnostics:  # the text itself is well formed
        return CheckReport(source, error.diagnostics, 0, 0, 0)
    report = CheckReport(source, tuple(recovered.diagnostics), 0, 0, 0)
    if not recovered.parses:
        return report
    try:
        _, rest = _check_examples(source, *build(recovered.source))
    except VerifError:
        return report
    independent = [one for one in rest.diagnostics if not recovered.follows(one)]
    found = tuple(sorted([*report.diagnostics, *independent], key=lambda one: one.span))
    return replace(rest, diagnostics=found, failed=sum(one.code == "V0401" for one in independent))


def check_file(path: str | PathLike[str], against: str | PathLike[str] | None = None) -> CheckReport:
    """What is wrong in a .vif file, its examples included, and its versions where it is compared with an earlier file.

    Raises `VerifError` when a file cannot be read, or the earlier one does not compile.
    """
    return check_source(read_source(path), None if against is None else read_source(against))[1]


def compile_source(source: Source) -> Program:
    """The program of a source whose every example agrees with its check. Raises `SourceError` otherwise.

    Conflicts in specs are no error here: proving one takes many times as long as compiling, and the prompts of a
    benchmark have to be graded even where nobody can answer them.
    """
    program, report = _compiled(source)
    if program is None or report.errors:
        raise SourceError(source, (one for one in report.diagnostics if one.severity == "error"))
    return program


def typed_source(source: Source) -> Program:
    """The program of a source, whose examples are not run: one that is contradicted is for others to find.

    Raises `SourceError`, with every mistake, where the text does not compile.
    """
    try:
        program, diagnostics = build(source)
    except SourceError as error:
        raise SourceError(source, _check_the_rest(source, error).diagnostics) from None
    if errors := [one for one in diagnostics if one.severity == "error"]:
        raise SourceError(source, errors)
    return program
