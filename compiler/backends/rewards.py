"""Rewards over columns: a table of verdicts in, the lowest and the highest reward of each row out.

However a reward is built, the rewards of a batch are one query: a trainer asks for them at every step, and small
queries cost more to begin than to carry out. The query first sums up the verdicts of each row, group by group, and
then makes of these, row by row, what the reward says.
"""

from dataclasses import dataclass, field
from functools import reduce
from itertools import product
from operator import mul

import polars as pl

from verif_dsl.compiler.rewards import CLOSE, Aggregate, Gate, Group, Number, Product, Reward, Sum

Ends = tuple[pl.Expr, pl.Expr]
"""The lowest and the highest value of each row: unknown verdicts can still fall either way."""

ENDS = ("low", "high")

AS_IT_IS = pl.QueryOptFlags.none(cluster_with_columns=True)
"""There is nothing to optimise in so small a query, and looking takes longer than it does."""


def reward_ends(reward: Reward, table: pl.DataFrame, rows: int) -> tuple[pl.Series, pl.Series]:
    """Both ends of the reward of rows 0 to `rows` - 1.

    `table` has one line a verdict with `row`, `constraint`, `kind` ("hard" or "soft"), `weight`, `verdict` ("pass",
    "fail" or "unknown") and `score` (what a judge gave, from 0 to 1, or null).
    """
    sums = Sums()
    low, high = sums.ends(reward)
    lines = table.lazy().with_columns(
        pl.col("row").cast(pl.Int64),
        low=(pl.col("verdict") == "pass").cast(pl.Float64),
        high=(pl.col("verdict") != "fail").cast(pl.Float64),
    )
    summed = lines.select("row", **sums.lines).group_by("row").agg(**sums.rows)
    every = pl.LazyFrame({"row": pl.int_range(rows, eager=True, dtype=pl.Int64)})
    joined = every.join(summed, on="row", how="left", maintain_order="left")
    for step in sums.steps:
        joined = joined.with_columns(**step)
    found = joined.with_columns(low=low, high=high).collect(optimizations=AS_IT_IS)
    return found["low"], found["high"]


@dataclass
class Sums:
    """What a reward needs to know of the verdicts of a row.

    `lines` has a column for each quantity of a verdict, null or nothing where the verdict is not of the group, and
    `rows` the sum, smallest, largest or product of each over a row. `steps` are columns made of these, one after the
    other, for what a reward asks for more than once.
    """

    lines: dict[str, pl.Expr] = field(default_factory=dict)
    rows: dict[str, pl.Expr] = field(default_factory=dict)
    steps: list[dict[str, pl.Expr]] = field(default_factory=list)

    def ends(self, reward: Reward) -> Ends:
        """Both ends of a reward, over the columns `rows` and those of the `steps`."""
        match reward:
            case Number(value):
                return pl.lit(value, dtype=pl.Float64), pl.lit(value, dtype=pl.Float64)
            case Product(left, right):
                sides = self._once(left), self._once(right)
                corners = [one * other for one, other in product(*sides)]
                return pl.min_horizontal(corners), pl.max_horizontal(corners)
            case Sum(left, right):
                (low, high), (other_low, other_high) = self.ends(left), self.ends(right)
                return low + other_low, high + other_high
            case Gate(comparator, left, right):
                return _gate(comparator, self._once(left), self._once(right))
            case Aggregate():
                parts = [self.ends(one) for one in reward.members if not isinstance(one, Group)]
                low, high = (self._aggregate(reward, end, [ends[end] for ends in parts]) for end in range(2))
                return low, high

    def _once(self, reward: Reward) -> Ends:
        """Both ends of a part that stands in an expression more than once, as columns.

        As it is, a part would be written out again each time, and a product of ten names be a million expressions.
        """
        low, high = self.ends(reward)
        if isinstance(reward, Number):
            return low, high
        names = [f"{end} of part {len(self.steps)}" for end in ENDS]
        self.steps.append(dict(zip(names, (low, high), strict=True)))
        return pl.col(names[0]), pl.col(names[1])

    def _aggregate(self, reward: Aggregate, end: int, single: list[pl.Expr]) -> pl.Expr:
        """One end of an aggregate. A reward among its members, of which `single` has that end, counts as one verdict
        of weight 1.
        """
        groups = [one for one in reward.members if isinstance(one, Group)]
        found: pl.Expr
        match reward.function:
            case "mean":
                weight = pl.sum_horizontal(
                    [self._summed(one, "weight", "sum") for one in groups] + [pl.lit(1.0)] * len(single)
                )
                value = pl.sum_horizontal([self._summed(one, ENDS[end], "sum") for one in groups] + single)
                found = pl.when(weight > 0).then(value / weight)
            case "min" | "all":  # verdicts are 0 or 1, so that `all` is their smallest and `any` their largest
                found = pl.min_horizontal([self._summed(one, ENDS[end], "min") for one in groups] + single)
            case "max" | "any":
                found = pl.max_horizontal([self._summed(one, ENDS[end], "max") for one in groups] + single)
            case "product":
                products = [self._summed(one, ENDS[end], "product") for one in groups] + single
                found = reduce(mul, [one.fill_null(1.0) for one in products])
                found = pl.when(pl.any_horizontal([one.is_not_null() for one in products])).then(found)
        return found.fill_null(reward.if_empty)

    def _summed(self, group: Group, quantity: str, method: str) -> pl.Expr:
        """The sum, say, of the weights of a group, or of one end of its verdicts; null where it has none."""
        name = f"{method} {quantity} {group.name}"
        value = pl.col(quantity)
        if group.name == "graded" and quantity in ENDS:
            value = pl.coalesce("score", quantity)
        if method == "sum" and quantity in ENDS:
            value = value * pl.col("weight")
        self.lines[name] = pl.when(_belongs(group)).then(value)
        match method:
            case "sum":
                self.rows[name] = pl.col(name).sum()
            case "min":
                self.rows[name] = pl.col(name).min()
            case "max":
                self.rows[name] = pl.col(name).max()
            case "product":
                self.rows[name] = pl.when(pl.col(name).count() > 0).then(pl.col(name).product())
        return pl.col(name)


def _belongs(group: Group) -> pl.Expr:
    match group.name:
        case "hard" | "soft":
            return pl.col("kind") == group.name
        case "graded":
            return pl.col("kind") == "soft"
        case _:
            return pl.col("constraint") == group.name


def _gate(comparator: str, left: Ends, right: Ends) -> Ends:
    (low, high), (other_low, other_high) = left, right
    match comparator:
        case "<":
            surely, possibly = high < other_low - CLOSE, low < other_high - CLOSE
        case "<=":
            surely, possibly = high <= other_low + CLOSE, low <= other_high + CLOSE
        case _:
            possibly = (low <= other_high + CLOSE) & (other_low <= high + CLOSE)
            surely = (high - low <= CLOSE) & (high - other_low <= CLOSE) & (other_high - low <= CLOSE)
            surely &= other_high - other_low <= CLOSE
    return surely.cast(pl.Float64), possibly.cast(pl.Float64)


def decided(ends: tuple[pl.Series, pl.Series]) -> list[float | None]:
    """The reward of each row, None where its two ends differ."""
    low, high = ends
    return [one if one == other else None for one, other in zip(low.to_list(), high.to_list(), strict=True)]
