"""Back ends: `reference` is the meaning, one row at a time; `columns` computes the same over whole batches with Polars.

Neither imports the other. `rewards` sums verdicts up, over columns too. `emitted` writes what `columns` does as a
Python module of its own: `lowering` makes the `steps` that both carry out, `tables` and `standalone` go along with it.
"""
