"""How strong a constraint's examples are: which mistakes in its check they would not notice, and what would.

>>> from verif_dsl.compiler import Source, compile_source
>>> text = 'constraint c { instruct "Two words." check len(words(response)) == 2 accept "a b" reject "a" }'
>>> strength, = strengths(compile_source(Source("<text>", text)))
>>> print(strength.survivors[0].mutant.description)
`>=` instead of `==` in `len(words(response)) == 2`
>>> print(strength.survivors[0].line)
reject "a a b"
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from random import Random

from verif_dsl.compiler import syntax
from verif_dsl.compiler.backends.reference import Row, evaluate
from verif_dsl.compiler.binding import BindError, bind, draw
from verif_dsl.compiler.domains import interval_of_domain
from verif_dsl.compiler.installed_data import lacking
from verif_dsl.compiler.intervals import Interval
from verif_dsl.compiler.ir import Node, Value
from verif_dsl.compiler.kinds import INT
from verif_dsl.compiler.parser import parse
from verif_dsl.compiler.program import Constraint, Example, Program
from verif_dsl.compiler.source import Span
from verif_dsl.compiler.texts import is_blank, prepare, too_large
from verif_dsl.compiler.values import quoted, written
from verif_dsl.testing.edits import GENERIC, edits
from verif_dsl.testing.mutations import Mutant, mutants
from verif_dsl.testing.oddness import Oddness

TRIES = 600
"""Responses, each with arguments, that are tried on what the examples do not tell apart."""

DRAWS = 3
"""Arguments that are drawn, besides those of the examples and those next to them."""

LONGEST_TRIED = 2_000
"""Characters that a tried response has at most: nobody pastes a longer one."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A response to try, with its arguments, after what came before in an example."""

    row: Row
    base: Example
    steps: int = 1
    """How many changes lie between it and an example: 1, or more."""


@dataclass(frozen=True, slots=True)
class Survivor:
    """A mutant that every example holds for, and an example that does not: its line, ready to paste."""

    mutant: Mutant
    trial: Trial
    line: str


