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

KIBIBYTES = LARGEST_RESPONSE // 1024
LIMIT = f"limit: the response is over {KIBIBYTES} KiB"
NO_JUDGE = "judge: none is configured"


def grade(
    known: Mapping[str, Constraint], texts: Mapping[str, Sequence[str]], required: Sequence[Requirements]
) -> "pl.DataFrame":
    """One line for each constraint of each row, with the columns of `Verdicts.table`; those of judges are empty.

    `texts` has a prepared column for the response and for each text that the constraints read beside it, by its key.
    """
    import polars as pl

    from verif_dsl.compiler.backends.columns import run

    # Columns and no object a line: Python's garbage collector would look through those again and again.
    rows = [row for row, requirements in enumerate(required) for _ in requirements.uses]
    uses = [use for requirements in required for use in requirements.uses]
    verdicts, reasons = _settled(known, texts, rows, uses)
    waiting: dict[str, list[int]] = {}
    for line, (use, verdict) in enumerate(zip(uses, verdicts, strict=True)):
        if verdict is None:
            waiting.setdefault(use.constraint, []).append(line)
    waiting = dict(sorted(waiting.items()))  # the same checks in the same order, which the back end knows again
    checks = [
        _check(known[name], [rows[line] for line in lines], [uses[line] for line in lines])
        for name, lines in waiting.items()
    ]
    for lines, passes in zip(waiting.values(), run(texts, checks), strict=True):
        for line, passed in zip(lines, passes.to_list(), strict=True):
            verdicts[line] = PASS if passed else FAIL
    columns = {
        "row": pl.Series(rows, dtype=pl.Int64),
        "constraint": pl.Series([use.name for use in uses], dtype=pl.String),
        "kind": pl.Series([known[use.constraint].kind for use in uses], dtype=pl.String),
        "weight": pl.Series([use.weight for use in uses], dtype=pl.Float64),
        "verdict": pl.Series(verdicts, dtype=pl.String),
        "reason": pl.Series(reasons, dtype=pl.String),
    }
    judges = {"score": pl.Float64, "evidence": pl.String, "evidence_found": pl.Boolean}
    empty = {name: pl.Series([None], dtype=kind).new_from_index(0, len(rows)) for name, kind in judges.items()}
    return pl.DataFrame({**columns, **empty})


def _settled(
    known: Mapping[str, Constraint], texts: Mapping[str, Sequence[str]], rows: Sequence[int], uses: Sequence[Use]
) -> tuple[list[str | None], list[str | None]]:
    """The verdicts and reasons that need no check: of blank and of too long texts, of checks whose data is not
    installed, and of judged constraints. The verdict is None where the check has to run.
    """
    blank = {row for row, text in enumerate(texts["response"]) if is_blank(text)}
    large = {key: {row for row, text in enumerate(column) if too_large(text)} for key, column in texts.items()}
    used = {use.constraint for use in uses}
    undecidable = {name: _undecidable(known[name]) for name in used}
    givens = {name: [given for given in known[name].givens if large[given.key]] for name in used}
    verdicts: list[str | None] = []
    reasons: list[str | None] = []
    for row, use in zip(rows, uses, strict=True):
        verdict, reason = None, None
        if row in blank:
            verdict = FAIL
        elif row in large["response"]:
            reason = LIMIT
        else:
            reason = undecidable[use.constraint]
            for given in givens[use.constraint]:
                if row in large[given.key]:
                    reason = f"limit: {given} is over {KIBIBYTES} KiB"
        verdicts.append(UNKNOWN if reason else verdict)
        reasons.append(reason)
    return verdicts, reasons


def _undecidable(constraint: Constraint) -> str | None:
    """Why no check can decide the constraint on this machine."""
    if constraint.check is None:
        return NO_JUDGE
    reason = lacking(constraint.check)
    return None if reason is None else f"data: {reason}"


def _check(constraint: Constraint, rows: Sequence[int], uses: Sequence[Use]) -> "Check":
    """The check of a constraint, with the rows that it grades and each parameter's value on each of them."""
    from verif_dsl.compiler.backends.columns import Check

    assert constraint.check is not None
    arguments = {
        one.name: (one.domain.kind, [use.arguments[one.name] for use in uses]) for one in constraint.parameters
    }
    return Check(constraint.check, rows, arguments)
