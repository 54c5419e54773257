"""`vif explain`: what a diagnostic's code is about, or a file at a glance."""

import sys
from pathlib import Path

import click


@click.command()
@click.argument(
    "subjects",
    metavar="SUBJECT...",
    nargs=-1,
    required=True,
    help="Codes of diagnostics, such as V0203, or files of constraints (.vif).",
)
@click.option("--plan", is_flag=True, help="How the checks of a FILE are computed, and what they share.")
def explain(subjects: tuple[str, ...], plan: bool) -> None:
    """Explain codes that `vif check` shows, with an example; or what is in a file, with what each check can cost."""
    from verif_dsl.compiler.explanations import explanation

    files = [one for one in subjects if one.endswith(".vif")]
    if files:
        if len(files) < len(subjects):
            raise click.UsageError("explain either codes or files")
        click.echo("\n\n".join(map(_plan if plan else _overview, files)))
        return
    if plan:
        raise click.UsageError("--plan goes with files")
    pages = "\n\n".join(explanation(code).strip() for code in subjects)
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.markdown import Markdown

        Console().print(Markdown(pages))
    else:
        click.echo(pages)


def _plan(name: str) -> str:
    from verif_dsl.compiler import compile_source, read_source
    from verif_dsl.compiler.plan import plan

    return plan(compile_source(read_source(Path(name))))


def _overview(name: str) -> str:
    from verif_dsl.compiler import compile_source, read_source
    from verif_dsl.compiler.overview import overview

    return overview(compile_source(read_source(Path(name))))
