"""Rewards over columns: a table of verdicts in, the lowest and the highest reward of each row out."""

import polars as pl

from verif_dsl.compiler.rewards import CLOSE, Aggregate, Gate, Group, Number, Product, Reward, Sum

Ends = tuple[pl.Series, pl.Series]
"""The lowest and the highest value of each row: unknown verdicts can still fall either way."""


def reward_ends(reward: Reward, table: pl.DataFrame, rows: int) -> Ends:
    """Both ends of the reward of rows 0 to `rows` - 1.

    `table` has one line a verdict with `row`, `constraint`, `kind` ("hard" or "soft"), `weight`, `verdict` ("pass",
    "fail" or "unknown") and `score` (what a judge gave, from 0 to 1, or null).
    """
    lines = table.select(
        pl.col("row").cast(pl.Int64),
        "constraint",
        "kind",
        "weight",
        low=(pl.col("verdict") == "pass").cast(pl.Float64),
        high=(pl.col("verdict") != "fail").cast(pl.Float64),
        score="score",
    )
    return _ends(reward, lines, rows)


def _ends(reward: Reward, lines: pl.DataFrame, rows: int) -> Ends:
    match reward:
        case Number(value):
            column = pl.repeat(value, rows, dtype=pl.Float64, eager=True)
            return column, column
        case Product(left, right):
            corners = [one * other for one in _ends(left, lines, rows) for other in _ends(right, lines, rows)]
            table = pl.DataFrame({str(index): corner for index, corner in enumerate(corners)})
            return table.min_horizontal(), table.max_horizontal()
        case Sum(left, right):
            (low, high), (other_low, other_high) = _ends(left, lines, rows), _ends(right, lines, rows)
            return low + other_low, high + other_high
        case Gate(comparator, left, right):
            return _gate(comparator, _ends(left, lines, rows), _ends(right, lines, rows))
        case Aggregate():
            return _aggregate(reward, lines, rows)


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


def _aggregate(reward: Aggregate, lines: pl.DataFrame, rows: int) -> Ends:
    parts = [_members(member, lines, rows) for member in reward.members]
    members = pl.concat(parts).sort("row", maintain_order=True)
    if reward.function == "mean":
        total = pl.col("weight").sum()
        sums = [(pl.col("weight") * pl.col(end)).sum() / total for end in ("low", "high")]
    else:
        sums = [getattr(pl.col(end), METHODS[reward.function])() for end in ("low", "high")]
    summed = members.group_by("row").agg(low=sums[0], high=sums[1])
    every = pl.DataFrame({"row": pl.int_range(rows, eager=True, dtype=pl.Int64)})
    joined = every.join(summed, on="row", how="left", maintain_order="left").fill_null(reward.if_empty)
    return joined["low"], joined["high"]


METHODS = {"min": "min", "all": "min", "max": "max", "any": "max", "product": "product"}
"""Verdicts are 0 or 1, so that `all` is their smallest and `any` their largest."""


def _members(member: Group | Reward, lines: pl.DataFrame, rows: int) -> pl.DataFrame:
    columns = ("row", "weight", "low", "high")
    match member:
        case Group("hard" | "soft" as kind):
            return lines.filter(pl.col("kind") == kind).select(columns)
        case Group("graded"):
            ends = {end: pl.coalesce("score", end) for end in ("low", "high")}
            return lines.filter(pl.col("kind") == "soft").with_columns(**ends).select(columns)
        case Group(name):
            return lines.filter(pl.col("constraint") == name).select(columns)
        case _:
            low, high = _ends(member, lines, rows)
            row = pl.int_range(rows, eager=True, dtype=pl.Int64)
            return pl.DataFrame({"row": row, "weight": pl.repeat(1.0, rows, eager=True), "low": low, "high": high})


def decided(ends: Ends) -> list[float | None]:
    """The reward of each row, None where its two ends differ."""
    low, high = ends
    return [one if one == other else None for one, other in zip(low.to_list(), high.to_list(), strict=True)]
