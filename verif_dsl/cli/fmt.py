"""`vif fmt`: write .vif files in the one style."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from verif_dsl import VerifError

STANDARD_INPUT = Path("-")


def fmt(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Files of constraints (.vif); - for standard input.")
    ],
    check: Annotated[bool, typer.Option("--check", help="Only list the files that would change.")] = False,
) -> None:
    """Rewrite files in the one style, and list those that changed; standard input comes out on standard output."""
    wrong = False
    for path in files:
        try:
            changed = _format_standard_input(check) if path == STANDARD_INPUT else _format_file(path, check)
        except VerifError as mistake:  # this file stays as it is; go on with the others
            typer.echo(mistake.message if mistake.diagnostics else f"error: {mistake.message}", err=True)
            wrong = True
            continue
        if changed and (check or path != STANDARD_INPUT):
            typer.echo(str(path))
        wrong = wrong or (changed and check)
    if wrong:
        raise typer.Exit(1)


def _format_file(path: Path, check: bool) -> bool:
    """Whether the file is not in the one style; unless only checking, it is afterwards."""
    from verif_dsl.compiler import read_source
    from verif_dsl.compiler.printer import format_source
    from verif_dsl.files import written_whole

    formatted = format_source(read_source(path)).encode()
    try:
        if path.read_bytes() == formatted:  # the bytes: the text that was read does not tell \r\n from \n
            return False
        if not check:
            with written_whole(path) as file:
                file.write(formatted)
    except OSError as error:
        raise VerifError(f"{path} cannot be written: {error.strerror}") from None
    return True


def _format_standard_input(check: bool) -> bool:
    from verif_dsl.compiler import Source
    from verif_dsl.compiler.printer import format_source

    given = sys.stdin.buffer.read()
    try:
        text = given.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise VerifError(f"standard input is not UTF-8 text (byte {error.start})") from None
    formatted = format_source(Source("<stdin>", text)).encode()
    if not check:
        typer.echo(formatted, nl=False)  # bytes: the terminal's encoding must not change the text
    return given != formatted
