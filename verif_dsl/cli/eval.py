"""`vif eval`: the accuracies of a benchmark, from its own files."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from verif_dsl.benchmarks import Graded, Share

BENCHMARKS = ("ifeval",)


@click.command("eval")
@click.argument("benchmark", type=click.Choice(BENCHMARKS), help="The benchmark whose instructions the prompts hold.")
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
@click.option("--json", "as_json", is_flag=True, help="The figures as JSON.")
def evaluate(benchmark: str, prompts: Path, responses: Path, out: Path | None, as_json: bool) -> None:
    """Grade the responses to a benchmark's prompts: strict and loose accuracy, of prompts and of instructions."""
    from verif_dsl import VerifError, benchmarks
    from verif_dsl.compiler import compile_source
    from verif_dsl.compiler.modules import find_module
    from verif_dsl.files import written_whole
    from verif_dsl.rows import check_output
    from verif_dsl.verifier import Verifier

    if out is not None:
        check_output(out, inputs=(prompts, responses))
        if out.suffix != ".jsonl":
            raise VerifError(f"{out}: the rows are JSON, and its name has to end in .jsonl")
    verifier = Verifier(compile_source(find_module(f"std/{benchmark}", None)))
    asked = benchmarks.read_prompts(prompts, verifier)
    graded = list(benchmarks.grade(asked, benchmarks.read_responses(responses, asked), verifier))
    if out is not None:
        with written_whole(out) as file:
            file.writelines(f"{json.dumps(one.to_dict(), ensure_ascii=False)}\n".encode() for one in graded)
    random = [one.key for one in benchmarks.random_in_the_reference(asked)]
    if as_json:
        click.echo(json.dumps(_figures(graded, random)))
    else:
        _show(graded, random)


def _figures(graded: "Sequence[Graded]", random: "Sequence[object]") -> dict[str, object]:
    from verif_dsl.benchmarks import accuracies, by_id

    def figures(shares: "dict[str, Share]") -> dict[str, object]:
        return {
            name: {"rate": one.rate, "held": one.held, "decided": one.decided, "unknown": one.unknown}
            for name, one in shares.items()
        }

    return {
        **{name: figures(shares) for name, shares in accuracies(graded).items()},
        "ids": {id: figures(shares) for id, shares in by_id(graded).items()},
        "random_in_the_reference": list(random),
    }


def _show(graded: "Sequence[Graded]", random: "Sequence[object]") -> None:
    from rich.console import Console
    from rich.table import Table

    from verif_dsl.benchmarks import accuracies, by_id

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
    reasons = [reason for one in graded for reason in one.reasons if reason is not None]
    for reason in dict.fromkeys(reasons):
        count = reasons.count(reason)
        left_out = "1 instruction is left out" if count == 1 else f"{count} instructions are left out"
        click.echo(f"{left_out}, unknown for this reason: {reason}")
    if random:
        keys = ", ".join(map(str, random))
        click.echo(f"keys {keys} ask for a sign, for which the benchmark's own code counts a letter drawn at random")
