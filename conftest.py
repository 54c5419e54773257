"""Settings of the test run that pyproject.toml cannot say."""

from importlib.util import find_spec

# Looking for doctests imports every module, and those of the trainer need the extra `train`.
collect_ignore_glob = [] if find_spec("trl") else ["verif_dsl/trainer/*", "tests/trainer/*"]
