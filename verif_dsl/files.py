"""Files that appear whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def written_whole(path: Path, *, folder: Path | None = None) -> Iterator[BinaryIO]:
    """A binary file to write, which takes its place at `path` when the block ends, and not before.

    The bytes go to a hidden file beside `path`, or in `folder` on the same disk, reach the disk, and are then renamed,
    so that a reader sees the old file or the new one, never half of one. When the block raises, `path` is as it was and
    the hidden file is gone; only a process that is killed leaves it behind. Raises OSError when the folder is missing
    or not writable, or the disk is full.

    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name) / "a.txt"
    >>> with written_whole(path) as file:
    ...     _ = file.write(b"whole")
    ...     path.exists()
    False
    >>> path.read_bytes()
    b'whole'
    >>> folder.cleanup()
    """
    target = path.resolve()  # through a link, so that the link stays one
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=folder or target.parent)
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.chmod(_mode(target))
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _mode(target: Path) -> int:
    """The permissions `target` has, or those a new file gets: mkstemp's own are for its owner's eyes only."""
    if target.exists():
        return target.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
