"""The parts of a file that takes long to compute, kept in a folder beside it, so that a stopped run can go on.

Every part is a file with a record beside it: the command and the source that it was computed from, and what is to be
known about it without reading it. A part is written before its record, and both appear whole, so that a run can be
stopped at any moment: a part whose record is missing or does not fit is no part, and is computed again.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from verif_dsl.compiler.diagnostics import VerifError
from verif_dsl.files import written_whole


@dataclass(frozen=True, slots=True)
class Part:
    """A part that is on the disk, and what its record says about it."""

    path: Path
    about: Mapping[str, Any]


@dataclass(frozen=True)
class Parts:
    """The parts of the file `output`, as a command computes them.

    `command` is everything beside its source that a part depends on, as plain data by names that people understand.
    """

    output: Path
    command: Mapping[str, object]

    @property
    def folder(self) -> Path:
        """Where the parts are. There is no such folder before the first part and after the last."""
        # Through a link, as the output is: renaming a file works only within a disk.
        output = self.output.resolve() if self.output.is_symlink() else self.output
        return output.with_name(f"{output.name}.parts")

    def find(self, number: int, source: str) -> Part | None:
        """The part with this number, where an earlier run has computed it from this source and it is whole.

        `source` stands for the content that the part is computed from, such as a digest of it. Raises VerifError when
        another command has computed the part: what two commands make must not end in one file.
        """
        path = self._path(number)
        try:
            record = json.loads(_record(path).read_bytes())
            command, whole, about = record["command"], (record["source"], record["sha256"]), record["about"]
        except (OSError, ValueError, LookupError, TypeError):
            return None
        if command != self.command:
            differing = ", ".join(name for name in self.command if self.command[name] != command.get(name))
            raise VerifError(
                f"{self.folder}: a stopped run of another command left its results there (other {differing}); "
                "finish that command, or delete the folder to start anew"
            )
        return Part(path, about) if whole == (source, _digest(path)) else None

    def keep(self, number: int, source: str, content: bytes, about: Mapping[str, Any]) -> Part:
        """Write a part and its record to the disk. Raises VerifError when they cannot be written."""
        path = self._path(number)
        sha256 = hashlib.sha256(content).hexdigest()
        record = {"command": self.command, "source": source, "sha256": sha256, "about": about}
        try:
            self.folder.mkdir(exist_ok=True)
            for where, what in ((path, content), (_record(path), json.dumps(record).encode())):
                with written_whole(where) as file:
                    file.write(what)
        except OSError as error:
            raise VerifError(f"{path}: cannot be written ({error.strerror or error})") from None
        return Part(path, about)

    def join(self, write: Callable[[BinaryIO], None]) -> None:
        """Let `write` put the parts together into the output, which appears whole, and remove the folder.

        Raises VerifError when the output cannot be written; the parts stay.
        """
        try:
            # In the folder, which a later run removes: a killed run must not leave half a file beside the output.
            with written_whole(self.output, folder=self.folder) as file:
                write(file)
        except OSError as error:
            raise VerifError(f"{self.output}: cannot be written ({error.strerror or error})") from None
        with suppress(OSError):  # the output is there: a file that somebody put into the folder is no reason to fail
            for pattern in (f"[0-9]*{self.output.suffix}", "[0-9]*.json", ".*.part"):
                for path in self.folder.glob(pattern):
                    path.unlink()
            self.folder.rmdir()

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:06}{self.output.suffix}"


def _record(path: Path) -> Path:
    return path.with_suffix(".json")


def _digest(path: Path) -> str | None:
    """The SHA-256 of a file, or None where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
