"""Imports: local files and the standard library, circles, paths that lead out, versions, and the lock."""

from pathlib import Path

import pytest

import verif_dsl
from verif_dsl import VerifError
from verif_dsl.cli import main

TONE = """
pack "tone" version "1.2.0"
define loud(x: text) -> bool = "!" in x or shouted(x)
define shouted(x: text) -> bool = is_upper(x)
constraint quiet {
  param most: int in 0 to 9 = 0
  instruct "Use at most {most} exclamation marks."
  check occurrences(response, "!") <= most
  accept "Fine."
  reject "Fine!"
}
"""
MAIN = """
import "shared/tone" version "1" as tone
import "std/length" as length
constraint calm {
  instruct "Stay calm."
  check not tone.loud(response)
  accept "Fine."
  reject "FINE"
}
spec post {
  use calm()
  use tone.quiet(most = 1)
  use length.words_at_most(n = 3) as short
}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "tone.vif").write_text(TONE, encoding="utf-8")
    (tmp_path / "main.vif").write_text(MAIN, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('import "std/lenght" as a', "V0212"),
        ('import "../secret" as a', "V0212"),
        ('import "/etc/passwd" as a', "V0212"),
        ('import "shared/none" as a', "V0212"),
        ('import "shared/tone.vif" as a', "V0212"),
        ('import "shared/tone" version "2" as a', "V0214"),
        ('import "shared/bare" version "1" as a', "V0214"),
        ('import "shared/broken" as a', "V0215"),
        ('import "shared/unparsed" as a', "V0215"),
        ('import "shared/contradicted" as a', "V0215"),
        ('import "shared/contradicted_spec" as a', "V0215"),
        ('import "shared/circle" as a', "V0213"),
        ('import "shared/tone" as a import "std/case" as a', "V0204"),
    ],
)
def test_an_import_that_cannot_be_followed_says_why_at_its_place(folder: Path, line: str, code: str) -> None:
    (folder / "shared" / "bare.vif").write_text("define f() -> bool = true", encoding="utf-8")
    (folder / "shared" / "broken.vif").write_text("define f() -> bool = 1", encoding="utf-8")
    (folder / "shared" / "contradicted.vif").write_text(TONE.replace("<= most", "< most"), encoding="utf-8")
    spec = TONE + 'spec s { use quiet() accept "Fine!" }'
    (folder / "shared" / "contradicted_spec.vif").write_text(spec, encoding="utf-8")
    (folder / "shared" / "unparsed.vif").write_text("define f(", encoding="utf-8")
    (folder / "shared" / "circle.vif").write_text('import "shared/back" as back', encoding="utf-8")
    (folder / "shared" / "back.vif").write_text('import "shared/circle" as there', encoding="utf-8")
    (folder / "a.vif").write_text(line, encoding="utf-8")
    with pytest.raises(VerifError) as caught:
        verif_dsl.load(folder / "a.vif")
    assert [one.code for one in caught.value.diagnostics] == [code]


def test_a_file_that_imports_itself_is_a_circle(folder: Path) -> None:
    (folder / "a.vif").write_text('import "b" as b', encoding="utf-8")
    (folder / "b.vif").write_text('import "b" as b', encoding="utf-8")
    with pytest.raises(VerifError, match="in a circle: b -> b"):
        verif_dsl.load(folder / "a.vif")


def test_a_link_that_leads_out_of_the_folder_is_not_followed(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    secret = tmp_path_factory.mktemp("elsewhere") / "secret.vif"
    secret.write_text("define f() -> bool = true", encoding="utf-8")
    (folder / "out.vif").symlink_to(secret)
    (folder / "a.vif").write_text('import "out" as out', encoding="utf-8")
    with pytest.raises(VerifError, match="lies outside the folder"):
        verif_dsl.load(folder / "a.vif")


def test_a_text_without_a_folder_can_import_the_standard_library_only() -> None:
    text = 'import "std/case" as case\nspec s { use case.all_lowercase() }'
    assert verif_dsl.compile(text).check(["a"]).rewards() == [1.0]
    with pytest.raises(VerifError, match="stands in no folder"):
        verif_dsl.compile('import "shared/tone" as tone')


def test_a_lock_pins_the_text_of_every_import(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lock", str(folder / "main.vif")]) == 0
    assert "2 imports pinned" in capsys.readouterr().out
    assert main(["check", str(folder / "main.vif")]) == 0
    (folder / "shared" / "tone.vif").write_text(TONE.replace('"Fine!"', '"Fine!!"'), encoding="utf-8")
    capsys.readouterr()
    assert main(["check", str(folder / "main.vif")]) == 1
    shown = capsys.readouterr().out
    assert "V0214" in shown and '"shared/tone" is not what vif.lock pins' in shown
    assert main(["lock", str(folder / "main.vif")]) == 0
    assert main(["check", str(folder / "main.vif")]) == 0


def test_an_import_that_the_lock_leaves_out_is_an_error(folder: Path) -> None:
    (folder / "vif.lock").write_text('{"lock": 1, "modules": {}}', encoding="utf-8")
    with pytest.raises(VerifError, match=r"is not in vif\.lock"):
        verif_dsl.load(folder / "main.vif")
    (folder / "vif.lock").write_text("{", encoding="utf-8")
    with pytest.raises(VerifError, match="is not a lock"):
        verif_dsl.load(folder / "main.vif")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("tone.lowd(response)", "did you mean `loud`?"),
        ("tune.loud(response)", "did you mean `tone`?"),
        ("tone.loud", "call a definition of a module"),
        ("tone.loud(1)", "must be text"),
    ],
)
def test_a_wrong_call_of_an_imported_definition_is_told(folder: Path, call: str, message: str) -> None:
    text = MAIN.replace("tone.loud(response)", call)
    with pytest.raises(VerifError) as caught:
        verif_dsl.compile(text, folder=folder)
    assert message in str(caught.value)
