"""Back ends: `reference` is the meaning, one row at a time; `columns` computes the same over whole batches with Polars.

Neither imports the other. `rewards` sums verdicts up, over columns too.
"""
