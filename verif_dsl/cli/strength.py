"""`vif strength`: which mistakes in a check its examples would not notice, and the lines that would."""

import json
from fractions import Fraction
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
    from verif_dsl.compiler import Source
    from verif_dsl.testing.strength import Strength

COLUMNS = ("mutants", "killed", "survived", "not told apart", "score")


@click.command()
@files_or_standard_input
@click.option("--suggest", is_flag=True, help="Show, for each mutant that survives, the line to add.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document for programs.")
@click.option(
    "--least",
    metavar="SHARE",
    type=click.FloatRange(0, 1),
    help="Exit with 1 when the score of a constraint is below this, such as 0.9.",
)
def strength(files: tuple[Path, ...], suggest: bool, as_json: bool, least: float | None) -> int:
    """Put small mistakes into each check, and show which of them its accept and reject examples do not notice."""
    from verif_dsl.compiler import compile_source
    from verif_dsl.testing.strength import strengths

    found = [(_name(path), list(strengths(compile_source(_source(path))))) for path in files]
    if as_json:
        click.echo(json.dumps([_to_dict(file, one) for file, results in found for one in results]))  # ASCII
    else:
        for file, results in found:
            _show(file, results, suggest)
    limit = 0 if least is None else Fraction(str(least))
    return 1 if any(one.score < limit for _, results in found for one in results) else 0


def _name(path: Path) -> str:
    return STANDARD_INPUT_NAME if path == STANDARD_INPUT else str(path)


def _source(path: Path) -> "Source":
    from verif_dsl.compiler import read_source

    return read_standard_input()[1] if path == STANDARD_INPUT else read_source(path)


def _show(file: str, results: "list[Strength]", suggest: bool) -> None:
    """A table, and what the examples do not notice below it."""
    measured = [one for one in results if one.left_out is None]
    width = max((len(one.constraint) for one in measured), default=len(file))
    click.echo(f"{file:{width}}  {'  '.join(COLUMNS)}")
    for one in measured:
        _show_row(one.constraint, _counts(one), one.score, width)
    if len(measured) > 1:
        totals = [sum(column) for column in zip(*map(_counts, measured), strict=True)]
        telling = totals[1] + totals[2]
        _show_row("all", totals, Fraction(totals[1], telling) if telling else Fraction(1), width)
    for one in results:
        if one.left_out is not None:
            click.echo(f"{one.constraint} is left out: {one.left_out}")
    for one in measured:
        _show_details(one, suggest)


def _counts(one: "Strength") -> list[int]:
    return [one.mutants, len(one.killed), len(one.survivors), len(one.not_told_apart)]


def _show_row(name: str, counts: list[int], score: Fraction, width: int) -> None:
    shown = [*map(str, counts), f"{int(score * 100)} %"]
    cells = (f"{cell:>{len(column)}}" for cell, column in zip(shown, COLUMNS, strict=True))
    click.echo(f"{name:{width}}  {'  '.join(cells)}")


def _show_details(one: "Strength", suggest: bool) -> None:
    if one.survivors:
        click.echo(f"\n{one.constraint}: no example notices")
        for survivor in one.survivors:
            click.echo(f"  {survivor.mutant.description}")
            if suggest:
                click.echo(f"    {survivor.line}")
    if one.not_told_apart:
        tried = f"{one.tries} responses with {one.argument_sets} sets of arguments"
        click.echo(f"\n{one.constraint}: not told apart by {tried}")
        for mutant in one.not_told_apart:
            click.echo(f"  {mutant.description}")


def _to_dict(file: str, one: "Strength") -> dict[str, object]:
    return {
        "file": file,
        "constraint": one.constraint,
        "left_out": one.left_out,
        "mutants": one.mutants,
        "killed": len(one.killed),
        "score": None if one.left_out else round(float(one.score), 4),
        "survivors": [{"mutant": mutant.mutant.description, "line": mutant.line} for mutant in one.survivors],
        "not_told_apart": [mutant.description for mutant in one.not_told_apart],
        "tries": one.tries,
        "argument_sets": one.argument_sets,
    }
