"""Sums of measures that cannot all be kept: Fourier-Motzkin elimination over whole numbers, with its reasons.

z3 would decide the same systems; they have a handful of variables here, and it is a binary of tens of megabytes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import gcd

from verif_dsl.compiler.conflicts.automata import Linear
from verif_dsl.compiler.ir import Node

MOST_ROWS = 1_500
"""Rows that an elimination may come to before it is given up."""


@dataclass(frozen=True, slots=True)
class Row:
    """The sum of `factors` times variables is at most `bound`, because of the inequalities `why`."""

    factors: tuple[tuple[int, int], ...]
    bound: int
    why: frozenset[int]


def refuted(system: Sequence[Linear]) -> frozenset[int] | None:
    """The places of inequalities that cannot hold together, or None where none are found.

    >>> from verif_dsl.compiler.ir import Input
    >>> x = Input("x")
    >>> sorted(refuted([Linear(((x, 1),), 9), Linear(((x, 1),), 5), Linear(((x, -1),), -6)]))
    [1, 2]
    >>> refuted([Linear(((x, 1),), 5), Linear(((x, -1),), -5)])
    """
    numbers: dict[Node, int] = {}
    for one in system:
        for node, _ in one.terms:
            numbers.setdefault(node, len(numbers))
    rows: dict[tuple[tuple[int, int], ...], Row] = {}
    for place, one in enumerate(system):
        factors: dict[int, int] = {}
        for node, factor in one.terms:
            factors[numbers[node]] = factors.get(numbers[node], 0) + factor
        if found := _add(rows, factors, one.bound, frozenset([place])):
            return found
    left = set(numbers.values())
    while left:
        signs = {one: _signs(rows, one) for one in left}
        chosen = min(left, key=lambda one: signs[one][0] * signs[one][1] - sum(signs[one]))
        left.remove(chosen)
        uppers = [row for row in rows.values() if dict(row.factors).get(chosen, 0) > 0]
        lowers = [row for row in rows.values() if dict(row.factors).get(chosen, 0) < 0]
        rows = {key: row for key, row in rows.items() if not dict(row.factors).get(chosen, 0)}
        for upper in uppers:
            for lower in lowers:
                found = _combined(rows, upper, lower, chosen)
                if found:
                    return found
                if len(rows) > MOST_ROWS:
                    return None
    return None


def _signs(rows: Mapping[tuple[tuple[int, int], ...], Row], variable: int) -> tuple[int, int]:
    factors = [dict(row.factors).get(variable, 0) for row in rows.values()]
    return sum(one > 0 for one in factors), sum(one < 0 for one in factors)


def _combined(
    rows: dict[tuple[tuple[int, int], ...], Row], upper: Row, lower: Row, variable: int
) -> frozenset[int] | None:
    above, under = dict(upper.factors), dict(lower.factors)
    one, other = -under[variable], above[variable]
    factors = {
        name: one * above.get(name, 0) + other * under.get(name, 0) for name in {*above, *under} if name != variable
    }
    return _add(rows, factors, one * upper.bound + other * lower.bound, upper.why | lower.why)


def _add(
    rows: dict[tuple[tuple[int, int], ...], Row], factors: Mapping[int, int], bound: int, why: frozenset[int]
) -> frozenset[int] | None:
    """Adds a row, unless one says as much; the reasons where it can never hold."""
    kept = {name: factor for name, factor in factors.items() if factor}
    if not kept:
        return why if bound < 0 else None
    divisor = gcd(*kept.values())
    key = tuple(sorted((name, factor // divisor) for name, factor in kept.items()))
    row = Row(key, bound // divisor, why)  # measures are whole numbers, and so is their sum
    if key not in rows or (row.bound, len(why)) < (rows[key].bound, len(rows[key].why)):
        rows[key] = row
    return None
