"""From what each row requires to a table of verdicts: checks gather the rows that they grade, and run together."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(slots=True)
class Line:
    """A constraint of a row, and what is known of it: a verdict, or None as long as its check has to run."""

    row: int
    use: Use
    verdict: str | None
    reason: str | None


def grade(
    known: Mapping[str, Constraint], texts: Mapping[str, Sequence[str]], required: Sequence[Requirements]
) -> "pl.DataFrame":
    """One line for each constraint of each row, with the columns of `Verdicts.table`; those of judges are empty.

    `texts` has a prepared column for the response and for each text that the constraints read beside it, by its key.
    """
    import polars as pl

    from verif_dsl.compiler.backends.columns import run

    lines = list(_lines(known, texts, required))
    waiting: dict[str, list[Line]] = {}
    for line in lines:
        if line.verdict is None:
            waiting.setdefault(line.use.constraint, []).append(line)
    checks = [_check(known[name], group) for name, group in waiting.items()]
    for group, passes in zip(waiting.values(), run(texts, checks), strict=True):
        for line, passed in zip(group, passes.to_list(), strict=True):
            line.verdict = PASS if passed else FAIL
    columns = {
        "row": pl.Series([line.row for line in lines], dtype=pl.Int64),
        "constraint": pl.Series([line.use.name for line in lines], dtype=pl.String),
        "kind": pl.Series([known[line.use.constraint].kind for line in lines], dtype=pl.String),
        "weight": pl.Series([line.use.weight for line in lines], dtype=pl.Float64),
        "verdict": pl.Series([line.verdict for line in lines], dtype=pl.String),
        "reason": pl.Series([line.reason for line in lines], dtype=pl.String),
    }
    judges = {"score": pl.Float64, "evidence": pl.String, "evidence_found": pl.Boolean}
    empty = {name: pl.Series(name, [None], dtype=kind).new_from_index(0, len(lines)) for name, kind in judges.items()}
    return pl.DataFrame({**columns, **empty})


def _lines(
    known: Mapping[str, Constraint], texts: Mapping[str, Sequence[str]], required: Sequence[Requirements]
) -> Iterator[Line]:
    """All lines, with the verdicts that need no check: of blank and of too long texts, of checks whose data is not
    installed, and of judged constraints.
    """
    absent: dict[str, str | None] = {}
    large = {key: [too_large(text) for text in column] for key, column in texts.items()}
    for row, requirements in enumerate(required):
        blank = is_blank(texts["response"][row])
        for use in requirements.uses:
            name = use.constraint
            if blank:
                yield Line(row, use, FAIL, None)
                continue
            if name not in absent:
                absent[name] = _undecidable(known[name])
            reason = LIMIT if large["response"][row] else absent[name]
            for given in known[name].givens:
                if large[given.key][row] and not large["response"][row]:
                    reason = f"limit: {given} is over {LARGEST_RESPONSE // 1024} KiB"
            yield Line(row, use, UNKNOWN if reason else None, reason)


def _undecidable(constraint: Constraint) -> str | None:
    """Why the constraint cannot be decided by a check on this machine."""
    if constraint.check is None:
        return NO_JUDGE
    reason = lacking(constraint.check)
    return None if reason is None else f"data: {reason}"


def _check(constraint: Constraint, lines: Sequence[Line]) -> "Check":
    """The check of a constraint, with the rows that it grades and each parameter's value on each of them."""
    from verif_dsl.compiler.backends.columns import Check

    assert constraint.check is not None
    arguments = {
        one.name: (one.domain.kind, [line.use.arguments[one.name] for line in lines]) for one in constraint.parameters
    }
    return Check(constraint.check, [line.row for line in lines], arguments)
