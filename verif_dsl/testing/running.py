"""Laws tried on the constraints and specs of files, and the strength of examples: what came of each."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from fractions import Fraction
from functools import partial
from time import perf_counter

from verif_dsl.compiler import check_source
from verif_dsl.compiler.diagnostics import SourceError, VerifError, suggestion
from verif_dsl.compiler.installed_data import lacking
from verif_dsl.compiler.program import Constraint, Program, Spec
from verif_dsl.compiler.source import Source
from verif_dsl.compiler.specs import build
from verif_dsl.testing.laws import LAWS, Finding, Law, NotTried, look
from verif_dsl.testing.spec_laws import SPEC_LAWS
from verif_dsl.testing.strength import Strength, percent, strengths
from verif_dsl.testing.subjects import Subject

STRENGTH = "strength"
"""What outcomes call the demand that examples notice enough mistakes, which stands beside the laws."""


@dataclass(frozen=True, slots=True)
class Skip:
    """An off switch: a law that is not tried, on all constraints or those whose names fit, and why."""

    law: str
    constraint: str
    reason: str


@dataclass(frozen=True, slots=True)
class Settings:
    """What to try on constraints, and how hard."""

    laws: tuple[Law, ...] = LAWS
    cases: int = 20
    """About how many responses each law sees."""
    real: tuple[str, ...] = ()
    """Real responses to other prompts."""
    skips: tuple[Skip, ...] = ()
    strength: bool = False
    """Whether the examples are tried on mistakes that are put into the checks."""
    least: Fraction | None = None
    """The share of these that they have to notice."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one law on one constraint, or on a spec."""

    constraint: str
    law: str
    status: str
    """`passed`, `failed`, or `not tried`."""
    finding: Finding | None = None
    reason: str | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class FileResult:
    """What came of one file."""

    name: str
    outcomes: tuple[Outcome, ...] = ()
    strengths: tuple[Strength, ...] = ()
    problem: str | None = None
    """Why there is nothing to try in it: what `vif check` says of it."""


DEFAULTS = Settings()


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


def program_of(source: Source) -> Program:
    """The program of a source. An example that its check contradicts is for a law to find, and no error here.

    Raises `SourceError`, with all that `vif check` says, where it does not compile.
    """
    with suppress(SourceError):
        program, diagnostics = build(source)
        if not any(one.severity == "error" for one in diagnostics):
            return program
    raise SourceError(source, check_source(source)[1].diagnostics)


def subjects_of(program: Program, cases: int, real: Sequence[str] = ()) -> Iterator[Subject]:
    """The constraints of a program."""
    for name, constraint in program.constraints.items():
        yield Subject(name, constraint, cases, tuple(real))


def try_source(source: Source, settings: Settings = DEFAULTS, only: str | None = None) -> FileResult:
    """What comes of a source, or of one constraint or spec of it.

    Raises `VerifError` where it does not compile, or has nothing of that name.
    """
    program = program_of(source)
    names = (*program.constraints, *program.specs)
    if only is not None and only not in names:
        hint = suggestion(only, names)
        raise VerifError(f"{source.name} has no constraint and no spec `{only}`" + (f" ({hint})" if hint else ""))
    subjects = [one for one in subjects_of(program, settings.cases, settings.real) if only in (None, one.name)]
    outcomes = [try_law(law, one, settings.skips) for one in subjects for law in settings.laws]
    specs = [spec for name, spec in program.specs.items() if only in (None, name)]
    known = program.known() if specs else {}
    spec_laws = [law.name for law in settings.laws if law.name in SPEC_LAWS]
    outcomes += [try_spec_law(law, spec, known, settings.skips) for spec in specs for law in spec_laws]
    measured = [*_timed_strengths(program, only)] if settings.strength else []
    if settings.least is not None:
        outcomes += [_enough(one, settings.least, seconds) for one, seconds in measured]
    return FileResult(source.name, tuple(outcomes), tuple(one for one, _ in measured))


def _timed_strengths(program: Program, only: str | None) -> Iterator[tuple[Strength, float]]:
    """How strong the examples of each constraint are, or of one, and the seconds that this took."""
    start = perf_counter()
    for one in strengths(program, only=only):
        yield one, perf_counter() - start
        start = perf_counter()


def _enough(strength: Strength, least: Fraction, seconds: float) -> Outcome:
    """Whether the examples of a constraint notice enough."""
    if strength.left_out is not None:
        return Outcome(strength.constraint, STRENGTH, "not tried", reason=strength.left_out)
    if strength.score >= least:
        return Outcome(strength.constraint, STRENGTH, "passed", seconds=seconds)
    noticed = f"its examples notice {percent(strength.score)} of the mistakes put into its check"
    finding = Finding(f"{noticed}, and {percent(least)} are asked for")
    return Outcome(strength.constraint, STRENGTH, "failed", finding=finding, seconds=seconds)


def try_law(law: Law, subject: Subject, skips: Sequence[Skip] = ()) -> Outcome:
    """What comes of one law on one constraint."""
    check = subject.constraint.check
    reason = "a judge decides it" if check is None else lacking(check)
    if reason is not None:
        return _outcome(subject.name, law.name, partial(NotTried, reason), skips)
    return _outcome(subject.name, law.name, partial(look, law, subject), skips)


def try_spec_law(law: str, spec: Spec, known: Mapping[str, Constraint], skips: Sequence[Skip] = ()) -> Outcome:
    """What comes of one of the laws of specs on a spec; `known` has the constraints that it uses."""
    return _outcome(spec.name, law, partial(SPEC_LAWS[law], spec, known), skips)


def _outcome(
    name: str, law: str, look_for_break: Callable[[], Finding | NotTried | None], skips: Sequence[Skip]
) -> Outcome:
    for one in skips:
        if one.law == law and fnmatchcase(name, one.constraint):
            return Outcome(name, law, "not tried", reason=f"switched off: {one.reason}")
    start = perf_counter()
    found = look_for_break()
    seconds = perf_counter() - start
    match found:
        case Finding():
            return Outcome(name, law, "failed", finding=found, seconds=seconds)
        case NotTried(reason):
            return Outcome(name, law, "not tried", reason=reason, seconds=seconds)
    return Outcome(name, law, "passed", seconds=seconds)
