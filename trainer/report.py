"""What a run found: the table that is printed, and the metrics, samples, plot and page that are written."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from verif_dsl import Verifier
from verif_dsl.compiler.conversation import turns_of
from verif_dsl.files import written_whole
from verif_dsl.trainer.config import Config
from verif_dsl.trainer.data import Prompt, Row
from verif_dsl.trainer.measure import Measurement
from verif_dsl.trainer.plot import write_plot
from verif_dsl.trainer.reading import Reading
from verif_dsl.trainer.reward import AS_USERS_SEE

SAMPLES = 12


@dataclass(frozen=True, slots=True)
class Report:
    """Everything a run found.

    `log` is TRL's: one mapping of metrics a step, and one for each measurement during training. `seconds` is the time
    of the whole run, `wires` what degenerate answers score, and `reading` how completions were read. Without the
    `verifier` the page shows no instructions, and marks only what judges quote.
    """

    config: Config
    held_out: Sequence[Row]
    before: Measurement
    after: Measurement
    log: list[dict[str, Any]]
    seconds: float
    verifier: Verifier | None = None
    wires: Mapping[str, float | None] = field(default_factory=dict)
    reading: Reading = AS_USERS_SEE

    @property
    def steps(self) -> list[dict[str, Any]]:
        """The entries of the log that are steps of training."""
        return [entry for entry in self.log if "reward" in entry]

    @property
    def evaluations(self) -> list[dict[str, Any]]:
        """The entries of the log that are measurements on held-out rows during training."""
        from verif_dsl.trainer.callbacks import REWARD

        return [entry for entry in self.log if REWARD in entry]

    @property
    def gain(self) -> float | None:
        """How many times the mean held-out reward has grown; None where it began at nothing."""
        before, after = self.before.mean_reward, self.after.mean_reward
        return after / before if before and after is not None else None


def print_table(report: Report, console: Console) -> None:
    """Print the held-out pass rate of every constraint and the mean reward, before and after training."""
    table = Table(title=f"{len(report.held_out)} held-out prompts", title_justify="left")
    table.add_column("pass rate")
    for heading in ("before", "after", "change"):
        table.add_column(heading, justify="right")
    for name, before in report.before.pass_rates.items():
        table.add_row(name, *_cells(before, report.after.pass_rates[name]))
    table.add_section()
    table.add_row("mean reward", *_cells(report.before.mean_reward, report.after.mean_reward), style="bold")
    console.print(table)
    grown = "" if report.gain is None else f"The mean held-out reward is {report.gain:.2f} times what it was. "
    console.print(f"{grown}Seed {report.config.seed}, {report.seconds:.0f} seconds.")


def write_report(report: Report, folder: Path) -> None:
    """Write `metrics.json`, `samples.md`, `learning.png` and `report.html`, each whole or not at all."""
    from verif_dsl.trainer.page import page

    with written_whole(folder / "metrics.json") as file:
        file.write(json.dumps(metrics(report), indent=2, ensure_ascii=False, allow_nan=False).encode() + b"\n")
    with written_whole(folder / "samples.md") as file:
        file.write(samples(report).encode(errors="replace"))
    with written_whole(folder / "learning.png") as file:
        write_plot(file, report.steps, report.before, report.after)
    with written_whole(folder / "report.html") as file:
        file.write(page(report).encode(errors="replace"))


def metrics(report: Report) -> dict[str, Any]:
    """What the table shows, the settings behind it, and TRL's metrics of every step and every measurement."""
    return {
        "seed": report.config.seed,
        "seconds": round(report.seconds, 1),
        "model": report.config.model,
        "shuffle_rewards": report.config.shuffle_rewards,
        "held_out_rows": len(report.held_out),
        "mean_reward": {"before": report.before.mean_reward, "after": report.after.mean_reward, "gain": report.gain},
        "pass_rates": {
            name: {"before": before, "after": report.after.pass_rates[name]}
            for name, before in report.before.pass_rates.items()
        },
        "steps": report.steps,
        "evaluations": report.evaluations,
    }


def samples(report: Report, count: int = SAMPLES) -> str:
    """The first held-out rows in Markdown, with the answers before and after training and their verdicts."""
    parts = [
        "# Sample answers\n\n"
        "The first held-out prompts, each answered once before training and once after. The reward asks for the\n"
        "constraints and for nothing else, so answers may obey them and still say nothing.\n"
    ]
    for row, prompt in enumerate(report.held_out[:count]):
        asked = _fenced(shown_prompt(prompt.prompt)), _fenced(prompt.constraints, "json")
        parts.append(f"\n## {row + 1}\n\n{asked[0]}\n\nAsked:\n\n{asked[1]}\n")
        for when, found in (("Before", report.before), ("After", report.after)):
            reward = found.rewards[row]
            verdicts = ", ".join(f"{line['constraint']}: {line['verdict']}" for line in found.verdicts[row])
            shown = "undecided" if reward is None else f"{reward:.2f}"
            parts.append(f"\n{when}, reward {shown} ({verdicts}):\n\n{_fenced(found.answers[row])}\n")
    return "".join(parts)


def shown_prompt(prompt: Prompt) -> str:
    """A prompt for a person: its text, or who says what.

    >>> print(shown_prompt([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}]))
    system: Be brief.
    user: Why?
    """
    if isinstance(prompt, str):
        return prompt
    return "\n".join(f"{role}: {text}" for role, text in turns_of(prompt))


def _fenced(text: str, language: str = "text") -> str:
    """A Markdown block that shows the text as it is; its fence is longer than any in the text."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def _cells(before: float | None, after: float | None) -> list[str]:
    if before is None or after is None:
        return [_number(before), _number(after), ""]
    return [_number(before), _number(after), f"{after - before:+.3f}"]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
