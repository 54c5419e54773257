"""docs/stdlib is what the standard modules give now: `make docs` (`pytest --update-expected`) writes it anew."""

from pathlib import Path

import pytest

from verif_dsl.catalogue import Module, standard_library
from verif_dsl.pages import index, module_page

FOLDER = Path(__file__).parent.parent / "docs" / "stdlib"


@pytest.fixture(scope="module")
def library() -> list[Module]:
    return standard_library()


@pytest.fixture(scope="module")
def pages(library: list[Module]) -> dict[str, str]:
    """The text of every page by its name."""
    return {"README.md": index(library), **{f"{module.short}.md": module_page(module) for module in library}}


def test_the_pages_are_what_the_modules_give(pages: dict[str, str], update_expected: bool) -> None:
    if update_expected:
        FOLDER.mkdir(exist_ok=True)
        for left_over in {path.name for path in FOLDER.iterdir()} - set(pages):
            (FOLDER / left_over).unlink()
        for name, text in pages.items():
            (FOLDER / name).write_text(text, encoding="utf-8")
    found = {path.name: path.read_text(encoding="utf-8") for path in sorted(FOLDER.iterdir())}
    assert sorted(found) == sorted(pages), "a module was added, renamed or removed: run make docs"
    for name, text in pages.items():
        assert found[name] == text, "a module was changed: run make docs"


def test_the_index_names_every_constraint(library: list[Module], pages: dict[str, str]) -> None:
    for module in library:
        assert f"| [{module.short}]({module.short}.md) | " in pages["README.md"]
        for name in module.entries:
            assert f"| [{name}]({module.short}.md#{name}) | " in pages["README.md"]
            assert f"\n## {name}\n" in pages[f"{module.short}.md"]
