"""`vif test`: hold constraints against the laws that every constraint keeps."""

import json
from pathlib import Path

import click


@click.command()
@click.argument(
    "files",
    metavar="FILE...",
    nargs=-1,
    required=True,
    help="Files of constraints (.vif); FILE::CONSTRAINT for one constraint of a file.",
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
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Real responses to other prompts, of which most should fail: JSON Lines with a field `response`.",
)
@click.option("--junit", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Also write JUnit XML.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document for programs.")
@click.option("-v", "--verbose", is_flag=True, help="Also say what was not tried, and why.")
def test(
    files: tuple[str, ...],
    cases: int,
    laws: tuple[str, ...],
    without: tuple[str, ...],
    responses: Path | None,
    junit: Path | None,
    as_json: bool,
    verbose: bool,
) -> int:
    """Hold constraints against the laws that every constraint keeps, and show the smallest response that breaks one."""
    from verif_dsl.testing import running

    chosen = running.chosen_laws(laws)
    skips = [running.read_skip(one) for one in without]
    real = [] if responses is None else _responses(responses)
    outcomes: list[running.Outcome] = []
    for name in files:
        path, _, constraint = name.partition("::")
        outcomes += running.try_file(
            Path(path), chosen, constraint=constraint or None, cases=cases, real=real, skips=skips
        )
    if junit is not None:
        junit.write_text(running.junit(outcomes) + "\n", encoding="utf-8")
    failed = [one for one in outcomes if one.status == "failed"]
    tried = sum(one.status != "not tried" for one in outcomes)
    if as_json:
        found = {"tried": tried, "failed": len(failed), "outcomes": [one.to_dict() for one in outcomes]}
        click.echo(json.dumps(found))  # ASCII, which every terminal can show
        return 1 if failed or not tried else 0
    if outcomes:
        click.echo(running.table(outcomes))
    for one in outcomes:
        if one.finding is not None:
            click.echo(f"\n{one.file}::{one.constraint} breaks {one.law}: {running.described(one.finding)}")
        elif verbose and one.status == "not tried":
            click.echo(f"\n{one.file}::{one.constraint} {one.law} not tried: {one.reason}")
    click.echo(f"\n{tried} tried, {len(failed)} failed, {len(outcomes) - tried} not tried")
    if not tried:
        click.echo("Nothing was tested: there is no constraint here that a law could be tried on.")
    return 1 if failed or not tried else 0


def _responses(path: Path) -> list[str]:
    """The field `response` of each line."""
    from verif_dsl import VerifError

    found: list[str] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if not isinstance(row, dict) or not isinstance(row.get("response"), str):
            raise VerifError(f"{path}:{number}: this is no JSON object with a text `response`")
        found.append(row["response"])
    if not found:
        raise VerifError(f"{path} has no responses")
    return found
