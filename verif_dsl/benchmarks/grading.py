"""Strict and loose verdicts on the responses to a benchmark's prompts.

They are those of Zhou et al. 2023 (arXiv 2311.07911), section 2.2: loosely, a response follows an instruction when it
does as it is, without its first line, its last or both, or any of these without asterisks.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from verif_dsl.benchmarks.prompts import Asked, verifier
from verif_dsl.verdicts import PASS, UNKNOWN

BATCH = 1024
"""Prompts whose responses are checked at a time, each in its eight readings."""


@dataclass(frozen=True, slots=True)
class Graded:
    """The verdicts on a response, in the order of the prompt's ids: True, False, or None for what is unknown."""

    asked: Asked
    strict: tuple[bool | None, ...]
    loose: tuple[bool | None, ...]
    reasons: tuple[str | None, ...]
    """Why a verdict is unknown."""

    def to_dict(self) -> dict[str, object]:
        """The row for `--out`."""
        reasons = {"reasons": self.reasons} if any(self.reasons) else {}
        return {"key": self.asked.key, "strict": self.strict, "loose": self.loose, **reasons}


def readings(response: str) -> list[str]:
    """A response as it is, and the seven ways to read it that loose accuracy allows.

    >>> readings("Sure!\\n*Yes.*")[1:4]
    ['*Yes.*', 'Sure!', '']
    """
    lines = response.split("\n")
    cut = [response, *("\n".join(one).strip() for one in (lines[1:], lines[:-1], lines[1:-1]))]
    return [*cut, *(one.replace("*", "") for one in cut)]


def grade(answered: Sequence[tuple[Asked, str]]) -> Iterator[Graded]:
    """The strict and the loose verdicts on the response to each prompt."""
    for start in range(0, len(answered), BATCH):
        batch = [(asked, readings(response)) for asked, response in answered[start : start + BATCH]]
        lines = [(asked.constraints, text) for asked, texts in batch for text in texts]
        checked = verifier().check([text for _, text in lines], constraints=[required for required, _ in lines])
        verdicts = iter(checked.by_row())
        for asked, texts in batch:
            yield _graded(asked, [next(verdicts) for _ in texts])


def _graded(asked: Asked, rows: Sequence[Sequence[Mapping[str, object]]]) -> Graded:
    strict, loose, reasons = [], [], []
    for index in range(len(asked.ids)):
        verdicts = [row[index]["verdict"] for row in rows]
        strict.append(_decided(verdicts[:1]))
        loose.append(_decided(verdicts))
        why = (str(row[index]["reason"]) for row in rows if row[index]["verdict"] == UNKNOWN)
        reasons.append(next(why) if None in (strict[-1], loose[-1]) else None)
    return Graded(asked, tuple(strict), tuple(loose), tuple(reasons))


def _decided(verdicts: Sequence[object]) -> bool | None:
    """Whether any passes; unknown where none does and one could."""
    if PASS in verdicts:
        return True
    return None if UNKNOWN in verdicts else False
