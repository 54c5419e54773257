"""From what each row requires to a table of verdicts: checks gather the rows that they grade, and run together."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from verif_dsl.compiler.installed_data import lacking
from verif_dsl.compiler.program import Constraint, Use
from verif_dsl.compiler.texts import LARGEST_RESPONSE, is_blank, too_large
from verif_dsl.requirements import Requirements
from verif_dsl.verdicts import FAIL, PASS, UNKNOWN

if TYPE_CHECKING:
    import polars as pl

    from verif_dsl.compiler.backends.columns import Check

LIMIT = f"limit: the response is over {LARGEST_RESPONSE // 1024} KiB"
NO_JUDGE = "judge: none is configured"


def grade(
    known: Mapping[str, Constraint], texts: Mapping[str, Sequence[str]], required: Sequence[Requirements]
) -> "pl.DataFrame":
    """One line for each constraint of each row, with the columns of `Verdicts.table`; those of judges are empty.

    `texts` has a prepared column for the response and for each text that the constraints read beside it, by its key.
    Rows that require the same object are told apart by nothing else, so that what a batch shares is looked at once.
    """
    import polars as pl

    from verif_dsl.compiler.backends.columns import run

    uses, lines = _lines(known, required)
    lines = lines.with_columns(_settled(known, texts, uses, lines))
    waiting = lines.filter(pl.col("verdict").is_null())
    groups = waiting.partition_by("target", maintain_order=True, as_dict=True)
    checks = [_check(known[str(name)], group, uses) for (name,), group in groups.items()]
    passed = [
        pl.DataFrame({"line": group["line"], "passes": passes})
        for group, passes in zip(groups.values(), run(texts, checks), strict=True)
    ]
    if passed:
        lines = lines.join(pl.concat(passed), on="line", how="left", maintain_order="left")
        decided = pl.when("passes").then(pl.lit(PASS)).otherwise(pl.lit(FAIL))
        lines = lines.with_columns(verdict=pl.coalesce("verdict", decided))
    judges = {"score": pl.Float64, "evidence": pl.String, "evidence_found": pl.Boolean}
    return lines.select(
        "row",
        "constraint",
        "kind",
        "weight",
        "verdict",
        "reason",
        **{name: pl.lit(None, dtype=kind) for name, kind in judges.items()},
    )


def _lines(known: Mapping[str, Constraint], required: Sequence[Requirements]) -> "tuple[list[Use], pl.DataFrame]":
    """All uses of the batch, those of equal requirements once, and a line for each of them on each row."""
    import polars as pl

    places: dict[int, int] = {}
    requirements: list[Requirements] = []
    for one in required:
        if id(one) not in places:
            places[id(one)] = len(requirements)
            requirements.append(one)
    uses = [use for one in requirements for use in one.uses]
    described = pl.DataFrame(
        {
            "requirement": [place for place, one in enumerate(requirements) for _ in one.uses],
            "use": range(len(uses)),
            "target": [use.constraint for use in uses],
            "constraint": [use.name for use in uses],
            "kind": [known[use.constraint].kind for use in uses],
            "weight": [use.weight for use in uses],
        },
        schema={
            "requirement": pl.Int64,
            "use": pl.Int64,
            "target": pl.String,
            "constraint": pl.String,
            "kind": pl.String,
            "weight": pl.Float64,
        },
    )
    rows = pl.DataFrame({"requirement": [places[id(one)] for one in required]}, schema={"requirement": pl.Int64})
    joined = rows.with_row_index("row").join(described, on="requirement", how="inner", maintain_order="left_right")
    return uses, joined.with_columns(pl.col("row").cast(pl.Int64)).with_row_index("line")


def _settled(
    known: Mapping[str, Constraint], texts: Mapping[str, Sequence[str]], uses: Sequence[Use], lines: "pl.DataFrame"
) -> "list[pl.Series]":
    """The verdicts and reasons that need no check: of blank and of too long texts, of checks whose data is not
    installed, and of judged constraints.
    """
    import polars as pl

    responses = texts["response"]
    blank = pl.Series([is_blank(text) for text in responses], dtype=pl.Boolean).gather(lines["row"])
    long = pl.Series([too_large(text) for text in responses], dtype=pl.Boolean).gather(lines["row"])
    over = _too_much_before(known, texts, uses, lines)
    lacks = _lacking(known, lines)
    soft = pl.col("kind") == "soft"
    settled = lines.select(
        verdict=pl.when(blank)
        .then(pl.lit(FAIL))
        .when(long | over.is_not_null() | lacks.is_not_null() | soft)
        .then(pl.lit(UNKNOWN)),
        reason=pl.when(blank)
        .then(pl.lit(None, dtype=pl.String))
        .when(long)
        .then(pl.lit(LIMIT))
        .when(over.is_not_null())
        .then(over)
        .when(lacks.is_not_null())
        .then(lacks)
        .when(soft)
        .then(pl.lit(NO_JUDGE)),
    )
    return [settled["verdict"], settled["reason"]]


def _lacking(known: Mapping[str, Constraint], lines: "pl.DataFrame") -> "pl.Series":
    """For each line why its check cannot be decided on this machine, or null."""
    import polars as pl

    checks = {name: known[name].check for name in lines["target"].unique()}
    reasons = {name: None if check is None else lacking(check) for name, check in checks.items()}
    absent = {name: f"data: {reason}" for name, reason in reasons.items() if reason is not None}
    return lines["target"].replace_strict(absent, default=None, return_dtype=pl.String)


def _too_much_before(
    known: Mapping[str, Constraint], texts: Mapping[str, Sequence[str]], uses: Sequence[Use], lines: "pl.DataFrame"
) -> "pl.Series":
    """For each line why what the constraint reads beside the response is over the cap, or null."""
    import polars as pl

    reasons: list[str | None] = [None] * lines.height
    large = {
        key: {row for row, text in enumerate(column) if too_large(text)}
        for key, column in texts.items()
        if key != "response"
    }
    if any(large.values()):
        for line, (row, use) in enumerate(lines.select("row", "use").iter_rows()):
            for given in known[uses[use].constraint].givens:
                if row in large[given.key]:
                    reasons[line] = f"limit: {given} is over {LARGEST_RESPONSE // 1024} KiB"
    return pl.Series(reasons, dtype=pl.String)


def _check(constraint: Constraint, group: "pl.DataFrame", uses: Sequence[Use]) -> "Check":
    """The check of a constraint, with the rows that it grades and each parameter's value on each of them."""
    from verif_dsl.compiler.backends.columns import Check

    assert constraint.check is not None
    chosen = [uses[index].arguments for index in group["use"]]
    arguments = {one.name: (one.domain.kind, [given[one.name] for given in chosen]) for one in constraint.parameters}
    return Check(constraint.check, group["row"].to_list(), arguments)
