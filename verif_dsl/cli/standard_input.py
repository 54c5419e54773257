"""Standard input as one of the files that a command is given, written `-`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from verif_dsl.compiler import Source

STANDARD_INPUT = Path("-")
STANDARD_INPUT_NAME = "<stdin>"
"""What diagnostics call it."""

files_or_standard_input = click.argument(
    "files",
    metavar="FILE...",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path),
    help="Files of constraints (.vif); - for standard input.",
)


def read_standard_input() -> tuple[bytes, "Source"]:
    """What stands in it, as it is and as a source, which is in no folder and can import nothing but the library."""
    from verif_dsl import VerifError
    from verif_dsl.compiler import Source

    given = sys.stdin.buffer.read()
    try:
        text = given.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise VerifError(f"standard input is not UTF-8 text (byte {error.start})") from None
    return given, Source(STANDARD_INPUT_NAME, text)
