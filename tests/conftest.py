"""Shared by all tests: one deterministic Hypothesis profile, so that a run is the same on every machine."""

import pytest
from hypothesis import settings

settings.register_profile("verif", derandomize=True, deadline=None, database=None)
settings.load_profile("verif")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-expected", action="store_true", help="write the diagnostics reported now into fixtures")


@pytest.fixture
def update_expected(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-expected"))
