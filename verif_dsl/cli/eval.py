"""`vif eval`: the accuracies of a benchmark, from its own files."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from verif_dsl.benchmarks import BENCHMARKS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from verif_dsl.benchmarks.figures import Share
    from verif_dsl.benchmarks.grading import Graded


@click.command("eval")
@click.argument("benchmark", type=click.Choice(BENCHMARKS), help="The benchmark whose conventions the prompts follow.")
@click.option("--prompts", "-p", required=True, metavar="FILE", type=click.Path(path_type=Path), help="Its prompts.")
@click.option(
    "--responses",
    "-r",
    required=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Rows with a `response`, and the `key` or the `prompt` it answers.",
)
@click.option("--out", "-o", metavar="FILE", type=click.Path(path_type=Path), help="Verdicts, a JSON row a prompt.")
@click.option("--answered-only", is_flag=True, help="Leave out the prompts without a response, and say how many.")
@click.option("--json", "as_json", is_flag=True, help="The figures as JSON.")
def evaluate(
    benchmark: str, prompts: Path, responses: Path, out: Path | None, answered_only: bool, as_json: bool
) -> None:
    """Grade the responses to a benchmark's prompts: strict and loose accuracy, of prompts and of instructions."""
    from verif_dsl import VerifError
    from verif_dsl.benchmarks.figures import random_in_the_reference
    from verif_dsl.benchmarks.grading import grade
    from verif_dsl.benchmarks.prompts import read_prompts
    from verif_dsl.benchmarks.responses import read_responses
    from verif_dsl.cli.outputs import save
    from verif_dsl.rows import check_output

    if out is not None:
        check_output(out, inputs=(prompts, responses), suffixes=(".jsonl",))
    every = read_prompts(prompts, benchmark)
    answers = read_responses(responses, every)
    if None in answers and not answered_only:
        place = every[answers.index(None)].place
        raise VerifError(f"{place}: there is no response to it in {responses}; --answered-only leaves it out")
    answered = [(one, answer) for one, answer in zip(every, answers, strict=True) if answer is not None]
    graded = list(grade(answered))
    if out is not None:
        save(out, "".join(f"{json.dumps(one.to_dict(), ensure_ascii=False)}\n" for one in graded).encode())
    random = [one.key for one in random_in_the_reference([one for one, _ in answered])]
    unanswered = len(every) - len(answered)
    if as_json:
        click.echo(json.dumps(_figures(graded, random, unanswered)))
    else:
        _show(graded, random, unanswered)


def _figures(graded: "Sequence[Graded]", random: "Sequence[object]", unanswered: int) -> dict[str, object]:
    from verif_dsl.benchmarks.figures import accuracies, by_id

    def figures(shares: "dict[str, Share]") -> dict[str, object]:
        return {
            name: {"rate": one.rate, "held": one.held, "decided": one.decided, "unknown": one.unknown}
            for name, one in shares.items()
        }

    return {
        **{name: figures(shares) for name, shares in accuracies(graded).items()},
        "ids": {id: figures(shares) for id, shares in by_id(graded).items()},
        "random_in_the_reference": list(random),
        "unanswered": unanswered,
    }


def _show(graded: "Sequence[Graded]", random: "Sequence[object]", unanswered: int) -> None:
    from rich.console import Console
    from rich.table import Table

    from verif_dsl.benchmarks.figures import accuracies, by_id

    def percent(share: "Share") -> str:
        return "-" if share.rate is None else f"{100 * share.rate:.2f}"

    table = Table("", "number")
    for heading in ("strict", "loose"):
        table.add_column(heading, justify="right")
    found = accuracies(graded)
    for what in ("prompts", "instructions"):
        strict, loose = found["strict"][what], found["loose"][what]
        table.add_row(what, str(strict.decided + strict.unknown), percent(strict), percent(loose))
    table.add_section()
    for id, shares in by_id(graded).items():
        total = shares["strict"].decided + shares["strict"].unknown
        table.add_row(id, str(total), percent(shares["strict"]), percent(shares["loose"]))
    Console().print(table)
    if unanswered:
        left_out = "1 prompt is left out" if unanswered == 1 else f"{unanswered} prompts are left out"
        click.echo(f"{left_out}, for want of a response")
    reasons = [reason for one in graded for reason in one.reasons if reason is not None]
    for reason in dict.fromkeys(reasons):
        count = reasons.count(reason)
        left_out = "1 instruction is left out" if count == 1 else f"{count} instructions are left out"
        click.echo(f"{left_out}, unknown for this reason: {reason}")
    if random:
        keys = ", ".join(map(str, random))
        ask = f"key {keys} asks" if len(random) == 1 else f"keys {keys} ask"
        click.echo(f"{ask} for a sign, for which the benchmark's own code counts a letter drawn at random")
