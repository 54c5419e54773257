"""`vif fmt`: write .vif files in the one style."""

from pathlib import Path

import click

from verif_dsl.cli.standard_input import STANDARD_INPUT, files_or_standard_input, read_standard_input


@click.command()
@files_or_standard_input
@click.option("--check", is_flag=True, help="Only list the files that would change.")
def fmt(files: tuple[Path, ...], check: bool) -> int:
    """Rewrite files in the one style, and list those that changed; standard input comes out on standard output."""
    from verif_dsl import VerifError

    wrong = False
    for path in files:
        try:
            changed = _format_standard_input(check) if path == STANDARD_INPUT else _format_file(path, check)
        except VerifError as mistake:  # this file stays as it is; go on with the others
            click.echo(mistake.message if mistake.diagnostics else f"error: {mistake.message}", err=True)
            wrong = True
            continue
        if changed and (check or path != STANDARD_INPUT):
            click.echo(str(path))
        wrong = wrong or (changed and check)
    return 1 if wrong else 0


def _format_file(path: Path, check: bool) -> bool:
    """Whether the file is not in the one style; unless only checking, it is afterwards."""
    from verif_dsl import VerifError
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
    from verif_dsl.compiler.printer import format_source

    given, source = read_standard_input()
    formatted = format_source(source).encode()
    if not check:
        click.echo(formatted, nl=False)  # bytes: the terminal's encoding must not change the text
    return given != formatted
