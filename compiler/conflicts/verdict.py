"""Whether several constraints can hold together: a contradiction with its reason, a witness, or neither."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from verif_dsl.compiler.conflicts.automata import (
    FALSE,
    TRUE,
    And,
    Budget,
    Formula,
    Linear,
    Or,
    Text,
    both,
    search,
)
from verif_dsl.compiler.conflicts.facts import bound, conjuncts, formula_of
from verif_dsl.compiler.conflicts.linear import refuted
from verif_dsl.compiler.conflicts.measures import AXIOMS, at_least
from verif_dsl.compiler.conflicts.sums import bounded
from verif_dsl.compiler.ir import Call, Node, Value
from verif_dsl.compiler.kinds import BOOL
from verif_dsl.compiler.passes.push_negation import push_negation
from verif_dsl.compiler.printed_ir import shown
from verif_dsl.compiler.program import Constraint

MOST_CASES = 48
"""Ways in which conditions with an `or` can hold that are looked at one by one."""

MOST_MEASURES = 24
MOST_BOUNDED = 6
"""Measures whose bounds are asked of the automata."""

LARGEST_ASKED = 3
LONGEST_SHOWN = 160


@dataclass(frozen=True, slots=True)
class Used:
    """A constraint with its arguments bound, and what it is called where it is used."""

    name: str
    constraint: Constraint
    arguments: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Fact:
    """A condition that a constraint sets: the name of its use, the condition with its arguments in place."""

    constraint: str
    condition: Node
    formula: Formula

    @property
    def shown(self) -> str:
        """The condition as the language writes it, cut short where it is long."""
        text = shown(self.condition)
        return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 3] + "..."

    def __str__(self) -> str:
        return f"`{self.constraint}`: {self.shown}"


@dataclass(frozen=True, slots=True)
class Refuted:
    """Why facts cannot all hold: the facts, and the axioms that it took beside them."""

    facts: tuple[Fact, ...]
    axioms: tuple[str, ...] = ()

    @property
    def constraints(self) -> tuple[str, ...]:
        """The constraints at fault, each once."""
        return tuple(dict.fromkeys(one.constraint for one in self.facts))


def facts_of(name: str, constraint: Constraint, arguments: Mapping[str, Value]) -> list[Fact]:
    """The conditions of a constraint; none of one that a judge decides."""
    if constraint.check is None:
        return []
    return [Fact(name, one, formula_of(one)) for one in conjuncts(bound(constraint.check, arguments))]


def opposite(name: str, constraint: Constraint, arguments: Mapping[str, Value]) -> Fact | None:
    """The condition that a response fails the constraint."""
    if constraint.check is None:
        return None
    failed = push_negation(Call("not", (bound(constraint.check, arguments),), BOOL))
    return Fact(name, failed, formula_of(failed))


def refute(facts: Sequence[Fact]) -> Refuted | None:
    """Why no response meets all of the facts, with as few of them as can be; None where no reason is found."""
    told = [one for one in facts if one.formula != TRUE]
    for method in (_by_sums, _by_patterns, _by_both):
        if method(told) is not None:
            for name in dict.fromkeys(one.constraint for one in told):
                without = [one for one in told if one.constraint != name]
                if method(without) is not None:
                    told = without
            for fact in tuple(told):
                without = [one for one in told if one is not fact]
                if method(without) is not None:
                    told = without
            return Refuted(tuple(told), method(told) or ())
    return None


def _by_sums(facts: Sequence[Fact]) -> tuple[str, ...] | None:
    """The axioms with which sums of measures alone refute the facts; None where they do not."""
    formulas = [one.formula for one in facts]
    if FALSE in formulas:
        return ()
    found = [_refuted_case(one) for one in _cases(formulas)]
    if any(one is None for one in found):
        return None
    return tuple(dict.fromkeys(says for one in found if one for says in one))


def _by_patterns(facts: Sequence[Fact]) -> tuple[str, ...] | None:
    return () if search(both(*(one.formula for one in facts))).empty else None


def _by_both(facts: Sequence[Fact]) -> tuple[str, ...] | None:
    formulas = [one.formula for one in facts]
    open_cases = [one for one in _cases(formulas) if _refuted_case(one) is None]
    return _refuted_together(both(*formulas), open_cases)


def _refuted_together(whole: Formula, cases: Sequence[Sequence[Linear]]) -> tuple[str, ...] | None:
    """Sums and patterns together: each is asked for bounds that the other can use."""
    if not cases or len(cases) > MOST_BOUNDED:
        return None
    used: dict[str, None] = {}
    budget = Budget()
    asked: dict[Linear, bool] = {}
    for case in cases:
        if not case:
            return None
        system = _with_axioms(case)
        if all(len(one.terms) == 1 for one, _ in system):  # what bounds one measure is said in patterns, too
            return None
        measures = dict.fromkeys(node for one, _ in system for node, _ in one.terms)
        added: list[tuple[Linear, str]] = []
        patterns: list[Formula] = []
        for measure in list(measures)[:MOST_MEASURES]:
            if at_least(measure, 1, exact=False) is None and at_least(measure, 1, exact=True) is None:
                continue
            for bound_ in (Linear(((measure, 1),), 0), Linear(((measure, 1),), 1)):
                if refuted([*(one for one, _ in system), bound_]) is None:
                    break
                patterns.append(bounded(measure, -1, -bound_.bound - 1))
            added += _bounds(whole, measure, asked, budget)
        again = [*system, *added]
        reasons = refuted([one for one, _ in again])
        if reasons is not None:
            used.update({again[place][1]: None for place in reasons if again[place][1]})
        elif not (patterns and search(both(whole, *patterns), budget).empty):
            return None
    return tuple(used)


def _bounds(whole: Formula, measure: Node, asked: dict[Linear, bool], budget: Budget) -> list[tuple[Linear, str]]:
    """Bounds of a measure that follow from what is said of the text."""
    found: list[tuple[Linear, str]] = []
    for sign in (-1, 1):
        for number in range(LARGEST_ASKED + 1):
            # At least one more than the number, or at most the number, because the opposite has no text.
            against = Linear(((measure, -sign),), number if sign < 0 else -number - 1)
            if against not in asked:
                formula = bounded(measure, -sign, against.bound)
                asked[against] = formula != TRUE and search(both(whole, formula), budget).empty
            if sign < 0 and not asked[against]:
                break
            if asked[against]:
                found.append((Linear(((measure, sign),), -number - 1 if sign < 0 else number), ""))
                if sign > 0:
                    break
    return found


def _cases(formulas: Iterable[Formula]) -> list[list[Linear]]:
    """The ways in which all formulas can hold, each as the sums that it takes; an `or` too many is left out."""
    cases: list[list[Linear]] = [[]]
    for formula in sorted(formulas, key=lambda one: isinstance(one, Or)):
        own = _ways(formula)
        if own is not None and len(own) * len(cases) <= MOST_CASES:
            cases = [[*case, *way] for case in cases for way in own]
    return cases


def _ways(formula: Formula) -> list[list[Linear]] | None:
    match formula:
        case Linear():
            return [[formula]]
        case Text():
            return [[]]
        case And(parts):
            found = [one for part in parts if (one := _ways(part)) is not None]
            size = 1
            for one in found:
                size *= len(one)
            if size > MOST_CASES:
                return None
            return [[one for way in ways for one in way] for ways in product(*found)]
        case Or(parts):
            several = [_ways(part) for part in parts]
            if any(one is None for one in several):
                return None
            ways = [way for one in several if one for way in one]
            return [[]] if [] in ways else ways


def _refuted_case(case: Sequence[Linear]) -> tuple[str, ...] | None:
    if not case:
        return None
    system = _with_axioms(case)
    reasons = refuted([one for one, _ in system])
    if reasons is None:
        return None
    return tuple(dict.fromkeys(system[place][1] for place in sorted(reasons) if system[place][1]))


def _with_axioms(case: Sequence[Linear]) -> list[tuple[Linear, str]]:
    """The sums with the axioms about their measures, each with its sentence."""
    system: dict[Linear, str] = dict.fromkeys(case, "")
    done: set[Node] = set()
    for _ in range(4):
        measures = dict.fromkeys(node for one in system for node, _ in one.terms)
        if len(measures) > MOST_MEASURES or set(measures) == done:
            break
        done = set(measures)
        for axiom in AXIOMS:
            for measure in measures:
                for one in axiom.of(measure, tuple(measures)):
                    system.setdefault(one, axiom.says)
    return list(system.items())


def shortest(facts: Sequence[Fact], *more: Formula) -> str | None:
    """A short text that meets the facts as far as patterns tell, to begin a search for a witness with."""
    return search(both(*(one.formula for one in facts), *more)).text
