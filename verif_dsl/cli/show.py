"""`vif show`: everything about one constraint, or about a module."""

import json
import sys
from pathlib import Path

import click


@click.command()
@click.argument(
    "subject",
    metavar="SUBJECT",
    help="A constraint of the standard library (length.word_range), a module of it (length), or a file (.vif).",
)
@click.argument("name", required=False, help="A constraint of the file or the module; all of them if it is left out.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document for programs.")
def show(subject: str, name: str | None, as_json: bool) -> None:
    """Show what a constraint tells, takes, checks and costs, with its examples; as Markdown in a file or a pipe."""
    from verif_dsl.catalogue import Entry, find, module_of_file, standard_module
    from verif_dsl.pages import entry_page, module_page

    if subject.endswith(".vif"):
        module = module_of_file(Path(subject))
        found = module if name is None else module.entry(name)
    else:
        found = find(subject) if name is None else standard_module(subject).entry(name)
    if as_json:
        one = found.to_dict() if isinstance(found, Entry) else [entry.to_dict() for entry in found.entries.values()]
        click.echo(json.dumps(one))  # ASCII, which every terminal can show
        return
    page = entry_page(found) if isinstance(found, Entry) else module_page(found)
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.markdown import Markdown

        Console().print(Markdown(page))
    else:
        click.echo(page, nl=False)
