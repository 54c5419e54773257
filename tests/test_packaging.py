"""What is built is what is in the repository: the list of packages, what a wheel holds and what a source archive."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
FOLDERS: dict[str, str] = PROJECT["tool"]["setuptools"]["package-dir"]
DATA = ("py.typed", "*.html", "*.json", "*.lark", "*.md", "*.toml", "*.txt", "*.vif", "*.yaml")
NOT_SOURCE = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "runs", "*.egg-info")


def installed_name(folder: str, package: str, path: Path) -> str:
    """Where a file of a mapped folder stands once it is installed."""
    return f"{package.replace('.', '/')}/{path.relative_to(ROOT / folder).as_posix()}"


def files(*patterns: str) -> set[str]:
    """The files of the mapped folders, as they are named once installed. Links are not followed."""
    found: set[str] = set()
    for package, folder in FOLDERS.items():
        for parent, _, names in os.walk(ROOT / folder):
            paths = [Path(parent, name) for name in names]
            found |= {installed_name(folder, package, one) for one in paths if any(map(one.match, patterns))}
    return found


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source distribution, and the wheel that was built from it."""
    # From a copy, because setuptools leaves its work beside the sources, and a later wheel would pick it up.
    copy = tmp_path_factory.mktemp("build") / "copy"
    shutil.copytree(ROOT, copy, symlinks=True, ignore=NOT_SOURCE)
    # Without an isolated environment, which would be filled from the network.
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(copy / "dist")]
    done = subprocess.run([*command, str(copy)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return copy / "dist"


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (found,) = built.glob("*.whl")
    return found


def test_every_package_is_listed() -> None:
    """The list is written by hand, and an editable install works with a package that it lacks; a wheel does not."""
    present = {name.removesuffix("/__init__.py").replace("/", ".") for name in files("__init__.py")}
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == present


def test_every_link_leads_to_its_mapped_folder() -> None:
    """The mapping serves builds, and the links serve type checkers: both must say the same."""
    links = {f"verif_dsl.{one.name}": one for one in (ROOT / "verif_dsl").iterdir() if one.is_symlink()}
    assert links.keys() == FOLDERS.keys() - {"verif_dsl"}
    for package, link in links.items():
        assert str(link.readlink()) == f"../{FOLDERS[package]}"


def test_the_wheel_has_every_module_and_data_file_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == files("*.py", *DATA)


def test_the_wheel_states_its_extras_script_and_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        described = {name.partition(".dist-info/")[2]: archive.read(name).decode() for name in archive.namelist()}
    for extra in ("train", "test", "dev"):
        assert f"Provides-Extra: {extra}\n" in described["METADATA"]
    assert "License-Expression: Apache-2.0\n" in described["METADATA"]
    assert "vif = verif_dsl.__main__:main" in described["entry_points.txt"]
    assert "licenses/LICENSE" in described


def test_the_source_distribution_keeps_the_layout_with_tests_and_examples(built: Path) -> None:
    (source,) = built.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        names = {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}
    kept = ("bench", "changelog.d", "compiler", "examples", "grammar", "stdlib", "tests", "trainer", "verif_dsl")
    wanted = {
        Path(parent, name).relative_to(ROOT).as_posix()
        for folder in kept
        for parent, _, here in os.walk(ROOT / folder)
        for name in here
        if "__pycache__" not in parent
    }
    assert wanted <= names
    assert {"constraints.txt", "LICENSE", "Makefile", "pyproject.toml", "README.md"} <= names


def test_the_unpacked_wheel_compiles_constraints_without_the_checkout(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    code = (
        "import verif_dsl; print(verif_dsl.__file__);"
        'verif_dsl.compile(\'constraint c { instruct "No a." check not ("a" in response) accept "b" reject "a" }\')'
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).is_relative_to(tmp_path)


def test_every_dependency_is_pinned() -> None:
    """Whatever `make setup` asks for by name has an exact version in constraints.txt."""
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pinned = {line.partition("==")[0].lower().replace("_", "-") for line in lines if not line.startswith("#")}
    asked = list(PROJECT["project"]["dependencies"])
    for extra in PROJECT["project"]["optional-dependencies"].values():
        asked += extra
    assert {re.split(r"[<>=\[]", one)[0] for one in asked} <= pinned
