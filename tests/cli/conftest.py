"""The file of constraints that the commands are given."""

from pathlib import Path

import pytest

from tests.cli.commands import CONSTRAINTS


@pytest.fixture
def constraints(tmp_path: Path) -> Path:
    path = tmp_path / "rules.vif"
    path.write_text(CONSTRAINTS)
    return path
