"""Small chunks, what is checked in a run, and an input with its output."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.scoring.runs import CHUNK_ROWS, ROWS, run, write_jsonl
from verif_dsl import Verifier
from verif_dsl import rows as rows_module


@pytest.fixture
def pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of two rows."""
    monkeypatch.setattr(rows_module, "CHUNK_ROWS", CHUNK_ROWS)


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The responses that are really checked, in order."""
    responses: list[str] = []
    check = Verifier.check

    def noting(self: Verifier, given: Sequence[str], **options: object) -> object:
        responses.extend(given)
        return check(self, given, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Verifier, "check", noting)
    return responses


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_jsonl(tmp_path / "in.jsonl", ROWS)


@pytest.fixture
def expected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output for ROWS of one chunk and one run, in both formats, without its suffix."""
    folder = tmp_path_factory.mktemp("expected")
    for suffix in (".jsonl", ".parquet"):
        run(write_jsonl(folder / "in.jsonl", ROWS), folder / f"out{suffix}")
    return folder / "out"
