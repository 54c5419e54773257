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
def explain(subjects: tuple[str, ...]) -> None:
    """Explain codes that `vif check` shows, with an example; or what is in a file, with what each check can cost."""
    from verif_dsl.compiler.explanations import explanation

    files = [one for one in subjects if one.endswith(".vif")]
    if files:
        if len(files) < len(subjects):
            raise click.UsageError("explain either codes or files")
        click.echo("\n\n".join(map(_overview, files)))
        return
    pages = "\n\n".join(explanation(code).strip() for code in subjects)
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.markdown import Markdown

        Console().print(Markdown(pages))
    else:
        click.echo(pages)


def _overview(name: str) -> str:
    from verif_dsl.compiler import compile_source, read_source
    from verif_dsl.compiler.overview import overview

    return overview(compile_source(read_source(Path(name))))