@dataclass(frozen=True, slots=True)
class Strength:
    """What the examples of one constraint notice."""

    constraint: str
    left_out: str | None = None
    """Why there is nothing to say about it."""
    killed: tuple[Mutant, ...] = ()
    survivors: tuple[Survivor, ...] = ()
    not_told_apart: tuple[Mutant, ...] = ()
    """Those that hold for every example, and gave the verdict of the check on all that was tried."""
    tries: int = 0
    """How many responses were tried, each with arguments."""
    argument_sets: int = 0
    """How many different arguments these had."""

    @property
    def mutants(self) -> int:
        return self.noticeable + len(self.not_told_apart)

    @property
    def score(self) -> Fraction:
        """The share of the mutants that examples can notice which these do notice: 1 when there is none."""
        return Fraction(len(self.killed), self.noticeable) if self.noticeable else Fraction(1)

    @property
    def noticeable(self) -> int:
        """How many of the mutants some response tells from the check."""
        return len(self.killed) + len(self.survivors)

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines that would make the examples notice every survivor, without repetition."""
        return tuple(dict.fromkeys(one.line for one in self.survivors))


def percent(share: Fraction) -> str:
    """A share as people read it, rounded down, so that 100 % is all.

    >>> percent(Fraction(199, 200))
    '99 %'
    """
    return f"{int(share * 100)} %"


def strengths(program: Program, tries: int = TRIES, only: str | None = None) -> Iterator[Strength]:
    """How strong the examples of each constraint of a file are, or of one of them."""
    trees = {one.span: one for one in syntax.walk(parse(program.source)) if isinstance(one, syntax.Example)}
    for name, constraint in program.constraints.items():
        if only in (None, name):
            yield strength_of(constraint, trees, tries)


def strength_of(constraint: Constraint, trees: Mapping[Span, syntax.Example], tries: int = TRIES) -> Strength:
    """How strong the examples of a constraint are; `trees` has the syntax of its examples by their places."""
    check = constraint.check
    if check is None:
        return Strength(constraint.name, "it is judged, and has no check to mutate")
    reason = lacking(check)
    if reason is not None:
        return Strength(constraint.name, reason)
    # An example that its check contradicts says nothing about mistakes: it is one.
    agreeing = tuple(one for one in constraint.examples if holds(check, _row(one)) == one.accepts)
    constraint = replace(constraint, examples=agreeing)
    killed: list[Mutant] = []
    left: list[Mutant] = []
    for one in mutants(check, {one.name: one.domain.kind for one in constraint.parameters}, _ranges(constraint)):
        (killed if kills(constraint, one.check) else left).append(one)
    if not left:
        return Strength(constraint.name, killed=tuple(killed))
    tried = [(trial, holds(check, trial.row)) for trial in trials(constraint, tries)]
    survivors, same = _tell_apart(left, tried, constraint, trees)
    sets = len({_key(trial.row.arguments) for trial, _ in tried})
    return Strength(constraint.name, None, tuple(killed), survivors, same, len(tried), sets)


def kills(constraint: Constraint, mutant: Node) -> bool:
    """Whether an example of the constraint contradicts a mutant of its check."""
    return any(holds(mutant, _row(one)) != one.accepts for one in constraint.examples)


def holds(check: Node, row: Row) -> bool:
    """Whether a response passes, as the language has it: a blank one never does."""
    return not is_blank(row.response) and bool(evaluate(check, row))


def _row(example: Example) -> Row:
    return Row(example.response, example.arguments, example.given)


# ------------------------------------------------------------------------------------------------ what tells them apart


def _tell_apart(
    left: list[Mutant],
    tried: list[tuple[Trial, bool]],
    constraint: Constraint,
    trees: Mapping[Span, syntax.Example],
) -> tuple[tuple[Survivor, ...], tuple[Mutant, ...]]:
    """The mutants with a trial that tells each from the check, as few trials as will do; and those with none."""
    telling: list[tuple[Trial, bool]] = []
    survivors, same = [], []
    for mutant in left:
        chosen = next((one for one in (*telling, *tried) if holds(mutant.check, one[0].row) != one[1]), None)
        if chosen is None:
            same.append(mutant)
            continue
        if chosen not in telling:
            telling.append(chosen)
        trial, passes = chosen
        survivors.append(Survivor(mutant, trial, line(constraint, trial, passes, trees.get(trial.base.span))))
    return tuple(survivors), tuple(same)


def line(constraint: Constraint, trial: Trial, accepts: bool, tree: syntax.Example | None) -> str:
    """The example as the language writes it; `tree` is the one it was made from."""
    binds = [
        f"{one.name} = {written(trial.row.arguments[one.name])}"
        for one in constraint.parameters
        if trial.row.arguments[one.name] != one.default
    ]
    columns = [one for one in constraint.givens if one.role is None and one.key in trial.row.given]
    binds += [f"{one.name} = {written(trial.row.given[one.key])}" for one in columns]
    turns = [f"{turn.role} {quoted(turn.text.value)}" for turn in tree.after] if tree else []
    parts = [f"{'accept' if accepts else 'reject'} {quoted(trial.row.response)}"]
    parts += [f"with {', '.join(binds)}"] if binds else []
    parts += [f"after {' '.join(turns)}"] if turns else []
    return " ".join(parts)


# ------------------------------------------------------------------------------------------------------ what is tried


def trials(constraint: Constraint, most: int) -> list[Trial]:
    """What to try, the plainest first: texts near the examples and some others, with their arguments and near ones."""
    found: dict[object, Trial] = {}
    near = _near(constraint)
    limit = most * 3 // 4  # the rest is for changes of changes
    for trial in _round_robin([_first_step(constraint, example, near) for example in constraint.examples]):
        _add(found, trial)
        if len(found) >= limit:
            break
    random, first = Random(constraint.name), list(found.values())
    for _ in range(most):
        if len(found) >= most or not first:
            break
        trial = random.choice(first)
        again = list(edits(trial.row.response, _texts(trial.row)))
        if again:
            row = Row(random.choice(again), trial.row.arguments, trial.row.given)
            _add(found, Trial(row, trial.base, trial.steps + 1))
    own = [_key(one.arguments) for one in constraint.examples]
    plain = ((one.response, *_texts(_row(one)), *one.given.values()) for one in constraint.examples)
    oddness = Oddness(text for texts in plain for text in texts)

    def strangeness(trial: Trial) -> tuple[bool, int, int, int]:
        response = trial.row.response
        return _key(trial.row.arguments) not in own, oddness(response), trial.steps, len(response)

    return sorted(found.values(), key=strangeness)


def _add(found: dict[object, Trial], trial: Trial) -> None:
    response = prepare(trial.row.response)
    if is_blank(response) or too_large(response) or len(response) > LONGEST_TRIED:
        return
    row = Row(response, trial.row.arguments, trial.row.given)
    key = (response, _key(row.arguments), tuple(sorted(row.given.items())))
    found.setdefault(key, Trial(row, trial.base, trial.steps))


def _first_step(constraint: Constraint, example: Example, near: list[dict[str, Value]]) -> Iterator[Trial]:
    """What to try around one example."""
    for other in constraint.examples:  # its arguments with the responses of the others, and the other way round
        yield Trial(Row(other.response, example.arguments, example.given), example)
        yield Trial(Row(example.response, other.arguments, example.given), example)
    inserted = [*_texts(Row("", example.arguments)), *_words_of(example.given)]
    nearby = iter(near)
    generic = iter(GENERIC)
    for text in edits(example.response, inserted):
        yield Trial(Row(text, example.arguments, example.given), example)
        if (one := next(nearby, None)) is not None:
            yield Trial(Row(example.response, one, example.given), example)
        if (other_text := next(generic, None)) is not None:
            yield Trial(Row(other_text, example.arguments, example.given), example, 2)


def _round_robin(sources: list[Iterator[Trial]]) -> Iterator[Trial]:
    while sources:
        left = []
        for source in sources:
            trial = next(source, None)
            if trial is not None:
                yield trial
                left.append(source)
        sources = left


def _near(constraint: Constraint) -> list[dict[str, Value]]:
    """Legal arguments next to those of the examples, with numbers one more or less and other items, and drawn ones."""
    found: dict[object, dict[str, Value]] = {}
    for example in constraint.examples:
        for name, value in example.arguments.items():
            for other in _neighbours(value):
                try:
                    bound = bind(constraint, {**example.arguments, name: other})
                except BindError:
                    continue
                found.setdefault(_key(bound), bound)
    random = Random(constraint.name)
    for _ in range(DRAWS if constraint.parameters else 0):
        try:
            drawn = draw(constraint, random)
        except BindError:
            break
        found.setdefault(_key(drawn), drawn)
    return list(found.values())


def _neighbours(value: Value) -> tuple[Value, ...]:
    match value:
        case bool():
            return (not value,)
        case int():
            return (value + 1, value - 1)
        case Fraction():
            return (value + Fraction(1, 10), value - Fraction(1, 10))
        case tuple() if value:
            return (value[:-1], value[1:], (*value, value[0]))
        case str():
            return (value.upper(), value.lower())
    return ()


def _texts(row: Row) -> list[str]:
    """The texts among the arguments of a row, whole or as items of a list."""
    found: list[str] = []
    for value in row.arguments.values():
        found += [one for one in (value if isinstance(value, tuple) else (value,)) if isinstance(one, str)]
    return found[:6]


def _words_of(given: Mapping[str, str]) -> list[str]:
    """Something of what came before: each text, and its first and last word."""
    return [part for text in given.values() for part in (text, *text.split()[:1], *text.split()[-1:])]


def _ranges(constraint: Constraint) -> dict[str, Interval]:
    ranges: dict[str, Interval] = {}
    for one in constraint.parameters:
        if one.domain.kind == INT:
            ranges[one.name] = interval_of_domain(one.domain, ranges)
    return ranges


def _key(arguments: Mapping[str, Value]) -> tuple[tuple[str, str], ...]:
    return tuple((name, written(value)) for name, value in arguments.items())
