"""`vif calibrate`: judges beside labels."""

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.table import Table

    from verif_dsl.judging.calibration import Calibration


@click.command()
@click.argument("constraints", metavar="CONSTRAINTS", type=click.Path(path_type=Path), help="The file (.vif).")
@click.option(
    "--judge",
    "judges",
    metavar="FILE",
    required=True,
    multiple=True,
    type=click.Path(path_type=Path),
    help="A judge (.yaml); several are shown side by side.",
)
@click.option(
    "--labels", metavar="FILE", type=click.Path(path_type=Path), help="Labels that people gave (.jsonl or .parquet)."
)
@click.option("--only-labels", is_flag=True, help="Leave the examples of the file out.")
@click.option("--json", "as_json", is_flag=True, help="The figures as JSON.")
@click.option("--page", metavar="FILE", type=click.Path(path_type=Path), help="The tables as a page (.html).")
@click.option("--least-kappa", metavar="K", type=float, help="Fail when a judge's kappa is lower, or there is none.")
def calibrate(
    constraints: Path,
    judges: tuple[Path, ...],
    labels: Path | None,
    only_labels: bool,
    as_json: bool,
    page: Path | None,
    least_kappa: float | None,
) -> int:
    """Ask judges about the examples of a file, and about labelled responses; show how far they agree."""
    from verif_dsl import load
    from verif_dsl.judging import Judge, calibration, load_judge_config
    from verif_dsl.rows import check_output

    if only_labels and labels is None:
        raise click.UsageError("--only-labels goes with --labels")
    if page is not None:
        check_output(page, inputs=(constraints, *judges, *([labels] if labels else [])), suffixes=(".html",))
    verifier = load(constraints)
    labelled = [] if only_labels else calibration.labelled_examples(verifier.constraints)
    if labels is not None:
        labelled += calibration.read_labels(labels, verifier.program.known())
    configs = {str(file): load_judge_config(file) for file in judges}
    found = {name: calibration.calibrate(Judge(config), labelled) for name, config in configs.items()}
    if as_json:
        click.echo(json.dumps({name: _figures(one) for name, one in found.items()}))
    else:
        _show(found, page)
    low = [
        name
        for name, one in found.items()
        if least_kappa is not None and (one.total.kappa is None or one.total.kappa < least_kappa)
    ]
    for name in low:
        kappa = found[name].total.kappa
        shown = "there is no kappa" if kappa is None else f"kappa is {kappa:.2f}"
        click.echo(f"error: {name}: {shown}, and at least {least_kappa} is wanted", err=True)
    return 1 if low else 0


def _figures(calibration: "Calibration") -> dict[str, object]:
    return {
        "total": calibration.total.to_dict(),
        "constraints": {name: one.to_dict() for name, one in calibration.agreements.items()},
        "usage": {name: asdict(one) for name, one in calibration.usage.items()},
    }


def _show(found: "dict[str, Calibration]", page: Path | None) -> None:
    from rich.console import Console

    # A page is as wide as it needs to be.
    console = Console(record=page is not None, width=140 if page is not None else None)
    for name, one in found.items():
        console.print(_table(name, one))
        for reason, count in Counter(one.total.reasons).items():
            console.print(f"{count} unknown: {reason}", markup=False, highlight=False)
    if page is not None:
        from verif_dsl.cli.outputs import save

        save(page, console.export_html().encode())


def _table(judge: str, calibration: "Calibration") -> "Table":
    from rich.table import Table
    from rich.text import Text

    from verif_dsl.judging.calibration import Agreement
    from verif_dsl.judging.usage import Usage

    table = Table(title=Text(judge), title_justify="left")
    table.add_column("constraint")
    headings = ("labels", "unknown", "agreement", "kappa", "passed of pass", "failed of fail", "score off by")
    for heading in (*headings, "calls", "tokens", "s a call"):
        table.add_column(heading, justify="right")

    def add(name: str, one: Agreement, usage: Usage) -> None:
        table.add_row(
            Text(name),
            str(one.decided + one.unknown),
            str(one.unknown),
            _rate(one.agreement),
            "-" if one.kappa is None else f"{one.kappa:.2f}",
            _rate(one.true_pass_rate),
            _rate(one.true_fail_rate),
            _rate(one.score_error),
            str(usage.calls),
            f"{usage.tokens_in + usage.tokens_out:,}",
            f"{usage.seconds / usage.calls:.2f}" if usage.calls else "-",
        )

    whole = Usage()
    for name, one in sorted(calibration.agreements.items()):
        usage = calibration.usage.get(name, Usage())
        whole.add(usage)
        add(name, one, usage)
    if len(calibration.agreements) > 1:
        table.add_section()
        add("all", calibration.total, whole)
    return table


def _rate(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"
