"""Can a judge be trusted? Its verdicts beside labels: those of a file's examples, and those that people gave.

Agreement alone flatters a judge that always says yes where most labels are yes. Hence Cohen's kappa (1960), the
agreement beyond what chance would give, and the two rates by themselves: of what should pass, how much it passes; of
what should fail, how much it fails. A verdict that stays unknown agrees with nothing, and is counted apart.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from verif_dsl.compiler.backends.judge_prompts import Soft, questions
from verif_dsl.compiler.binding import BindError, bind
from verif_dsl.compiler.conversation import turns_of
from verif_dsl.compiler.diagnostics import VerifError, suggestion
from verif_dsl.compiler.judging import RESPONSE
from verif_dsl.compiler.program import Constraint
from verif_dsl.compiler.texts import is_blank, prepare, too_large
from verif_dsl.judging.judge import Judge, Judgement
from verif_dsl.judging.usage import Usage
from verif_dsl.rows import read_chunks

LABELS = ("label", "score")


@dataclass(frozen=True, slots=True)
class Labelled:
    """A response to a judged constraint, with what a person says of it."""

    soft: Soft
    passes: bool
    score: int | None = None


@dataclass(slots=True)
class Agreement:
    """How often a judge says what the labels say: of `pass` labels and of `fail` labels, those it passed and failed."""

    true_pass: int = 0
    false_pass: int = 0
    true_fail: int = 0
    false_fail: int = 0
    unknown: int = 0
    reasons: list[str] = field(default_factory=list)
    """Why it left them unknown."""
    score_errors: list[float] = field(default_factory=list)
    """How far its scores are from those of the labels, in shares of the scale."""

    @property
    def decided(self) -> int:
        return self.true_pass + self.false_pass + self.true_fail + self.false_fail

    @property
    def agreement(self) -> float | None:
        """The share of the decided verdicts that are the labels'."""
        return _share(self.true_pass + self.true_fail, self.decided)

    @property
    def kappa(self) -> float | None:
        """Cohen's kappa: 1 for full agreement, 0 for what chance gives; None where there is only one kind of label.

        >>> Agreement(true_pass=20, false_pass=10, true_fail=15, false_fail=5).kappa
        0.4
        """
        labels = {self.true_pass + self.false_fail > 0, self.true_fail + self.false_pass > 0}
        if labels != {True}:
            return None
        passing = (self.true_pass + self.false_pass) * (self.true_pass + self.false_fail)
        failing = (self.true_fail + self.false_fail) * (self.true_fail + self.false_pass)
        chance = (passing + failing) / self.decided**2
        return round(((self.true_pass + self.true_fail) / self.decided - chance) / (1 - chance), 12)

    @property
    def true_pass_rate(self) -> float | None:
        """Of what should pass, the share that it passes."""
        return _share(self.true_pass, self.true_pass + self.false_fail)

    @property
    def true_fail_rate(self) -> float | None:
        """Of what should fail, the share that it fails."""
        return _share(self.true_fail, self.true_fail + self.false_pass)

    @property
    def score_error(self) -> float | None:
        """The mean distance of the scores from the labels', in shares of the scale."""
        return sum(self.score_errors) / len(self.score_errors) if self.score_errors else None

    def add(self, other: "Agreement") -> None:
        """Count what another one counts as well."""
        for name in ("true_pass", "false_pass", "true_fail", "false_fail", "unknown"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.reasons += other.reasons
        self.score_errors += other.score_errors

    def to_dict(self) -> dict[str, object]:
        """The figures as plain data."""
        counts = {one: getattr(self, one) for one in ("true_pass", "false_pass", "true_fail", "false_fail", "unknown")}
        rates = ("agreement", "kappa", "true_pass_rate", "true_fail_rate", "score_error")
        return {**counts, **{one: getattr(self, one) for one in rates}}


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


@dataclass(frozen=True)
class Calibration:
    """What a judge made of labelled responses, by constraint, and what it cost."""

    agreements: Mapping[str, Agreement]
    usage: Mapping[str, Usage]

    @property
    def total(self) -> Agreement:
        """All constraints together."""
        whole = Agreement()
        for one in self.agreements.values():
            whole.add(one)
        return whole

    @property
    def total_usage(self) -> Usage:
        """What all constraints cost together."""
        whole = Usage()
        for one in self.usage.values():
            whole.add(one)
        return whole


def calibrate(judge: Judge, labelled: Sequence[Labelled]) -> Calibration:
    """Ask the judge about labelled responses. However much it leaves unknown, it goes on to the end.

    Raises `VerifError` when there is nothing to ask about, and `JudgeError` when the judge cannot be asked at all.
    """
    if not labelled:
        raise VerifError("there is nothing to calibrate on: no judged constraint with examples, and no labels")
    patient = Judge(judge.config.model_copy(update={"max_unknown": 1.0}), judge.engine)
    patient.progress = judge.progress
    asked = [question for one in labelled for question in questions([one.soft], judge.config.mode)]
    agreements: dict[str, Agreement] = {}
    for one, answer in zip(labelled, patient.ask(asked), strict=True):
        agreement = agreements.setdefault(one.soft.name, Agreement())
        found = answer[0]
        if not isinstance(found, Judgement):
            agreement.unknown += 1
            agreement.reasons.append(found.reason)
            continue
        kind = f"{'true' if found.passes == one.passes else 'false'}_{'pass' if found.passes else 'fail'}"
        setattr(agreement, kind, getattr(agreement, kind) + 1)
        if one.score is not None:
            low, high = one.soft.rubric.low, one.soft.rubric.high
            agreement.score_errors.append(abs(found.score - (one.score - low) / (high - low)))
    return Calibration(agreements, patient.usage)


def labelled_examples(constraints: Mapping[str, Constraint]) -> list[Labelled]:
    """The `accept` and `reject` lines of judged constraints, blank ones left out: nobody is asked about these."""
    found = []
    for name, constraint in constraints.items():
        if constraint.judge is None:
            continue
        keys = {given.name: given.key for given in constraint.givens}
        for example in constraint.examples:
            if is_blank(example.response):
                continue
            texts = {**{one: example.given[key] for one, key in keys.items()}, RESPONSE: example.response}
            found.append(
                Labelled(Soft(name, constraint.judge, example.arguments, texts), example.accepts, example.score)
            )
    return found


def read_labels(path: Path, constraints: Mapping[str, Constraint]) -> list[Labelled]:
    """Labels that people gave, a row each (JSONL or Parquet): `constraint`, `with` (its arguments, as an object or as
    JSON), `response`, `prompt` and other columns where the constraint reads them, and `label`, which is `pass` or
    `fail`, or a `score`.

    Raises `VerifError`, naming the row, for one that cannot be used.
    """
    fields = {given.field for one in constraints.values() for given in one.givens if given.field is not None}
    found = []
    for rows in read_chunks(
        path, needed=("constraint", "response"), extras=("with", "prompt", *LABELS, *sorted(fields))
    ):
        for index in range(rows.count):
            row = {name: values[index] for name, values in rows.columns.items()}
            found.append(_labelled(f"{path}, row {rows.first + index}", row, constraints))
    return found


def _labelled(place: str, row: Mapping[str, Any], constraints: Mapping[str, Constraint]) -> Labelled:
    name, response = row["constraint"], prepare(row["response"])
    constraint = constraints.get(name)
    if constraint is None or constraint.judge is None:
        known = [one for one, other in constraints.items() if other.judge is not None]
        hint = suggestion(name, known)
        raise VerifError(f"{place}: there is no judged constraint `{name}`" + (f" ({hint})" if hint else ""))
    if is_blank(response) or too_large(response):
        raise VerifError(f"{place}: nobody is asked about a response that is blank, or over 64 KiB")
    try:
        arguments = bind(constraint, _arguments(place, row.get("with")))
        turns = turns_of(row.get("prompt") or ())
    except (BindError, ValueError) as error:
        raise VerifError(f"{place}: {error}") from None
    texts = {RESPONSE: response}
    for given in constraint.givens:
        text = given.find(turns, {key: value for key, value in row.items() if isinstance(value, str)})
        if text is None:
            raise VerifError(f"{place}: `{name}` reads {given}, and the row has none")
        texts[given.name] = prepare(text)
    rubric = constraint.judge
    match row.get("label"), row.get("score"):
        case "pass" | "fail" as label, None:
            return Labelled(Soft(name, rubric, arguments, texts), label == "pass")
        case None, int(score) if rubric.low <= score <= rubric.high and not isinstance(score, bool):
            return Labelled(Soft(name, rubric, arguments, texts), score >= rubric.pass_at, score)
    wanted = f"a `score` from {rubric.low} to {rubric.high}"
    raise VerifError(f"{place}: it needs either a `label`, which is pass or fail, or {wanted}")


def _arguments(place: str, given: object) -> Mapping[str, object]:
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            raise VerifError(f"{place}: `with` is not JSON") from None
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise VerifError(f"{place}: `with` is an object of arguments, not {type(given).__name__}")
    return given
