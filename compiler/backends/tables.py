"""What happens to the tables of the columnar back end: columns are kept, brought inwards, lists made into long tables.

Every table has its lines numbered in `line`; a long table also says in `parent` which line of the outer table each of
its own came from. Each function is one query of Polars, not yet carried out: what is asked of many tables at once runs
side by side. They are also what an emitted module brings along (see `emitted`), so this module needs Polars only.
"""

import polars as pl

Table = pl.DataFrame | pl.LazyFrame


def keep(table: Table, name: str, column: pl.Expr) -> pl.LazyFrame:
    """The table with one more column."""
    return table.lazy().with_columns(column.alias(name))


def keep_list(table: Table, name: str, *items: pl.Expr) -> pl.LazyFrame:
    """The table with one more column: the list of some values of each line."""
    return keep(table, name, pl.concat_list(*items))


def spread(table: pl.DataFrame, name: str, value: pl.Series) -> pl.LazyFrame:
    """The table with one more column: the same value on each line. Polars counts literals as one value, not as many."""
    return keep(table, name, pl.lit(value.new_from_index(0, table.height)))


def bring(table: Table, name: str, outer: pl.Series) -> pl.LazyFrame:
    """The table with one more column: for each line the value, in a column of the outer table, of the line it is of."""
    return keep(table, name, pl.lit(outer).gather(pl.col("parent")))


def explode(table: pl.DataFrame, *lists: pl.Expr) -> pl.LazyFrame:
    """The long table of a column of lists, or of several side by side: one line an item, in `item 0`, `item 1`, ..."""
    items = {f"item {index}": column for index, column in enumerate(lists)}
    lines = table.lazy().with_columns(**items).select(pl.col("line").alias("parent"), *items)
    return lines.explode(*items, empty_as_null=False).with_row_index("line")


def tally(
    table: Table, name: str, quantity: str, items: pl.DataFrame, hits: str, kept: str | None = None
) -> pl.LazyFrame:
    """The table with one more column: whether `any`, `all` or `every` (all, and at least one) of each line's items are
    hits, or the `count` of those that are; of the kept items where `kept` names a column.
    """
    ends = pl.lit(items["parent"]).search_sorted(pl.col("line"), side="right").cast(pl.Int64)
    met = pl.lit(items[hits]) if kept is None else pl.lit(items[hits]) & pl.lit(items[kept])
    counted = {"end": ends}, {"hits": _up_to_end(met)}
    if quantity in ("all", "every"):
        counted[1]["all"] = pl.col("end") if kept is None else _up_to_end(pl.lit(items[kept]))
    for columns in counted:
        table = table.lazy().with_columns(**columns)
    # What the lines up to the last of each parent have in all, less what the lines before its first have.
    hit, all_of = (pl.col(one) - pl.col(one).shift(1, fill_value=0) for one in ("hits", "all"))
    found = {"any": hit > 0, "all": hit == all_of, "every": (hit == all_of) & (all_of > 0), "count": hit}
    return keep(table, name, found[quantity]).drop(*(one for columns in counted for one in columns))


def _up_to_end(holds: pl.Expr) -> pl.Expr:
    """How many of the lines before the end of each line's items hold."""
    sums = pl.lit(pl.Series([0], dtype=pl.Int64)).append(holds.cast(pl.Int64).cum_sum())
    return sums.gather(pl.col("end"))


def each(items: pl.Expr, quantity: str, hits: pl.Expr, kept: pl.Expr | None = None) -> pl.Expr:
    """The same as an expression, where what is asked of an item hangs on nothing but `pl.element()`."""

    def met(holds: pl.Expr) -> pl.Expr:
        return items.list.eval(holds)

    match quantity:
        case "any":
            return met(hits if kept is None else kept & hits).list.any()
        case "all":
            return met(hits if kept is None else kept.not_() | hits).list.all()
        case "every":
            some = items.list.len() > 0 if kept is None else met(kept).list.any()
            return met(hits if kept is None else kept.not_() | hits).list.all() & some
        case _:
            return met(hits if kept is None else kept & hits).list.sum().cast(pl.Int64)
