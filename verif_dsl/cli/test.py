"""`vif test`: hold constraints against the laws that every constraint keeps, and their examples against mistakes."""

import json
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import click

from verif_dsl.cli.outputs import save
from verif_dsl.cli.standard_input import STANDARD_INPUT, read_standard_input

if TYPE_CHECKING:
    from verif_dsl.compiler import Source
    from verif_dsl.testing.running import FileResult, Settings


def _share(text: str) -> Fraction:
    """A share as it is written: `0.9` is nine tenths, which no float is."""
    with suppress(ValueError, ZeroDivisionError):
        share = Fraction(text)
        if 0 <= share <= 1:
            return share
    raise click.BadParameter(f"{text} is no number from 0 to 1, such as 0.9.")


@click.command()
@click.argument(
    "files",
    metavar="FILE...",
    nargs=-1,
    required=True,
    help="Files of constraints (.vif), - for standard input; FILE::CONSTRAINT for one constraint of a file.",
)
@click.option("--cases", type=click.IntRange(min=1), default=20, show_default=True, help="Responses for each law.")
@click.option("--law", "laws", metavar="NAME", multiple=True, help="Only this law; may be given several times.")
@click.option(
    "--without",
    metavar="LAW[:CONSTRAINT]=REASON",
    multiple=True,
    help="Switch a law off, for all constraints or one, and say why; may be given several times.",
)
@click.option(
    "--responses",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Real responses to other prompts, of which most should fail: rows with a `response` (.jsonl or .parquet).",
)
@click.option(
    "--strength",
    is_flag=True,
    help="Also put small mistakes into each check, and count those that its examples notice.",
)
@click.option(
    "--suggest", is_flag=True, help="--strength, and the mistakes they do not notice, each with a line to paste."
)
@click.option(
    "--least",
    metavar="SHARE",
    type=_share,
    help="--strength, and a failure where the examples of a constraint notice less than this, such as 0.9.",
)
@click.option("--junit", metavar="FILE", type=click.Path(path_type=Path), help="Also write JUnit XML (.xml).")
@click.option("--json", "as_json", is_flag=True, help="One JSON document for programs.")
@click.option("-v", "--verbose", is_flag=True, help="Also say what was not tried, and why.")
def test(
    files: tuple[str, ...],
    cases: int,
    laws: tuple[str, ...],
    without: tuple[str, ...],
    responses: Path | None,
    strength: bool,
    suggest: bool,
    least: Fraction | None,
    junit: Path | None,
    as_json: bool,
    verbose: bool,
) -> int:
    """Hold constraints against the laws that every constraint keeps, and show the smallest response that breaks one;
    and say which mistakes in a check its examples would not notice."""
    from verif_dsl.rows import check_output, read_rows
    from verif_dsl.testing import reports
    from verif_dsl.testing.running import Settings, chosen_laws, read_skip

    if junit is not None:
        check_output(junit, suffixes=(".xml",))
    settings = Settings(
        laws=chosen_laws(laws),
        cases=cases,
        real=() if responses is None else tuple(read_rows(responses, needed=("response",)).columns["response"]),
        skips=tuple(map(read_skip, without)),
        strength=strength or suggest or least is not None,
        least=least,
    )
    results = [_result(name, settings) for name in files]
    if junit is not None:
        save(junit, f"{reports.junit(results)}\n".encode())
    if as_json:
        click.echo(json.dumps(reports.document(results)))  # ASCII, which every terminal can show
    else:
        _show(results, suggest, verbose)
    outcomes = [one for result in results for one in result.outcomes]
    wrong = any(one.problem is not None for one in results) or any(one.status == "failed" for one in outcomes)
    return 1 if wrong or _untried(results) else 0


def _result(name: str, settings: "Settings") -> "FileResult":
    """What comes of a file, or of one constraint of it. A file that does not compile is a result as well."""
    from verif_dsl import VerifError
    from verif_dsl.testing.running import FileResult, try_source

    path, _, constraint = name.partition("::")
    try:
        return try_source(_source(Path(path)), settings, constraint or None)
    except VerifError as mistake:
        return FileResult(path, problem=mistake.message if mistake.diagnostics else f"error: {mistake.message}")


def _source(path: Path) -> "Source":
    from verif_dsl.compiler import read_source

    return read_standard_input()[1] if path == STANDARD_INPUT else read_source(path)


def _show(results: "list[FileResult]", suggest: bool, verbose: bool) -> None:
    """A table, what is wrong below it, and all of it in a line."""
    from verif_dsl.testing import reports

    if any(one.outcomes for one in results):
        click.echo(f"{reports.table(results)}\n")
    for result in results:
        if result.problem is not None:
            click.echo(f"{result.problem}\n")
        for one in result.outcomes:
            if one.finding is not None:
                click.echo(f"{result.name}::{one.constraint} breaks {one.law}: {reports.described(one.finding)}\n")
        untried = [one for one in result.outcomes if verbose and one.status == "not tried"]
        if untried:
            lines = (f"{result.name}::{one.constraint} {one.law} not tried: {one.reason}\n" for one in untried)
            click.echo("".join(lines))
        for measured in result.strengths if suggest else ():
            if missed := reports.suggested(f"{result.name}::{measured.constraint}", measured):
                click.echo(f"{missed}\n")
    click.echo(reports.summary(results))
    if _untried(results):
        click.echo("Nothing was tested: there is no constraint here that a law could be tried on.")


def _untried(results: "list[FileResult]") -> bool:
    """Whether there was nothing to try, though every file compiled."""
    compiled = all(one.problem is None for one in results)
    return compiled and not any(one.status != "not tried" for result in results for one in result.outcomes)
