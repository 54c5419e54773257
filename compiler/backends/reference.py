"""The reference evaluator: the meaning of the language. Scalar and slow; every other back end is tested against it."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from verif_dsl.compiler.builtins import BUILTINS
from verif_dsl.compiler.ir import Argument, Call, Constant, Input, Items, Local, Node, Quantifier, Value
from verif_dsl.compiler.rewards import CLOSE, Aggregate, Gate, Group, Number, Product, Reward, Sum

Locals = Mapping[tuple[int, int], Value]


@dataclass(frozen=True, slots=True)
class Row:
    """What one check looks at: a response, the arguments of the constraint, and what came before by its key.

    Texts are prepared (see `texts`).
    """

    response: str = ""
    arguments: Mapping[str, Value] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)


def evaluate(node: Node, row: Row, variables: Locals | None = None) -> Value:
    """The value of an expression for one row.

    Never raises for a node that the compiler typed and arguments that it bound.

    >>> from verif_dsl.compiler.kinds import BOOL
    >>> evaluate(Call("in text", (Constant(",", BOOL), Input("response")), BOOL), Row("a, b"))
    True
    """
    match node:
        case Constant(value):
            return value
        case Argument(name):
            return row.arguments[name]
        case Input("response"):
            return row.response
        case Input(name):
            return row.given[name]
        case Local(depth, index):
            return (variables or {})[depth, index]
        case Call(builtin, arguments):
            result: Value = BUILTINS[builtin].reference(*(evaluate(one, row, variables) for one in arguments))
            return result
        case Items(items):
            return tuple(evaluate(item, row, variables) for item in items)
        case Quantifier():
            return _quantify(node, row, variables or {})


def kept_items(node: Quantifier, row: Row, variables: Locals) -> Iterator[tuple[Value, Locals]]:
    """The items that a quantifier looks at, those that its condition leaves out not among them, each with what the
    variables stand for at it.
    """
    items = evaluate(node.source, row, variables)
    assert isinstance(items, tuple)
    for item in items:
        parts = item if node.arity > 1 and isinstance(item, tuple) else (item,)
        inner = {**variables, **{(node.depth, index): part for index, part in enumerate(parts)}}
        if node.condition is None or evaluate(node.condition, row, inner):
            yield item, inner


def _quantify(node: Quantifier, row: Row, variables: Locals) -> Value:
    verdicts = [evaluate(node.body, row, inner) for _, inner in kept_items(node, row, variables)]
    match node.quantity:
        case "any":
            return any(verdicts)
        case "all":
            return all(verdicts)
        case "every":
            return bool(verdicts) and all(verdicts)
        case "count":
            return sum(map(bool, verdicts))


@dataclass(frozen=True, slots=True)
class Judged:
    """One verdict of a row, as rewards see it; `passes` is None when it is unknown, and `score` is there where a judge
    gave one.
    """

    name: str
    kind: str
    weight: float
    passes: bool | None
    score: float | None = None


def evaluate_reward(reward: Reward, verdicts: Sequence[Judged]) -> tuple[float, float]:
    """The lowest and the highest reward of one row; the reward is decided when they are equal.

    >>> from verif_dsl.compiler.rewards import parse_reward
    >>> hard, soft = Judged("a", "hard", 1, False), Judged("b", "soft", 1, None)
    >>> evaluate_reward(parse_reward("verif-code"), [hard, soft])
    (0.0, 0.0)
    """
    match reward:
        case Number(value):
            return value, value
        case Product(left, right):
            sides = evaluate_reward(left, verdicts), evaluate_reward(right, verdicts)
            corners = [one * other for one, other in product(*sides)]
            return min(corners), max(corners)
        case Sum(left, right):
            (low, high), (other_low, other_high) = (evaluate_reward(one, verdicts) for one in (left, right))
            return low + other_low, high + other_high
        case Gate(comparator, left, right):
            return _gate(comparator, evaluate_reward(left, verdicts), evaluate_reward(right, verdicts))
        case Aggregate(function, members, if_empty):
            weighted = [pair for member in members for pair in _weighted(member, verdicts)]
            if not weighted:
                return if_empty, if_empty
            lows, highs = ([(weight, ends[index]) for weight, ends in weighted] for index in (0, 1))
            return _sum_up(function, lows), _sum_up(function, highs)


def _gate(comparator: str, left: tuple[float, float], right: tuple[float, float]) -> tuple[float, float]:
    """Whether a comparison surely holds, and whether it can."""
    (low, high), (other_low, other_high) = left, right
    match comparator:
        case "<":
            return float(high < other_low - CLOSE), float(low < other_high - CLOSE)
        case "<=":
            return float(high <= other_low + CLOSE), float(low <= other_high + CLOSE)
    surely = max(high, other_high) - min(low, other_low) <= CLOSE
    possibly = low <= other_high + CLOSE and other_low <= high + CLOSE
    return float(surely), float(possibly)


def _weighted(member: Group | Reward, verdicts: Sequence[Judged]) -> list[tuple[float, tuple[float, float]]]:
    if not isinstance(member, Group):
        return [(1.0, evaluate_reward(member, verdicts))]
    kind = "soft" if member.name == "graded" else member.name
    return [
        (one.weight, (one.score, one.score) if member.name == "graded" and one.score is not None else _ends(one))
        for one in verdicts
        if kind in (one.kind, one.name)
    ]


def _ends(verdict: Judged) -> tuple[float, float]:
    return float(verdict.passes is True), float(verdict.passes is not False)


def _sum_up(function: str, weighted: Sequence[tuple[float, float]]) -> float:
    values = [value for _, value in weighted]
    match function:
        case "mean":
            return sum(weight * value for weight, value in weighted) / sum(weight for weight, _ in weighted)
        case "min" | "all":
            return min(values)
        case "max" | "any":
            return max(values)
    return math.prod(values)
