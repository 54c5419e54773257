"""The folder for results: checked before the long work, and filled so that nobody finds half a result."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from verif_dsl import VerifError

FOLDERS = ("trainer", "start", "best", "model", "adapter")
FILES = ("metrics.json", "samples.md", "learning.png", "report.html")
"""What a run puts into its folder."""
LOCK = ".lock"
"""Is in the folder, and locked, while a run writes there."""


@contextmanager
def output_folder(name: str) -> Iterator[Path]:
    """The folder of that name, made if need be; it goes again when the block raises and has left nothing in it.

    Raises `VerifError` where it cannot be made or written to, and where another run is writing to it.
    """
    folder = Path(name)
    is_new = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise VerifError(f"{folder}: the output folder cannot be made ({error.strerror or error})") from None
    if not os.access(folder, os.W_OK):
        raise VerifError(f"{folder}: the output folder cannot be written to")
    check_places(folder)
    try:
        with _kept_from_others(folder):
            yield folder
    except BaseException:
        if is_new:
            remove_if_empty(folder)
        raise


def check_places(folder: Path) -> None:
    """Raise `VerifError` where a file in the folder has the name of a folder of results, or the other way round."""
    in_the_way = [folder / name for name in FOLDERS if (folder / name).is_file()]
    in_the_way += [folder / name for name in FILES if (folder / name).is_dir()]
    if in_the_way:
        raise VerifError(
            f"{in_the_way[0]} is in the way of the results; move it, or write to another folder (--output)"
        )


@contextmanager
def _kept_from_others(folder: Path) -> Iterator[None]:
    """Lock a folder until the block or the process ends: a second run would remove what the first is just writing."""
    lock = FileLock(folder / LOCK, blocking=False)
    try:
        lock.acquire()
    except Timeout:
        raise VerifError(
            f"{folder}: another run is writing to this folder; wait for its end, or write to another (--output)"
        ) from None
    except OSError:  # some disks on a network know no locks
        pass
    try:
        yield
    finally:
        with suppress(OSError):  # Windows removes no file that is open, but filelock does there, once it is released
            (folder / LOCK).unlink(missing_ok=True)
        lock.release()


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
