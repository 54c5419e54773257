"""`vif lock`: pin what .vif files import, so that a changed import is noticed before it changes a verdict."""

from pathlib import Path

import click


@click.command()
@click.argument(
    "files",
    metavar="FILE...",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path),
    help="Files of constraints (.vif) in one folder.",
)
def lock(files: tuple[Path, ...]) -> None:
    """Write `vif.lock` beside the files: the version and the SHA-256 of every text they import."""
    from verif_dsl import VerifError
    from verif_dsl.compiler.modules import LOCK, lock_text
    from verif_dsl.compiler.specs import pins_of
    from verif_dsl.files import written_whole

    folders = {path.resolve().parent for path in files}
    if len(folders) > 1:
        raise VerifError("a lock is for one folder, and these files stand in several; run vif lock for each")
    pins = {name: pin for path in files for name, pin in pins_of(path).items()}
    with written_whole(folders.pop() / LOCK) as out:
        out.write(lock_text(pins).encode())
    click.echo(f"{len(pins)} import{'' if len(pins) == 1 else 's'} pinned in {files[0].parent / LOCK}")
