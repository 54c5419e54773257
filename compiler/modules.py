"""Imported files: where they are, and the lock that pins them. Never the network, never a path outside the folder.

`import "std/length" as length` reads the standard library; `import "shared/tone" as tone` the file `shared/tone.vif`
in the folder of the file that is compiled. `vif.lock` in that folder, where there is one, pins the text of every
import.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from os import PathLike
from pathlib import Path

from verif_dsl.compiler.diagnostics import VerifError, suggestion
from verif_dsl.compiler.source import Source

STANDARD = "std/"
MODULE_PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*(?:/[A-Za-z0-9_][A-Za-z0-9_-]*)*")
LOCK = "vif.lock"
MOST_MODULES = 200
"""Files that one program may be made of."""


class ModuleError(ValueError):
    """An import that cannot be followed: its code, a sentence, and how to mend it."""

    def __init__(self, code: str, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.hint = code, message, hint


def read_source(path: str | PathLike[str]) -> Source:
    """The text of a .vif file, which may import what is in its folder. Raises `VerifError` when it cannot be read."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise VerifError(f"{path} is not UTF-8 text (byte {error.start})") from None
    except FileNotFoundError:
        raise VerifError(f"there is no file {path}") from None
    except OSError as error:
        raise VerifError(f"{path} cannot be read: {error.strerror}") from None
    return Source(str(path), text, folder=Path(path).resolve().parent)


def standard_modules() -> list[str]:
    """The names of the standard library's modules, as imports write them."""
    library = files("verif_dsl.stdlib").iterdir()
    return sorted(STANDARD + one.name.removesuffix(".vif") for one in library if one.name.endswith(".vif"))


def find_module(path: str, folder: Path | None) -> Source:
    """The source an import names. Raises `ModuleError` (V0212) when there is none that it may read.

    >>> find_module("std/length", None).name
    'std/length'
    """
    if not MODULE_PATH.fullmatch(path):
        hint = 'write names and `/`, without `..` or `.vif`, such as "shared/tone"'
        raise ModuleError("V0212", f'"{path}" is not the name of a module', hint)
    if path.startswith(STANDARD):
        if path not in standard_modules():
            raise ModuleError("V0212", f'there is no module "{path}"', suggestion(path, standard_modules()))
        text = files("verif_dsl.stdlib").joinpath(path.removeprefix(STANDARD) + ".vif").read_text(encoding="utf-8")
        return Source(path, text)
    if folder is None:
        hint = "load the .vif file by its path, or give its folder"
        raise ModuleError("V0212", f'"{path}" cannot be found: this text stands in no folder', hint)
    file = (folder / f"{path}.vif").resolve()
    if not file.is_relative_to(folder.resolve()):  # a link that leads out
        raise ModuleError("V0212", f'"{path}" lies outside the folder {folder}', "copy the file into it")
    if not file.is_file():
        raise ModuleError(
            "V0212",
            f'there is no file {path}.vif for "{path}"',
            "paths start in the folder of the file that is compiled",
        )
    try:
        return Source(f"{path}.vif", read_source(file).text, folder)
    except VerifError:
        raise ModuleError("V0212", f'"{path}" cannot be read', "it has to be UTF-8 text") from None


@dataclass(frozen=True, slots=True)
class Pin:
    """What a lock holds about one module: its version, and the SHA-256 of its text."""

    version: str | None
    sha256: str


def pin_of(source: Source, version: str | None) -> Pin:
    """The pin of a module as it is now."""
    return Pin(version, hashlib.sha256(source.text.encode()).hexdigest())


def read_lock(folder: Path | None) -> dict[str, Pin] | None:
    """The pins in a folder's lock, or None where there is no lock. Raises `VerifError` for one that is not whole."""
    if folder is None or not (folder / LOCK).exists():
        return None
    path = folder / LOCK
    try:
        modules = json.loads(path.read_text(encoding="utf-8"))["modules"]
        return {name: Pin(pin["version"], str(pin["sha256"])) for name, pin in modules.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise VerifError(f"{path} is not a lock; write it anew with `vif lock`") from None


def lock_text(pins: Mapping[str, Pin]) -> str:
    """The text of a lock."""
    modules = {name: {"version": pin.version, "sha256": pin.sha256} for name, pin in sorted(pins.items())}
    return json.dumps({"lock": 1, "modules": modules}, indent=2) + "\n"


def check_pin(path: str, now: Pin, lock: Mapping[str, Pin] | None) -> None:
    """Raises `ModuleError` (V0214) where a lock pins another text, or leaves the module out."""
    if lock is None or lock.get(path) == now:
        return
    hint = "look at what changed, then write the lock anew with `vif lock`"
    if path not in lock:
        raise ModuleError("V0214", f'"{path}" is not in {LOCK}', hint)
    was = lock[path]
    message = f'"{path}" is not what {LOCK} pins: {was.version} {was.sha256[:12]}, now {now.version} {now.sha256[:12]}'
    raise ModuleError("V0214", message, hint)


def check_version(path: str, wanted: str | None, found: str | None) -> None:
    """Raises `ModuleError` (V0214) unless the version found begins with the parts of the one asked for.

    >>> check_version("std/length", "1", "1.2.0")
    """
    if wanted is None:
        return
    if found is None:
        raise ModuleError("V0214", f'"{path}" says no version', f'add pack "{path}" version "{wanted}" to it')
    if found.split(".")[: len(wanted.split("."))] != wanted.split("."):
        raise ModuleError("V0214", f'"{path}" is version {found}, not {wanted}')


def circle(path: str, being_read: Iterable[str]) -> str | None:
    """How a module leads back to itself, or None when it does not."""
    names = [*being_read]
    return " -> ".join([*names[names.index(path) :], path]) if path in names else None
