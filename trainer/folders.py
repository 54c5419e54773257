"""The folder for results: checked before the long work, and filled so that nobody finds half a result."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from verif_dsl import VerifError


@contextmanager
def output_folder(name: str) -> Iterator[Path]:
    """The folder of that name, made if need be; it goes again when the block raises and has left nothing in it.

    Raises `VerifError` where it cannot be made or written to.
    """
    folder = Path(name)
    is_new = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise VerifError(f"{folder}: the output folder cannot be made ({error.strerror or error})") from None
    if not os.access(folder, os.W_OK):
        raise VerifError(f"{folder}: the output folder cannot be written to")
    try:
        yield folder
    except BaseException:
        if is_new:
            remove_if_empty(folder)
        raise


def remove_if_empty(folder: Path) -> None:
    """Remove the folder if it is there and nothing is in it."""
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def remove_folder(folder: Path) -> None:
    """Remove a folder with all that is in it, if it is there."""
    if folder.is_dir():
        shutil.rmtree(folder)


def move_folder(folder: Path, path: Path) -> None:
    """Move a folder to a place beside it, where another one may stand, which it replaces."""
    remove_folder(path)
    folder.replace(path)


@contextmanager
def written_folder(path: Path) -> Iterator[Path]:
    """A new folder beside `path`, which takes its place when the block ends, and is gone when the block raises.

    >>> with tempfile.TemporaryDirectory() as name:
    ...     with written_folder(Path(name) / "model") as folder:
    ...         _ = (folder / "weights").write_text("1")
    ...     [one.name for one in Path(name).rglob("*")]
    ['model', 'weights']
    """
    beside = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
    try:
        yield beside
        beside.chmod(0o755)  # mkdtemp's folders are for their owner's eyes only
        if path.exists():
            shutil.rmtree(path)
        beside.replace(path)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
