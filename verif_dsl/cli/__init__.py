"""The command line, `vif`: one module a command, and this one, which turns what users meet into an exit status.

0: all is well. 1: a mistake in a file that the user gave, or an example that its check contradicts. 2: wrong usage.
130: interrupted from the keyboard.

A command returns its status, and imports the compiler and everything else that is not light only when it runs: `vif`
starts often, from editors and in loops, and no command waits for what another one needs.
"""

import sys
from collections.abc import Sequence

import click

import verif_dsl
from verif_dsl.cli.calibrate import calibrate
from verif_dsl.cli.check import check
from verif_dsl.cli.conflicts import conflicts
from verif_dsl.cli.emit import emit
from verif_dsl.cli.eval import evaluate
from verif_dsl.cli.explain import explain
from verif_dsl.cli.fmt import fmt
from verif_dsl.cli.generate import generate
from verif_dsl.cli.import_ import import_
from verif_dsl.cli.list import list_constraints
from verif_dsl.cli.lock import lock
from verif_dsl.cli.profile import profile
from verif_dsl.cli.score import score
from verif_dsl.cli.show import show
from verif_dsl.cli.test import test
from verif_dsl.cli.train import train

__all__ = ["main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(verif_dsl.__version__, message="%(prog)s %(version)s", help="Show the version.")
def vif() -> None:
    """Constraints on the responses of language models: check them, score with them, train on them."""


for command in (
    calibrate,
    check,
    conflicts,
    emit,
    evaluate,
    explain,
    fmt,
    generate,
    import_,
    list_constraints,
    lock,
    profile,
    score,
    show,
    test,
    train,
):
    command.short_help = command.help  # whole in the list of commands, where click would cut it to one line
    vif.add_command(command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `vif` with these arguments (those of the process by default), and return its exit status.

    A VerifError becomes its sentence on standard error; any other exception is a bug of ours and goes through.
    """
    for stream in (sys.stdout, sys.stderr):
        # A message quotes the user's text, and the terminal may not know its characters.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        return int(vif.main(arguments, prog_name="vif", standalone_mode=False) or 0)
    except click.ClickException as misuse:
        misuse.show()
        return misuse.exit_code
    except click.Abort:  # what click makes of an interruption
        return 130
    except verif_dsl.VerifError as mistake:  # evaluated, and the compiler imported, only when something was raised
        click.echo(mistake.message if mistake.diagnostics else f"error: {mistake.message}", err=True)
        return 1
