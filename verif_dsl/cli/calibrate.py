"""`vif calibrate`: judges beside labels."""

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from verif_dsl.judging.calibration import Agreement, Calibration


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
    from verif_dsl.cli.judging import shown_progress
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
    found = {}
    for name, config in configs.items():
        judge = Judge(config)
        with shown_progress(judge, name):
            found[name] = calibration.calibrate(judge, labelled)
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
    """Tables of what the judges got right and what they cost, those of one constraint side by side."""
    from rich.console import Console

    from verif_dsl.cli.judging import cost_table
    from verif_dsl.judging.usage import Usage

    if len(stems := {Path(file).stem: one for file, one in found.items()}) == len(found):
        found = stems
    names = sorted({name for one in found.values() for name in one.agreements})
    rows = [((name, judge), one.agreements[name]) for name in names for judge, one in found.items()]
    costs = [((name, judge), one.usage.get(name, Usage())) for name in names for judge, one in found.items()]
    if len(names) > 1:
        rows += [(("all", judge), one.total) for judge, one in found.items()]
        costs += [(("all", judge), one.total_usage) for judge, one in found.items()]
    # A page is as wide as it needs to be.
    console = Console(record=page is not None, width=140 if page is not None else None)
    console.print(_table(rows), cost_table(("constraint", "judge"), costs))
    for judge, one in found.items():
        for reason, count in Counter(one.total.reasons).items():
            console.print(f"{judge}: {count} unknown: {reason}", markup=False, highlight=False)
    if page is not None:
        from verif_dsl.cli.outputs import save

        save(page, console.export_html().encode())


def _table(rows: "Sequence[tuple[tuple[str, str], Agreement]]") -> "Table":
    from rich.text import Text

    from verif_dsl.cli.judging import narrow_table

    headings = ("labels", "unknown", "agreement", "kappa", "passed of pass", "failed of fail", "score off by")
    table = narrow_table(("constraint", "judge"), headings)
    for labels, one in rows:
        table.add_row(
            *map(Text, labels),
            str(one.decided + one.unknown),
            str(one.unknown),
            _rate(one.agreement),
            "-" if one.kappa is None else f"{one.kappa:.2f}",
            _rate(one.true_pass_rate),
            _rate(one.true_fail_rate),
            _rate(one.score_error),
        )
    return table


def _rate(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"
