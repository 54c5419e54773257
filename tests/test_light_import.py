"""`import verif_dsl` must stay light: it is imported by every worker of a training job, and by every `vif --help`."""

import subprocess
import sys

import pytest

HEAVY = {
    *("accelerate", "datasets", "torch", "transformers", "trl", "vllm"),
    *("matplotlib", "numpy", "pandas", "polars", "pyarrow"),
    *("openai", "pydantic", "yaml"),
}
COMPILE = """
import verif_dsl
verifier = verif_dsl.compile('constraint c { instruct "No a." check not ("a" in response) accept "b" reject "a" }')
"""


def modules_after(code: str) -> set[str]:
    """The top-level modules that a fresh interpreter has loaded after running some code."""
    printing = "\nimport sys; print(' '.join({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code + printing], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("import verif_dsl", id="package"),
        pytest.param("import verif_dsl.cli", id="command line"),
        pytest.param(COMPILE, id="compiling"),
        pytest.param("import verif_dsl.trainer", id="trainer package"),
    ],
)
def test_heavy_packages_wait_until_they_are_used(code: str) -> None:
    assert modules_after(code) & HEAVY == set()


def test_the_command_line_library_is_not_loaded_with_the_package() -> None:
    assert modules_after("import verif_dsl") & {"click", "rich"} == set()


def test_checking_loads_polars_and_nothing_of_training() -> None:
    """Also the counterpart of the tests above: it shows that they would see a package that is loaded."""
    loaded = modules_after(COMPILE + "verifier.check(['a'])")
    assert loaded & HEAVY - {"numpy", "pandas", "pyarrow"} == {"polars"}
