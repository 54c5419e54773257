"""Rows that no response can satisfy, for their constraints contradict each other: completions of them are wasted."""

from collections.abc import Sequence

from verif_dsl import Verifier
from verif_dsl.compiler.conflicts import Contradiction, Verdict, conflicts, used_by
from verif_dsl.trainer.data import Row
from verif_dsl.trainer.findings import Findings, counted
from verif_dsl.trainer.report import shown_prompt

MOST_TEXTS = 100
"""Different `constraints` texts that are looked at: each takes up to a tenth of a second."""


def tell_impossible(verifier: Verifier, rows: Sequence[Row], found: Findings) -> None:
    """Warn of rows whose constraints contradict each other, as far as `compiler.conflicts` proves it.

    Rows with the first `MOST_TEXTS` different texts are looked at, and it is told how many that leaves out.
    """
    known = verifier.program.known()
    verdicts: dict[str, Verdict] = {}
    impossible: list[tuple[Row, Contradiction]] = []
    left_out = 0
    for row in rows:
        text = row.constraints
        if text not in verdicts:
            if len(verdicts) == MOST_TEXTS:
                left_out += 1
                continue
            verdicts[text] = conflicts(used_by(verifier.requirements(text).uses, known), look_for_witness=False)
        if isinstance(verdict := verdicts[text], Contradiction):
            impossible.append((row, verdict))
    if impossible:
        row, contradiction = impossible[0]
        names = " and ".join(f"`{name}`" for name in contradiction.because.constraints)
        found.warnings.append(
            f"{counted(len(impossible), 'row')} can be satisfied by no response; in the first, {names} contradict each "
            f"other ({shown_prompt(row.prompt)}); `vif conflicts --rows` shows each with the reason"
        )
    if left_out:
        found.say("", f"{len(rows) - left_out:,} of {len(rows):,} looked at for contradictions")
