"""`vif check`: compile .vif files and try their examples."""

from pathlib import Path
from typing import Annotated

import typer

from verif_dsl import VerifError


def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files of constraints (.vif).")],
) -> None:
    """Compile files and run the accept and reject examples in them; show every mistake with its place."""
    from verif_dsl.compiler import check_file

    errors = examples = failed = 0
    for path in files:
        try:
            report = check_file(path)
        except VerifError as mistake:  # a file that cannot be read: say so, and go on with the others
            typer.echo(f"error: {mistake.message}")
            errors += 1
            continue
        if rendered := report.render():
            typer.echo(f"{rendered}\n")
        errors += report.errors
        examples += report.examples
        failed += report.failed
    typer.echo(
        f"{_count(len(files), 'file')}, {_count(errors, 'error')}, {_count(examples, 'example')}, {failed} failed"
    )
    if errors:
        raise typer.Exit(1)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
