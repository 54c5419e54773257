"""The page of a run: one HTML file with its curves, each constraint before and after, and completions with marks."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from statistics import fmean, stdev

from jinja2 import Environment, StrictUndefined, Template

from verif_dsl import Use, VerifError
from verif_dsl.compiler.texts import prepare
from verif_dsl.compiler.told import told
from verif_dsl.requirements import write_requirements
from verif_dsl.trainer import plot, tripwires
from verif_dsl.trainer.config import TINY
from verif_dsl.trainer.data import Row
from verif_dsl.trainer.marks import Piece, Span, Why, pieces, quoted, sought
from verif_dsl.trainer.measure import Measurement
from verif_dsl.trainer.plot import Chart, chart
from verif_dsl.trainer.report import SAMPLES, Report, shown_prompt
from verif_dsl.trainer.reward import CUT_OFF, GROUPS, METRIC, UNDECIDED

SHARES = {
    "Completions without a reward": UNDECIDED,
    "Groups without gradient": f"{GROUPS}without_gradient",
    "Groups left out": f"{GROUPS}dropped",
    "Completions cut off": CUT_OFF,
}
"""The metrics of training that have a chart of their own."""

SIGNS = {"pass": "✓", "fail": "✗", "unknown": "?"}
"""What stands before a verdict, for those who do not see its colour."""

Line = Mapping[str, object]
"""A verdict as `Verdicts.by_row` has it."""


@dataclass(frozen=True, slots=True)
class Rated:
    """A constraint with an example of what it tells, how many held-out rows ask for it, and, before and after, its pass
    rate and how many verdicts were unknown.
    """

    name: str
    instruction: str | None
    rows: int
    rates: tuple[float | None, float | None]
    unknown: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Cell:
    """A verdict, and what there is to say about it."""

    verdict: str
    remarks: Sequence[str]


@dataclass(frozen=True, slots=True)
class Answer:
    """A completion: its thoughts, which are not judged, and the rest in pieces; `tripped` where it is degenerate."""

    when: str
    reward: float | None
    thoughts: str
    pieces: Sequence[Piece]
    tripped: bool


@dataclass(frozen=True, slots=True)
class Sample:
    """A held-out row with its two completions, and for each constraint its name, what was told, and two verdicts."""

    prompt: str
    answers: Sequence[Answer]
    verdicts: Sequence[tuple[str, str | None, Sequence[Cell | None]]]


def page(report: Report) -> str:
    """The page, which needs no other file and no network; whatever models and users wrote is shown as text."""
    samples = [_sample(report, row) for row in range(min(SAMPLES, len(report.held_out)))]
    charts = list(_charts(report))
    flat = [one.title for one in charts if one.title in SHARES and not any(value for _, value in one.each)]
    shown = [answer for sample in samples for answer in sample.answers]
    return _template().render(
        plot=plot,
        signs=SIGNS,
        rules=Path(report.config.constraints).name,
        summary=list(_summary(report)),
        facts=_facts(report),
        warnings=list(_warnings(report)),
        notes=list(_notes(report)),
        prompts=len(report.held_out),
        before=report.before.mean_reward,
        after=report.after.mean_reward,
        constraints=_rated(report),
        charts=[one for one in charts if one.title not in flat],
        flat=flat,
        samples=samples,
        whys={why for answer in shown for piece in answer.pieces for why in piece.why},
        thinks=any(answer.thoughts for answer in shown),
    )


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["number"] = number
    return environment.from_string(files("verif_dsl.trainer").joinpath("page.html").read_text(encoding="utf-8"))


def number(value: float | None, signed: bool = False) -> str:
    """A number with two places, or a dash for what is not known.

    >>> number(0.125), number(None), number(0.5, signed=True), number(-0.001, signed=True)
    ('0.12', '–', '+0.50', '0.00')
    """
    if value is None:
        return "–"
    text = f"{value:+.2f}" if signed else f"{value:.2f}"
    return "0.00" if text in ("+0.00", "-0.00") else text


def duration(seconds: float) -> str:
    """A time for people.

    >>> duration(9.4), duration(131), duration(7260)
    ('9 s', '2 min 11 s', '2 h 1 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _summary(report: Report) -> Iterator[str]:
    before, after = report.before.mean_reward, report.after.mean_reward
    grown = "" if report.gain is None else f", {report.gain:.2f} times as much"
    count = len(report.held_out)
    yield (
        f"On {count} held-out {'prompt' if count == 1 else 'prompts'}, the mean reward was {number(before)} before "
        f"training and {number(after)} after it{grown}."
    )
    pairs = zip(report.before.rewards, report.after.rewards, strict=True)
    changes = [new - old for old, new in pairs if old is not None and new is not None]
    if len(changes) > 1:
        error = stdev(changes) / len(changes) ** 0.5
        change = number(fmean(changes), signed=True)
        yield f"Prompt by prompt, it changed by {change} on average, with a standard error of {number(error)}."


def _facts(report: Report) -> list[tuple[str, str]]:
    config = report.config
    facts = [
        ("Rules", Path(config.constraints).name),
        ("Model", "tiny, the embedded model" if config.model == TINY else Path(config.model).name),
        ("Reward", config.reward or "each row's own, else verif-code"),
        ("Held-out prompts", str(len(report.held_out))),
        ("Steps", str(report.steps[-1]["step"]) if report.steps else "–"),
        ("Seed", str(config.seed)),
        ("Time", duration(report.seconds)),
    ]
    return facts + ([("Judge", config.judge.model)] if config.judge is not None else [])


def _warnings(report: Report) -> Iterator[str]:
    wires = report.wires or _logged_wires(report)
    for when, found in (("Before", report.before), ("After", report.after)):
        for alarm in tripwires.alarms(wires, found.mean_reward):
            yield f"{when} training, {alarm}."
    tripped = [
        sum(
            tripwires.tripped(tripwires.asked_in(row.prompt), answer)
            for row, answer in zip(report.held_out, found.answers, strict=True)
        )
        for found in (report.before, report.after)
    ]
    if any(tripped):
        yield (
            f"Of the answers, {tripped[0]} before training and {tripped[1]} after it are degenerate: no letter or "
            "digit, one character repeated, or the prompt again."
        )


def _logged_wires(report: Report) -> dict[str, float | None]:
    from verif_dsl.trainer.callbacks import TRIPWIRE

    scores = {name: value for entry in report.log for name, value in entry.items() if name.startswith(TRIPWIRE)}
    return {name.removeprefix(TRIPWIRE): plot.finite(value) for name, value in scores.items()}


def _notes(report: Report) -> Iterator[str]:
    if report.config.shuffle_rewards:
        yield "This is the control experiment: rewards were dealt out at random, and nothing should be learnt."
    from verif_dsl.trainer.callbacks import REWARD

    if measured := _measured(report, REWARD):
        step = max(measured, key=lambda point: point[1])[0]
        yield (
            f"The model that is kept is that of step {step:.0f}, the best of those measured during training. It was "
            "chosen on the same held-out prompts, so its figures are a little too good."
        )
    for name, rate in report.after.pass_rates.items():
        if rate is None and report.before.pass_rates.get(name) is None:
            yield f"No verdict on {name} was decided."


def _measured(report: Report, key: str) -> list[tuple[float, float]]:
    """What was measured on held-out rows during training, by step."""
    values = ((entry["step"], plot.finite(entry.get(key))) for entry in report.evaluations)
    return [(step, value) for step, value in values if value is not None]


def _rated(report: Report) -> list[Rated]:
    known = {} if report.verifier is None else report.verifier.program.known()
    asked, unknown_before = _counts(report, report.before)
    _, unknown_after = _counts(report, report.after)
    found = []
    for name, before in report.before.pass_rates.items():
        texts = (one.text for one in told(known[name]) if one.text is not None) if name in known else iter(())
        unknown = unknown_before[name], unknown_after[name]
        found.append(Rated(name, next(texts, None), asked[name], (before, report.after.pass_rates.get(name)), unknown))
    return found


def _counts(report: Report, found: Measurement) -> tuple[Counter[str], Counter[str]]:
    """By constraint, how many rows ask for it, and on how many of them its verdict is unknown."""
    asked, unknown = Counter[str](), Counter[str]()
    for row, lines in zip(report.held_out, found.verdicts, strict=True):
        uses = _uses(report, row)
        for line in lines:
            called = str(line["constraint"])
            name = uses[called].constraint if called in uses else called
            asked[name] += 1
            unknown[name] += line["verdict"] == "unknown"
    return asked, unknown


def _uses(report: Report, row: Row) -> dict[str, Use]:
    """The constraints of a row by what its verdicts call them; none without the verifier."""
    if report.verifier is None:
        return {}
    return {use.name: use for use in report.verifier.requirements(row.constraints).uses}


def _charts(report: Report) -> Iterator[Chart]:
    from verif_dsl.trainer.callbacks import HELD_OUT, REWARD

    wanted = [("Reward", "reward", REWARD, report.before.mean_reward, report.after.mean_reward)]
    wanted += [
        (name, METRIC + name, HELD_OUT + name, before, report.after.pass_rates.get(name))
        for name, before in report.before.pass_rates.items()
    ]
    found = []
    for title, key, measured, before, after in wanted if report.steps else ():
        last: list[tuple[float, float | None]] = [(report.steps[-1]["step"], after)]
        points = ((0.0, before), *(_measured(report, measured) or last))
        held_out = [(step, value) for step, value in points if value is not None]
        found.append(chart(title, key, report.steps, held_out))
    found += [chart(title, key, report.steps) for title, key in SHARES.items()]
    yield from (one for one in found if one is not None)


def _sample(report: Report, index: int) -> Sample:
    row = report.held_out[index]
    uses = _uses(report, row)
    answers: list[Answer] = []
    cells: dict[str, list[Cell | None]] = {}
    for when, found in (("Before", report.before), ("After", report.after)):
        thoughts, judged = _read(report, row, found.answers[index])
        marks: list[tuple[Span, Why]] = []
        for line in found.verdicts[index]:
            name = str(line["constraint"])
            quotation = quoted(str(line.get("evidence") or ""), judged)
            marks += [(span, "sought") for span in _sought(report, uses.get(name), judged)]
            marks += [(quotation, "quoted")] if quotation else []
            cells.setdefault(name, [None, None])[len(answers)] = Cell(str(line["verdict"]), _remarks(line, quotation))
        tripped = tripwires.tripped(tripwires.asked_in(row.prompt), judged)
        answers.append(Answer(when, found.rewards[index], thoughts, pieces(judged, marks), tripped))
    verdicts = [(name, _instruction(report, row, uses.get(name)), pair) for name, pair in cells.items()]
    return Sample(shown_prompt(row.prompt), answers, verdicts)


def _read(report: Report, row: Row, answer: str) -> tuple[str, str]:
    """The thoughts of a completion, and what of it was judged, as the verifier has them."""
    whole, judged = prepare(answer), prepare(report.reading.read(row.prompt, answer).text)
    return whole[: max(whole.rfind(judged), 0)], judged


def _sought(report: Report, use: Use | None, judged: str) -> list[Span]:
    if report.verifier is None or use is None:
        return []
    check = report.verifier.program.known()[use.constraint].check
    return [] if check is None else sought(check, use.arguments, judged)


def _instruction(report: Report, row: Row, use: Use | None) -> str | None:
    """What the row tells the model of one constraint; None where it is told otherwise, or the verifier is not there."""
    if report.verifier is None or use is None:
        return None
    try:
        return report.verifier.instruct(write_requirements([use]), prompt=row.prompt, columns=row.fields)
    except VerifError:  # it has no instruction in English
        return None


def _remarks(line: Line, quotation: Span | None) -> list[str]:
    """What there is to say of a verdict beside its mark in the completion."""
    remarks = [str(line["reason"])] if line.get("reason") else []
    if isinstance(score := line.get("score"), int | float):
        remarks.append(f"score {score:.2f}")
    if line.get("evidence") and quotation is None:
        how = "quotes" if line.get("evidence_found") else "quotes what is not there:"
        remarks.append(f"{how} “{line['evidence']}”")
    return remarks
