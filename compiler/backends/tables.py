"""What happens to the tables of the columnar back end: columns are kept, brought inwards, lists made into long tables.

Every table has its lines numbered in `line`; a long table also says in `parent` which line of the outer table each of
its own came from. These functions are also what an emitted module brings along (see `emitted`), so this module needs
Polars only.
"""

import polars as pl


def values(table: pl.DataFrame, column: pl.Expr) -> pl.Series:
    """One value a line. A literal is spread out: Polars loses the length of a literal column in later sums."""
    if table.is_empty():
        # Nothing is computed of nothing: Polars would refuse to fit literals to no lines.
        return pl.Series(dtype=pl.Null)
    found = table.select(column.alias("value"))["value"]
    return found if len(found) == table.height else found.new_from_index(0, table.height)


def keep(table: pl.DataFrame, name: str, column: pl.Expr) -> pl.DataFrame:
    """The table with one more column."""
    return table.with_columns(values(table, column).alias(name))


def keep_list(table: pl.DataFrame, name: str, *items: pl.Expr) -> pl.DataFrame:
    """The table with one more column: the list of some values of each line."""
    columns = pl.DataFrame([values(table, item).alias(str(index)) for index, item in enumerate(items)])
    return keep(table, name, pl.lit(columns.select(pl.concat_list(pl.all())).to_series()))


def bring(table: pl.DataFrame, name: str, outer: pl.DataFrame, column: pl.Expr) -> pl.DataFrame:
    """The table with one more column: for each line the value of the outer line that it came from."""
    return table.with_columns(values(outer, column).gather(table["parent"]).alias(name))


def explode(table: pl.DataFrame, *lists: pl.Expr) -> pl.DataFrame:
    """The long table of a column of lists, or of several side by side: one line an item, in `item 0`, `item 1`, ..."""
    named = {f"item {index}": values(table, column) for index, column in enumerate(lists)}
    lines = pl.DataFrame({"parent": table["line"], **named})
    if not lines.is_empty():
        # An empty list would explode into a line with a null.
        lines = lines.filter(pl.col("item 0").list.len() > 0).explode(*named)
    return lines.with_row_index("line")


def tally(
    table: pl.DataFrame, name: str, quantity: str, items: pl.DataFrame, kept: pl.Expr, body: pl.Expr
) -> pl.DataFrame:
    """The table with one more column: whether `any`, `all` or `every` (all, and at least one) of each line's kept items
    meet the body, or the `count` of those that do.
    """
    hits = kept & (body if quantity in ("any", "count") else body.not_())
    lines = pl.DataFrame({"parent": items["parent"], "kept": values(items, kept), "hits": values(items, hits)})
    tallies = lines.group_by("parent").agg(pl.col("kept", "hits").cast(pl.Boolean).sum())
    joined = table.select("line").join(tallies, left_on="line", right_on="parent", how="left", maintain_order="left")
    kept_count, hit_count = (joined[one].fill_null(0).cast(pl.Int64) for one in ("kept", "hits"))
    match quantity:
        case "any":
            found = hit_count > 0
        case "all":
            found = hit_count == 0
        case "every":
            found = (hit_count == 0) & (kept_count > 0)
        case _:
            found = hit_count
    return table.with_columns(found.alias(name))
