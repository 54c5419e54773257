"""Reward expressions: how the verdicts of a row become one number, as values.

`backends.reference` says what a reward means for one row; `backends.rewards` computes it over columns. An unknown
verdict counts as the interval [0, 1] (Moore, "Interval Analysis", 1966), and the reward is decided only where both ends
meet. So `0 * unknown` is 0, and a judge that failed is never taken for a no.
"""

from dataclasses import dataclass
from functools import lru_cache, reduce
from itertools import pairwise
from typing import Literal

from verif_dsl.compiler import syntax
from verif_dsl.compiler.diagnostics import Diagnostic, SourceError, VerifError, nearest, suggestion
from verif_dsl.compiler.parser import parse_within

Aggregation = Literal["mean", "min", "max", "all", "any", "product"]

GROUPS = ("hard", "soft", "graded")
"""The groups that every row has, be they empty; a constraint of a row cannot be called so."""


@dataclass(frozen=True, slots=True)
class Number:
    """A fixed value."""

    value: float


@dataclass(frozen=True, slots=True)
class Group:
    """The verdicts of all `hard` constraints of the row, of all `soft` ones, or of the one with that name; or, as
    `graded`, the soft ones by the scores that their judge gave them, from 0 to 1.
    """

    name: str


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A weighted `mean`, or `min`, `max`, `all`, `any`, `product` of groups and other rewards.

    `if_empty` is the value for a row where there is nothing to sum up.
    """

    function: Aggregation
    members: tuple["Group | Reward", ...]
    if_empty: float


@dataclass(frozen=True, slots=True)
class Product:
    """`left * right`."""

    left: "Reward"
    right: "Reward"


@dataclass(frozen=True, slots=True)
class Sum:
    """`left + right`, and `left - right` with the right side times -1."""

    left: "Reward"
    right: "Reward"


@dataclass(frozen=True, slots=True)
class Gate:
    """1 where a comparison of two rewards holds, else 0: `mean(hard, if_empty=1) >= 0.5`."""

    comparator: Literal["<", "<=", "=="]
    left: "Reward"
    right: "Reward"


Reward = Number | Aggregate | Product | Sum | Gate

CLOSE = 1e-9
"""Rewards this close count as equal in a `Gate`: 0.1 + 0.2 is 0.3, whatever binary fractions make of it."""

PRESETS = {
    "verif-paper": "mean(all(hard), all(soft))",
    "verif-code": "mean(hard, if_empty=1) * all(soft)",
}
"""VerIF (arXiv 2506.09942): section 4.1 averages two all-or-nothing terms; the released code multiplies the mean of the
hard checks with the judge's one verdict (`constraint_analyzer.py`). A side without constraints counts as satisfied."""

DEFAULT = PRESETS["verif-code"]
EMPTY: dict[str, float | None] = {"mean": None, "min": None, "max": None, "all": 1.0, "any": 0.0, "product": 1.0}
"""Each aggregation with its value over nothing; None where there is no natural one and `if_empty` has to say it."""


