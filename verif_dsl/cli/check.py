"""`vif check`: compile .vif files and try their examples."""

import gc
import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from verif_dsl.cli.standard_input import (
    STANDARD_INPUT,
    STANDARD_INPUT_NAME,
    files_or_standard_input,
    read_standard_input,
)

if TYPE_CHECKING:
    from verif_dsl.compiler import CheckReport

MANY_OBJECTS = 500_000
"""So many allocations between two runs of the garbage collector."""


@click.command()
@files_or_standard_input
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Text for people, or one JSON document for programs.",
)
@click.option(
    "--against",
    metavar="OLD",
    type=click.Path(path_type=Path),
    help="An earlier text of the one FILE: what changed its verdicts since needs a new version.",
)
def check(files: tuple[Path, ...], output_format: str, against: Path | None) -> int:
    """Compile files and run the accept and reject examples in them; show every mistake with its place."""
    if against is not None and len(files) > 1:
        raise click.UsageError("--against compares one file with an earlier text of it")
    from verif_dsl import VerifError

    # Trees are built once and thrown away whole: looking for circles in them in between takes a quarter of the time.
    gc.set_threshold(MANY_OBJECTS)
    as_json = output_format == "json"
    untried: Counter[str] = Counter()
    totals = Counter(files=len(files), errors=0, warnings=0, examples=0, failed=0)
    diagnostics: list[dict[str, object]] = []
    for path in files:
        try:
            report = _report(path, against)
        except VerifError as mistake:  # a file that cannot be read: say so, and go on with the others
            totals["errors"] += 1
            if as_json:
                diagnostics.append(_without_place(path, mistake.message))
            else:
                click.echo(f"error: {mistake.message}")
            continue
        warnings = len(report.diagnostics) - report.errors
        totals.update(errors=report.errors, warnings=warnings, examples=report.examples, failed=report.failed)
        untried.update(report.untried)
        if as_json:
            diagnostics += [one.to_dict(report.source) for one in report.diagnostics]
        elif report.diagnostics:
            click.echo(f"{report.render()}\n")
    if as_json:
        found = {**totals, "untried": dict(untried), "diagnostics": diagnostics}
        click.echo(json.dumps(found))  # ASCII, which every terminal can show
    else:
        counts = [_count(totals[f"{noun}s"], noun) for noun in ("file", "error", "example")]
        click.echo(f"{', '.join(counts)}, {totals['failed']} failed")
        for reason, number in untried.items():
            click.echo(f"{_count(number, 'example')} not tried: {reason}")
    return 1 if totals["errors"] else 0


def _report(path: Path, against: Path | None) -> "CheckReport":
    from verif_dsl.compiler import check_file, check_source, read_source

    if path == STANDARD_INPUT:
        _, source = read_standard_input()
        return check_source(source, None if against is None else read_source(against))[1]
    return check_file(path, against)


def _without_place(path: Path, message: str) -> dict[str, object]:
    """What `Diagnostic.to_dict` would give for a file as a whole, which has no code and no place."""
    name = STANDARD_INPUT_NAME if path == STANDARD_INPUT else str(path)
    found = {"code": None, "severity": "error", "message": message, "file": name}
    return {**found, "start": None, "end": None, "help": None, "notes": []}


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
