"""Checkpoints to go on from: which of them are whole, and whose they are.

A process can be killed while it writes, and disks fill. So a checkpoint counts only when a list of its files with their
digests was written after all of them, and still holds.
"""

import errno
import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from verif_dsl import VerifError
from verif_dsl.files import written_whole

COMPLETE = "complete.json"
"""The list of a checkpoint's files, which is written last."""
RUN = "run.json"
"""What the checkpoints of a folder depend on."""
BEFORE = "before.json"
"""What was measured before the first step."""


def mark_complete(checkpoint: Path) -> None:
    """Write down which files a checkpoint consists of."""
    listed = json.dumps(_digests(checkpoint), indent=1)
    with written_whole(checkpoint / COMPLETE) as file:
        file.write(listed.encode())


def problem_of(checkpoint: Path) -> str | None:
    """What is wrong with a checkpoint, or None when it is whole."""
    try:
        wanted = json.loads((checkpoint / COMPLETE).read_bytes())
    except (OSError, ValueError):
        return "it was not written to its end"
    for name, digest in wanted.items():
        try:
            same = _digest(checkpoint / name) == digest
        except OSError:
            return f"{name} is missing"
        if not same:
            return f"{name} is not what was written"
    return None


def last_whole(folder: Path) -> Path | None:
    """The latest checkpoint in a folder that is whole."""
    found = sorted(folder.glob("checkpoint-*"), key=step_of, reverse=True)
    return next((checkpoint for checkpoint in found if problem_of(checkpoint) is None), None)


def remove_damaged(folder: Path, tell: Callable[[str], None]) -> None:
    """Remove the checkpoints in a folder that nothing can go on from; `tell` hears of each."""
    for checkpoint in folder.glob("checkpoint-*"):
        problem = problem_of(checkpoint)
        if problem is not None:
            tell(f"{checkpoint} is of no use and removed: {problem}")
            shutil.rmtree(checkpoint)


def goes_on(folder: Path) -> str:
    """What to add to the reason of a stop: from where the same command goes on; nothing without a checkpoint."""
    checkpoint = last_whole(folder)
    if checkpoint is None:
        return ""
    return f"; training is saved up to step {step_of(checkpoint)}, and the same command goes on from there"


def claim(folder: Path, run: Mapping[str, Any]) -> None:
    """Note in a folder what its checkpoints depend on.

    Raises `VerifError` when it holds checkpoints that depend on something else.
    """
    check_owner(folder, run)
    if not any(folder.glob("checkpoint-*")):
        (folder / BEFORE).unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    with written_whole(folder / RUN) as file:
        file.write(json.dumps(run, sort_keys=True, indent=1).encode())


def check_owner(folder: Path, run: Mapping[str, Any]) -> None:
    """Raise `VerifError` when a folder holds checkpoints that depend on something else than this run."""
    if not any(folder.glob("checkpoint-*")):
        return
    noted = folder / RUN
    try:
        before = json.loads(noted.read_bytes()) if noted.exists() else {}
    except ValueError:
        raise VerifError(f"{noted} is damaged; write to another folder (--output), or remove {folder}") from None
    now = json.loads(json.dumps(run))
    changed = sorted(key for key in {*before, *now} if before.get(key) != now.get(key))
    if changed:
        raise VerifError(
            f"{folder} holds checkpoints of a run with other {', '.join(f'`{key}`' for key in changed)}; "
            "write to another folder (--output), or remove that one to start anew"
        )


def remove_checkpoints(folder: Path) -> None:
    """Remove what a run that has ended needs no more."""
    for checkpoint in folder.glob("checkpoint-*"):
        shutil.rmtree(checkpoint)
    for name in (RUN, BEFORE, "README.md"):  # the last is TRL's, beside every checkpoint
        (folder / name).unlink(missing_ok=True)


def steps_between(wanted: int | None, a_round: int, default: int = 20) -> int:
    """After how many steps to save: as wanted, or by default the next multiple of a round of generation.

    Raises `VerifError` for a number that would save in the middle of a round.

    >>> steps_between(None, 1), steps_between(None, 8), steps_between(16, 8), steps_between(0, 8)
    (20, 24, 16, 0)
    >>> steps_between(10, 8)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    verif_dsl.compiler.diagnostics.VerifError: `checkpoints.every: 10` would save in the midst of what is ...
    """
    if wanted is None:
        return -(-default // a_round) * a_round
    if wanted % a_round:
        lower = wanted // a_round * a_round
        either = f"{lower} or {lower + a_round}" if lower else str(a_round)
        raise VerifError(
            f"`checkpoints.every: {wanted}` would save in the midst of what is generated for {a_round} steps, "
            f"and the rest would be lost; write {either}"
        )
    return wanted


UNWRITABLE = ("No space left", "os error 28", "PytorchStreamWriter failed", "unexpected pos", "iostream error")
"""What the libraries that write checkpoints say when the disk is full; PyTorch does not say why it cannot write."""


def is_unwritable(error: BaseException | None) -> bool:
    """Whether an error, or what it came from, says that a file cannot be written to its end."""
    while error is not None:
        if getattr(error, "errno", None) == errno.ENOSPC or any(words in str(error) for words in UNWRITABLE):
            return True
        error = error.__cause__ or error.__context__
    return False


def step_of(checkpoint: Path) -> int:
    """The step after which a checkpoint was written, by its name."""
    number = checkpoint.name.rpartition("-")[2]
    return int(number) if number.isdecimal() else -1


def _digests(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != COMPLETE)
    return {str(path.relative_to(folder)): _digest(path) for path in sorted(files)}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
