"""The judged lines of a table of verdicts: which of them are asked about, and what the judge says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from verif_dsl.compiler.backends.judge_prompts import Question, Soft, questions
from verif_dsl.compiler.judging import RESPONSE
from verif_dsl.compiler.program import Constraint, Rubric, Use
from verif_dsl.grading import NO_JUDGE
from verif_dsl.judging.judge import Judge, Judgement, Undecided
from verif_dsl.requirements import Requirements
from verif_dsl.verdicts import FAIL, PASS, UNKNOWN

if TYPE_CHECKING:
    import polars as pl

NOT_ASKED = "judge: not asked, since it could not change the reward"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A line of the table that waits for a judge."""

    line: int
    soft: Soft


def judged(
    judge: Judge,
    known: Mapping[str, Constraint],
    texts: Mapping[str, Sequence[str]],
    required: Sequence[Requirements],
    table: "pl.DataFrame",
    needed: Sequence[bool] | None = None,
) -> "pl.DataFrame":
    """The table with what the judge says on the lines that wait for one.

    `needed` says of each row whether its judged verdicts can change anything; where they cannot, they stay unknown and
    nobody is asked. Raises `JudgeError` as `Judge.ask` does.
    """
    import polars as pl

    columns = {name: table[name].to_list() for name in ("verdict", "reason", "score", "evidence", "evidence_found")}
    asked: list[tuple[list[Waiting], Question]] = []
    for row, waiting in _waiting(known, texts, required, table).items():
        if needed is not None and not needed[row]:
            for one in waiting:
                columns["reason"][one.line] = NOT_ASKED
                judge.skip(one.soft.name)
            continue
        asked += [(waiting, question) for question in questions([one.soft for one in waiting], judge.config.mode)]
    answers = judge.ask([question for _, question in asked])
    for (waiting, _), answer in zip(asked, answers, strict=True):
        for place, found in answer.items():
            one = waiting[place]
            for name, value in _columns(found, one.soft.rubric).items():
                columns[name][one.line] = value
    types = {name: table.schema[name] for name in columns}
    return table.with_columns(pl.Series(name, values, dtype=types[name]) for name, values in columns.items())


def _waiting(
    known: Mapping[str, Constraint],
    texts: Mapping[str, Sequence[str]],
    required: Sequence[Requirements],
    table: "pl.DataFrame",
) -> dict[int, list[Waiting]]:
    """The lines that wait for a judge, by row."""
    import polars as pl

    found: dict[int, list[Waiting]] = {}
    lines = table.with_row_index("line").filter((pl.col("verdict") == UNKNOWN) & (pl.col("reason") == NO_JUDGE))
    for line, row, name in lines.select("line", "row", "constraint").iter_rows():
        use = next(use for use in required[row].uses if use.name == name)
        found.setdefault(row, []).append(Waiting(line, _soft(known[use.constraint], use, texts, row)))
    return found


def _soft(constraint: Constraint, use: Use, texts: Mapping[str, Sequence[str]], row: int) -> Soft:
    assert constraint.judge is not None
    keys = {given.name: given.key for given in constraint.givens} | {RESPONSE: RESPONSE}
    shown = {name: texts[keys[name]][row] for name in constraint.judge.show}
    return Soft(use.name, constraint.judge, use.arguments, shown)


def _columns(found: Judgement | Undecided, rubric: Rubric) -> dict[str, object]:
    match found:
        case Undecided(reason):
            # `unknown fail` is the author's wish, and the reason still says that nobody judged.
            return {"verdict": FAIL if rubric.unknown == "fail" else UNKNOWN, "reason": f"judge: {reason}"}
        case Judgement(passes, score, evidence, stands):
            return {
                "verdict": PASS if passes else FAIL,
                "reason": None,
                "score": score,
                "evidence": evidence,
                "evidence_found": stands,
            }
