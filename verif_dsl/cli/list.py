"""`vif list`: the constraints of the standard library, or of files, a line each."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from verif_dsl.catalogue import Entry, Module

    Found = Sequence[tuple[Module, Sequence[Entry]]]


@click.command("list")
@click.argument(
    "subjects",
    metavar="[MODULE|FILE...]",
    nargs=-1,
    help="Modules of the standard library, such as length, or files of constraints (.vif); the whole library if none.",
)
@click.option("--tag", metavar="TAG", help="Only the constraints with this tag.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document for programs.")
def list_constraints(subjects: tuple[str, ...], tag: str | None, as_json: bool) -> None:
    """List the constraints of the standard library, of some of its modules, or of files, each with what it is."""
    from verif_dsl.catalogue import module_of_file, standard_library, standard_module

    modules = [module_of_file(Path(one)) if one.endswith(".vif") else standard_module(one) for one in subjects]
    modules = modules or standard_library()
    found: Found = [(module, list(module.entries.values())) for module in modules]
    if tag is not None:
        found = _tagged(found, tag)
    if as_json:
        click.echo(json.dumps([_to_dict(module, entries) for module, entries in found]))
    elif sys.stdout.isatty():
        _show_table(found)
    else:
        _show_lines(found)


def _tagged(found: "Found", tag: str) -> "Found":
    from verif_dsl import VerifError
    from verif_dsl.compiler.diagnostics import suggestion

    kept = [(module, [one for one in entries if tag in one.constraint.tags]) for module, entries in found]
    if not any(entries for _, entries in kept):
        hint = suggestion(tag, {tag for _, entries in found for one in entries for tag in one.constraint.tags})
        raise VerifError(f"no constraint has the tag `{tag}`" + (f" ({hint})" if hint else ""))
    return [(module, entries) for module, entries in kept if entries]


def _title(module: "Module") -> str:
    title = module.name if module.version is None else f"{module.name} {module.version}"
    about = module.summary or ("" if module.entries else "no constraints of its own")
    return f"{title}: {about}" if about else title


def _line(entry: "Entry") -> str:
    return f"{'(deprecated) ' if entry.constraint.deprecated else ''}{entry.summary}"


def _show_lines(found: "Found") -> None:
    """A line each, however long, for `grep` and its like."""
    width = max((len(one.name) for _, entries in found for one in entries), default=0)
    for module, entries in found:
        click.echo(_title(module))
        for one in entries:
            click.echo(f"  {one.name:{width}}  {_line(one)}".rstrip())


def _show_table(found: "Found") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    width = max((len(one.name) for _, entries in found for one in entries), default=0)
    for module, entries in found:
        # Text: what authors wrote is shown as it is, whatever brackets are in it.
        console.print(Text(_title(module), style="bold"))
        table = Table.grid(padding=(0, 2, 0, 2))
        table.add_column(min_width=width)
        for one in entries:
            table.add_row(Text(one.name, style="cyan"), Text(_line(one)))
        console.print(table)


def _to_dict(module: "Module", entries: "Sequence[Entry]") -> dict[str, object]:
    constraints = [
        {
            "name": one.name,
            "doc": one.constraint.doc,
            "tags": list(one.constraint.tags),
            "kind": one.constraint.kind,
            "deprecated": one.constraint.deprecated,
        }
        for one in entries
    ]
    return {"module": module.name, "version": module.version, "about": module.about, "constraints": constraints}
