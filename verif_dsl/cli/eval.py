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
    from verif_dsl.benchmarks.prompts import Asked


@click.command("eval")
@click.argument("benchmark", type=click.Choice(BENCHMARKS), help="The benchmark whose conventions the prompts follow.")
@click.option("--prompts", "-p", required=True, metavar="FILE", type=click.Path(path_type=Path), help="Its prompts.")
@click.option(
    "--responses",
    "-r",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Rows with a `response`, and the `key` or the `prompt` it answers.",
)
@click.option(
    "--model",
    "-m",
    metavar="MODEL",
    type=click.Path(path_type=Path),
    help="A saved model, or the output of `vif train`, to write the responses: always the likeliest token.",
)
@click.option(
    "--max-tokens",
    metavar="N",
    type=click.IntRange(min=1),
    help="With --model: the longest response; by default 1280 tokens, or what the model has room for.",
)
@click.option(
    "--out-responses", metavar="FILE", type=click.Path(path_type=Path), help="With --model: its responses (.jsonl)."
)
@click.option("--out", "-o", metavar="FILE", type=click.Path(path_type=Path), help="Verdicts, a JSON row a prompt.")
@click.option("--answered-only", is_flag=True, help="Leave out the prompts without a response, and say how many.")
@click.option("--json", "as_json", is_flag=True, help="The figures as JSON.")
def evaluate(
    benchmark: str,
    prompts: Path,
    responses: Path | None,
    model: Path | None,
    max_tokens: int | None,
    out_responses: Path | None,
    out: Path | None,
    answered_only: bool,
    as_json: bool,
) -> None:
    """Grade the responses to a benchmark's prompts: strict and loose accuracy, of prompts and of instructions."""
    if (responses is None) == (model is None):
        raise click.UsageError("choose one of --responses and --model")
    if model is None and (max_tokens is not None or out_responses is not None):
        raise click.UsageError("--max-tokens and --out-responses go with --model")
    from verif_dsl import VerifError
    from verif_dsl.benchmarks.figures import random_in_the_reference
    from verif_dsl.benchmarks.grading import grade
    from verif_dsl.benchmarks.prompts import read_prompts
    from verif_dsl.benchmarks.responses import read_responses
    from verif_dsl.cli.outputs import save
    from verif_dsl.rows import check_output

    for file in (out, out_responses):
        if file is not None:
            check_output(file, inputs=(prompts, *([responses] if responses else [])), suffixes=(".jsonl",))
    if out is not None and out_responses is not None and out.resolve() == out_responses.resolve():
        raise VerifError(f"{out}: is named twice")
    every = read_prompts(prompts, benchmark)
    if model is not None:
        answers: list[str | None] = [*_generated(model, every, max_tokens, out_responses)]
    else:
        assert responses is not None
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


def _generated(model: Path, prompts: "Sequence[Asked]", max_tokens: int | None, out: Path | None) -> list[str]:
    """What the model answers to the prompts, written to `out` where there is one; tells when some were cut off."""
    from verif_dsl.cli.generate import NEEDED, need

    need(NEEDED, "running a model")
    from rich.console import Console

    from verif_dsl.cli.outputs import save
    from verif_dsl.trainer.generate import Answering, respond
    from verif_dsl.trainer.progress import Stages

    with Stages(Console(stderr=True)) as stages:
        how = Answering(max_tokens=max_tokens)
        found = respond(model, [one.prompt for one in prompts], how, stages, places=[one.place for one in prompts])
    if found.cut_off:
        click.echo(f"{found.cut_off:,} of {len(prompts):,} responses were cut off at {found.limit:,} tokens", err=True)
    if out is not None:
        rows = (
            {"key": one.key, "prompt": one.prompt, "response": text}
            for one, text in zip(prompts, found.texts, strict=True)
        )
        save(out, "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows).encode(errors="replace"))
    return found.texts


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
