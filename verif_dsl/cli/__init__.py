"""The command line, `vif`: one module a command, and this one, which turns what users meet into an exit status.

0: all is well. 1: a mistake in a file that the user gave, or an example that its check contradicts. 2: wrong usage.
130: interrupted from the keyboard.
"""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from verif_dsl import VerifError, __version__
from verif_dsl.cli.check import check
from verif_dsl.cli.emit import emit
from verif_dsl.cli.fmt import fmt
from verif_dsl.cli.lock import lock
from verif_dsl.cli.score import score
from verif_dsl.cli.train import train

__all__ = ["main"]

app = typer.Typer(
    name="vif",
    help="Constraints on the responses of language models: check them, score with them, train on them.",
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(check)
app.command()(emit)
app.command()(fmt)
app.command()(lock)
app.command()(score)
app.command()(train)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `vif` with these arguments (those of the process by default), and return its exit status.

    A VerifError becomes its sentence on standard error; any other exception is a bug of ours and goes through.
    """
    for stream in (sys.stdout, sys.stderr):
        # A message quotes the user's text, and the terminal may not know its characters.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    command = typer.main.get_command(app)
    try:
        command.main(None if arguments is None else list(arguments), prog_name="vif")
    except VerifError as mistake:
        typer.echo(mistake.message if mistake.diagnostics else f"error: {mistake.message}", err=True)
        return 1
    except KeyboardInterrupt:
        return 130
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    return 0


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"vif {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass
