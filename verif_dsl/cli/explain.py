"""`vif explain`: what a diagnostic's code is about, longer than the diagnostic can say it."""

import sys

import click


@click.command()
@click.argument("codes", metavar="CODE...", nargs=-1, required=True, help="Codes of diagnostics, such as V0203.")
def explain(codes: tuple[str, ...]) -> None:
    """Explain codes that `vif check` shows: what is wrong, an example of it, and how to mend it."""
    from verif_dsl.compiler.explanations import explanation

    pages = "\n\n".join(explanation(code).strip() for code in codes)
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.markdown import Markdown

        Console().print(Markdown(pages))
    else:
        click.echo(pages)
