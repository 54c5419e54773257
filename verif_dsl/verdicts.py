"""What a verifier found out about a batch of responses: columns of verdicts, and the rewards that sum them up."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from verif_dsl.compiler.diagnostics import RowError
from verif_dsl.compiler.rewards import DEFAULT, GROUPS, Reward, groups, parse_reward

if TYPE_CHECKING:
    import polars as pl

PASS, FAIL, UNKNOWN = "pass", "fail", "unknown"

JUDGED = ("score", "evidence", "evidence_found")
"""The columns that a judge fills."""


@dataclass(frozen=True, eq=False)
class Verdicts:
    """The verdicts of a batch.

    `table` has one line for each constraint of each row: `row` (0-based), `constraint` (its `as` name where it has
    one), `kind` ("hard" or "soft"), `weight`, `verdict` ("pass", "fail" or "unknown") and `reason` (why it is
    unknown, or null); and where a judge decided `score` (from 0 to 1), `evidence` (what it quotes from the response)
    and `evidence_found` (whether that stands in the response), which are null elsewhere. `size` counts the rows, those
    without constraints included; `specified` holds each row's own reward where its spec has one.
    """

    table: "pl.DataFrame"
    size: int
    specified: Sequence[Reward | None]

    def column(self, constraint: str) -> list[str | None]:
        """The verdict of one constraint on each row, None on rows that do not have it."""
        import polars as pl

        found: list[str | None] = [None] * self.size
        lines = self.table.filter(pl.col("constraint") == constraint)
        for row, verdict in zip(lines["row"], lines["verdict"], strict=True):
            found[row] = verdict
        return found

    def by_row(self) -> list[list[dict[str, object]]]:
        """For each row its verdicts, as dictionaries with `constraint`, `kind`, `verdict` and `reason`; those of a
        judge also with `score`, `evidence` and `evidence_found`.
        """
        rows: list[list[dict[str, object]]] = [[] for _ in range(self.size)]
        for line in self.table.iter_rows(named=True):
            judged = () if line["score"] is None else JUDGED
            rows[line["row"]].append({key: line[key] for key in ("constraint", "kind", "verdict", "reason", *judged)})
        return rows

    def pass_rates(self) -> dict[str, float | None]:
        """For each constraint the share of its decided verdicts that pass; None where none is decided."""
        import polars as pl

        decided = pl.col("verdict").is_in([PASS, FAIL])
        rates = self.table.group_by("constraint", maintain_order=True).agg(
            rate=(pl.col("verdict") == PASS).filter(decided).mean()
        )
        return dict(rates.iter_rows())

    def rewards(self, expression: str | None = None) -> list[float | None]:
        """One number a row; None where unknown verdicts leave it open.

        `expression` is a reward such as `"mean(hard, if_empty=1) * all(soft)"` or the name of a preset (`verif-paper`,
        `verif-code`). Without it each row has its spec's own `reward`, or `verif-code`.

        Raises `VerifError` when the expression cannot be read, or names a constraint that a row does not have.
        """
        import polars as pl

        from verif_dsl.compiler.backends.rewards import decided, reward_ends

        standard = parse_reward(expression or DEFAULT)
        chosen = [standard if expression else (own or standard) for own in self.specified]
        rows_of: dict[Reward, list[int]] = {}
        for row, reward in enumerate(chosen):
            rows_of.setdefault(reward, []).append(row)
        rewards: list[float | None] = [None] * self.size
        for reward, rows in rows_of.items():
            lines = self.table if len(rows_of) == 1 else self.table.filter(pl.col("row").is_in(rows))
            self._require_names(reward, lines, rows)
            found = decided(reward_ends(reward, lines, self.size))
            for row in rows:
                rewards[row] = found[row]
        return rewards

    def _require_names(self, reward: Reward, lines: "pl.DataFrame", rows: Sequence[int]) -> None:
        """A reward that names a constraint must find it: nothing there must not look like all satisfied."""
        import polars as pl

        for name in sorted(groups(reward) - set(GROUPS)):
            having = set(lines.filter(pl.col("constraint") == name)["row"])
            if lacking := [row for row in rows if row not in having]:
                raise RowError(lacking[0], " has no constraint of that name", f"the reward reads `{name}`, and ")
