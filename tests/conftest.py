"""Shared by all tests: one deterministic Hypothesis profile, so that a run is the same on every machine.

`make fuzz` sets VERIF_CASES, and then draws other cases each time.
"""

import os

import pytest
from hypothesis import settings

settings.register_profile("verif", derandomize="VERIF_CASES" not in os.environ, deadline=None, database=None)
settings.load_profile("verif")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-expected", action="store_true", help="write the diagnostics reported now into fixtures")


@pytest.fixture
def update_expected(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-expected"))