class RewardError(ValueError):
    """A reward expression that does not hold together, as a diagnostic."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


@lru_cache(maxsize=256)  # a trainer asks for the same at every step
def parse_reward(text: str) -> Reward:
    """The reward for an expression, or for the name of a preset.

    Raises `VerifError` when it is neither.

    >>> parse_reward("verif-code") == parse_reward("mean(hard, if_empty=1) * all(soft)")
    True
    """
    if text not in PRESETS and " " not in text and (close := nearest(text, PRESETS)):
        raise VerifError(f"there is no reward preset `{text}` (did you mean `{close}`?)")
    try:
        match parse_within("<reward>", "spec any_row { reward ", PRESETS.get(text, text))[1].items:
            case (syntax.Spec(clauses=(syntax.Reward(expression),)),):
                return build_reward(expression)
        raise VerifError(f"the reward `{text}` cannot be read: it is not one expression")
    except RewardError as error:
        problem = error.diagnostic
    except SourceError as error:
        problem = error.diagnostics[0]
    hint = f" ({problem.hint})" if problem.hint else ""
    raise VerifError(f"the reward `{text}` cannot be read: {problem.message}{hint}")


def build_reward(tree: syntax.Expression) -> Reward:
    """A reward from its syntax tree. Raises `RewardError`."""
    match tree:
        case syntax.Number(text):
            return Number(float(text))
        case syntax.Text(value) if value in PRESETS:
            return parse_reward(value)
        case syntax.Text(value):
            raise _error("V0201", f"there is no reward preset `{value}`", tree, suggestion(value, PRESETS))
        case syntax.Binary("*", left, right):
            return Product(build_reward(left), build_reward(right))
        case syntax.Binary("+", left, right):
            return Sum(build_reward(left), build_reward(right))
        case syntax.Binary("-", left, right):
            return Sum(build_reward(left), _negative(build_reward(right)))
        case syntax.Unary("-", operand):
            return _negative(build_reward(operand))
        case syntax.Binary("and" | "or" as operator, left, right):
            conditions = (_condition(left, operator), _condition(right, operator))
            return Aggregate("all" if operator == "and" else "any", conditions, 0.0)
        case syntax.Unary("not", operand):
            return Sum(Number(1.0), _negative(_condition(operand, "not")))
        case syntax.Comparison(operands, comparators):
            return _gates(tree, [build_reward(operand) for operand in operands], comparators)
        case syntax.Name(name, _, None) if name in GROUPS:
            raise _error(
                "V0203", f"`{name}` is a group of verdicts, not a number", tree, f"write mean({name}, if_empty=1)"
            )
        case syntax.Name(name, _, None):
            return Aggregate("all", (Group(name),), 1.0)
        case syntax.Call(function, arguments):
            if function.module is None and function.name in EMPTY:
                return _aggregate(tree, function.name, arguments)
            raise _error("V0201", f"rewards have no `{function}`", function, suggestion(function.name, EMPTY))
    hint = "a reward is made of mean, min, max, any, all, product, operators and numbers"
    raise _error("V0203", "this is no part of a reward", tree, hint)


def _negative(reward: Reward) -> Reward:
    return Product(Number(-1.0), reward)


def _condition(tree: syntax.Expression, operator: str) -> Reward:
    """A reward that is 0 or 1, which `and`, `or` and `not` join."""
    reward = build_reward(tree)
    if not _is_condition(tree):
        message = f"`{operator}` joins conditions, and this is a number"
        raise _error("V0203", message, tree, "compare it: mean(...) >= 0.5")
    return reward


def _is_condition(tree: syntax.Expression) -> bool:
    match tree:
        case syntax.Name("graded", _, None):
            return False
        case syntax.Comparison() | syntax.Name() | syntax.Unary("not") | syntax.Binary("and" | "or"):
            return True
        case syntax.Call(function, arguments):
            return function.name in ("all", "any") and all(
                _is_condition(one.value) for one in arguments if one.name is None
            )
    return False


def _gates(tree: syntax.Expression, sides: list[Reward], comparators: tuple[syntax.Comparator, ...]) -> Reward:
    """A chain of comparisons: 1 where every link holds."""
    links: list[Reward] = []
    for comparator, (left, right) in zip(comparators, pairwise(sides), strict=True):
        match comparator:
            case "<" | "<=" | "==":
                links.append(Gate(comparator, left, right))
            case ">" | ">=":
                links.append(Gate("<" if comparator == ">" else "<=", right, left))
            case "!=":
                links.append(Sum(Number(1.0), _negative(Gate("==", left, right))))
            case _:
                raise _error("V0203", "`in` looks into a text or a list, and a reward has neither", tree, None)
    return links[0] if len(links) == 1 else Aggregate("all", tuple(links), 1.0)


def _aggregate(call: syntax.Call, function: str, arguments: tuple[syntax.Argument, ...]) -> Reward:
    if_empty = EMPTY[function]
    members: list[Group | Reward] = []
    for argument in arguments:
        match argument:
            case syntax.Argument("if_empty", syntax.Number(text)):
                if_empty = float(text)
            case syntax.Argument(None, syntax.Name(name, _, None)):
                members.append(Group(name))
            case syntax.Argument(None, value):
                members.append(build_reward(value))
            case syntax.Argument(name, value):
                raise _error(
                    "V0202", f"`{function}` has no argument `{name}`", argument, "its only named one is `if_empty=1`"
                )
    if not members:
        otherwise = "" if EMPTY[function] is not None else ", if_empty=1"
        raise _error("V0202", f"`{function}` of nothing", call, f"write {function}(hard{otherwise})")
    if if_empty is None and any(isinstance(member, Group) for member in members):
        message = f"`{function}` has no value for a row without such constraints"
        raise _error("V0202", message, call, f"say it: {function}(..., if_empty=1)")
    if function == "product" and (numbers := [member for member in members if not isinstance(member, Group)]):
        # Numbers can be negative, and then the ends of an interval change sides: `Product` minds that.
        verdicts = tuple(member for member in members if isinstance(member, Group))
        return reduce(Product, [*numbers, Aggregate("product", verdicts, 1.0)] if verdicts else numbers)
    return Aggregate(function, tuple(members), 0.0 if if_empty is None else if_empty)  # type: ignore[arg-type]


def _error(code: str, message: str, node: syntax.Expression | syntax.Argument, hint: str | None) -> RewardError:
    return RewardError(Diagnostic(code, message, node.span, hint))


def groups(reward: Reward) -> set[str]:
    """The names of every group that a reward reads.

    >>> sorted(groups(parse_reward("verif-paper")))
    ['hard', 'soft']
    """
    match reward:
        case Number():
            return set()
        case Product(left, right) | Sum(left, right) | Gate(_, left, right):
            return groups(left) | groups(right)
        case Aggregate(_, members, _):
            names = (groups(one) if not isinstance(one, Group) else {one.name} for one in members)
            return set().union(*names)
