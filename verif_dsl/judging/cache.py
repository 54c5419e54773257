"""Replies of judges that are kept from one run to the next, by all that they depend on.

LMDB keeps them (py-lmdb): a store in two files, which many processes read and write at the same time and which a killed
one leaves whole. Values are JSON.
"""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock
from typing import Any
from weakref import WeakValueDictionary

from pydantic import TypeAdapter

from verif_dsl.compiler.diagnostics import VerifError
from verif_dsl.judging.requests import Completion

GIBIBYTE = 1 << 30
STORED = TypeAdapter(Completion)


class ReplyCache:
    """A folder of replies. What is put is there for every process that opens the folder, as soon as it is put.

    Raises `VerifError` when the folder cannot be used, or is full.
    """

    def __init__(self, folder: str, gibibytes: int) -> None:
        self.folder = Path(folder)
        self.size = gibibytes * GIBIBYTE
        self._used: _Store | None = None

    def find(self, keys: Iterable[bytes]) -> list[Completion | None]:
        """The reply to each key, None where there is none."""
        with self._troubles(), self._store().begin() as reading:
            found = [reading.get(key) for key in keys]
        return [None if one is None else _read(one) for one in found]

    def put(self, key: bytes, completion: Completion) -> None:
        """Keep a reply."""
        with self._troubles(), self._store().begin(write=True) as writing:
            writing.put(key, json.dumps(asdict(completion)).encode())

    def flush(self) -> None:
        """See to it that what was put outlives a loss of power."""
        if self._used is not None:
            with self._troubles():
                self._store().sync(True)

    def _store(self) -> Any:
        if self._used is None or self._used.process != os.getpid():
            self._used = _opened(self.folder.resolve(), self.size)
        return self._used.environment

    @contextmanager
    def _troubles(self) -> Iterator[None]:
        """Tells what is wrong with the folder in a sentence."""
        import lmdb

        try:
            yield
        except lmdb.MapFullError:
            raise VerifError(
                f"the cache of judge replies in {self.folder} is full; raise `cache_size`, or delete the folder"
            ) from None
        except (OSError, lmdb.Error) as error:
            raise VerifError(f"the cache of judge replies in {self.folder} cannot be used ({error})") from None


@dataclass(frozen=True)
class _Store:
    """An open folder. LMDB opens one only once in a process, and it must not be used on the other side of a fork."""

    environment: Any
    process: int


_STORES: WeakValueDictionary[Path, _Store] = WeakValueDictionary()
_OPENING = Lock()


def _opened(folder: Path, size: int) -> _Store:
    """The open folder, which all caches of this process that are in it share."""
    import lmdb

    with _OPENING:
        store = _STORES.get(folder)
        if store is not None and store.process == os.getpid():
            return store
        if store is not None:
            store.environment.close()  # of this side alone; else LMDB would take the folder for open
        folder.mkdir(parents=True, exist_ok=True)
        # Without a flush to the disk at each reply: they outlive the process, not a loss of power.
        environment = lmdb.open(str(folder), map_size=size, max_readers=1024, sync=False)
        environment.reader_check()  # the places of processes that were killed
        store = _STORES[folder] = _Store(environment, os.getpid())
        return store


def _read(value: bytes) -> Completion | None:
    try:
        return STORED.validate_python(json.loads(value))
    except ValueError:  # of a version that wrote something else
        return None
