"""Files that commands write: whole, and with a sentence where that cannot be."""

from pathlib import Path


def save(path: Path, content: bytes) -> None:
    """Write a file that appears whole or stays as it was. Raises `VerifError` when it cannot be written."""
    from verif_dsl import VerifError
    from verif_dsl.files import written_whole

    try:
        with written_whole(path) as file:
            file.write(content)
    except OSError as error:
        raise VerifError(f"{path}: cannot be written ({error.strerror or error})") from None
