"""The command line as users meet it: what it prints, its exit status, and what it leaves on disk."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.cli.commands import CONSTRAINTS, assert_refused, vif
from verif_dsl.cli import main
from verif_dsl.compiler import check_file, compile_source, read_source
from verif_dsl.compiler.builtins import langdetect_profiles
from verif_dsl.compiler.diagnostics import VerifError

COMMANDS = ("check", "emit", "eval", "explain", "fmt", "list", "lock", "score", "show", "train")

# ------------------------------------------------------------------------------------------------------------- vif


def test_the_version_is_shown() -> None:
    done = vif("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("vif ")


def test_help_lists_every_command_and_each_command_has_its_own() -> None:
    done = vif("-h")
    assert done.returncode == 0
    assert done.stdout == vif("--help").stdout
    assert vif().stderr == done.stdout  # wrong usage, told as such
    for command in COMMANDS:
        of_command = vif(command, "-h")
        assert of_command.returncode == 0
        sentence = " ".join(of_command.stdout.split("\n\n")[1].split())
        assert f"{command} {sentence}" in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [(("chekc", "x"), "'check'"), (("check", "--fromat", "json"), "'--format'"), (("score", "--speck"), "'--spec'")],
)
def test_what_was_probably_meant_is_said(arguments: tuple[str, ...], meant: str) -> None:
    assert_refused(vif(*arguments), f"Did you mean {meant}?", status=2)


@pytest.mark.parametrize(
    ("arguments", "unneeded"),
    [
        pytest.param(["--version"], {"verif_dsl.compiler", "polars", "pydantic", "rich"}, id="version"),
        pytest.param(["--help"], {"verif_dsl.compiler", "polars", "pydantic", "rich"}, id="help"),
        pytest.param(["check", "-"], {"verif_dsl.verifier", "polars", "pydantic", "rich"}, id="check"),
    ],
)
def test_a_command_loads_only_what_it_needs(arguments: list[str], unneeded: set[str]) -> None:
    code = f"import sys; from verif_dsl.cli import main; main({arguments}); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], input="", capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "click" in loaded
    assert loaded & unneeded == set()


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("chek",),
        ("check",),
        ("check", "--format", "yaml", "a.vif"),
        ("explain",),
        ("score", "a.vif", "b.jsonl"),
        ("train",),
        ("check", "--colour", "a.vif"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_status_2(arguments: tuple[str, ...]) -> None:
    done = vif(*arguments)
    assert done.returncode == 2
    assert "Usage" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_terminal_that_lacks_a_character_shows_its_escape(tmp_path: Path) -> None:
    done = vif("check", tmp_path / "二.vif", PYTHONIOENCODING="latin-1")
    assert "\\u4e8c.vif" in done.stdout
    assert done.returncode == 1
    assert done.stderr == ""


def test_an_interruption_from_the_keyboard_is_status_130(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.vif"
    os.mkfifo(pipe)
    command = [sys.executable, "-m", "verif_dsl", "check", str(pipe)]

    def heed_interruption() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell makes its background jobs ignore it

    with (
        subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=heed_interruption) as process,
        pipe.open("w"),  # open returns once the process has opened its end, and now waits for text
    ):
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in errors


# ------------------------------------------------------------------------------------------------------- vif check


def test_check_counts_the_examples_of_good_files(constraints: Path) -> None:
    done = vif("check", constraints, constraints)
    assert done.stdout.splitlines()[-1] == "2 files, 0 errors, 12 examples, 0 failed"
    assert done.returncode == 0


def test_check_shows_every_mistake_of_every_file_with_its_place(tmp_path: Path, constraints: Path) -> None:
    bad = tmp_path / "bad.vif"
    bad.write_text(CONSTRAINTS.replace("min <= len(words(response)) <= max", "min <= len(wrds(response)) <= maxx"))
    done = vif("check", bad, tmp_path / "missing.vif", constraints)
    assert f"{bad}:" in done.stdout
    assert "wrds" in done.stdout
    assert "maxx" in done.stdout
    assert "missing.vif" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("3 files, 3 errors, ")
    assert done.returncode == 1
    assert done.stderr == ""


def test_check_fails_for_an_example_that_its_check_contradicts(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.vif"
    wrong.write_text(CONSTRAINTS.replace('accept "a b"', 'accept "a, b"'))
    done = vif("check", wrong)
    assert "V0401" in done.stdout
    assert done.stdout.splitlines()[-1] == "1 file, 1 error, 6 examples, 1 failed"
    assert done.returncode == 1


def test_check_reads_standard_input(constraints: Path) -> None:
    done = vif("check", "-", constraints, given=CONSTRAINTS)
    assert (done.stdout, done.stderr) == ("2 files, 0 errors, 12 examples, 0 failed\n", "")
    assert done.returncode == 0
    done = vif("check", "-", given="constraint c {\n  check true\n}\n")
    assert "--> <stdin>:1:12" in done.stdout
    assert done.returncode == 1


def test_standard_input_imports_the_library_and_no_file(constraints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(constraints.parent)
    assert vif("check", "-", given='import "std/length" as length').returncode == 0
    done = vif("check", "-", given='import "rules" as rules')
    assert "error[V0212]" in done.stdout
    assert done.returncode == 1


def test_check_prints_json_with_every_diagnostic(tmp_path: Path, constraints: Path) -> None:
    bad = tmp_path / "二.vif"
    old = CONSTRAINTS.replace("constraint no_comma {", 'constraint no_comma {\n  deprecated "write no_commas"')
    bad.write_text(old.replace('accept "a b"', 'accept "a, b"'), encoding="utf-8")
    report = check_file(bad)
    assert {one.severity for one in report.diagnostics} == {"error", "warning"}
    done = vif("check", "--format", "json", bad, constraints, PYTHONIOENCODING="latin-1")
    assert json.loads(done.stdout) == {
        "files": 2,
        "errors": 1,
        "warnings": 2,
        "examples": 12,
        "failed": 1,
        "untried": {},
        "diagnostics": [one.to_dict(report.source) for one in report.diagnostics],
    }
    assert done.returncode == 1
    assert done.stderr == ""


def test_a_file_without_mistakes_is_json_too(constraints: Path) -> None:
    done = vif("check", constraints, "--format", "json")
    counts = {"files": 1, "errors": 0, "warnings": 0, "examples": 6, "failed": 0}
    expected = {**counts, "untried": {}, "diagnostics": []}
    assert json.loads(done.stdout) == expected
    assert done.returncode == 0


def test_examples_that_need_what_is_not_installed_are_said_not_to_be_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(langdetect_profiles, "find_spec", lambda name: None)
    path = tmp_path / "french.vif"
    path.write_text(
        'constraint french { instruct "Write French." check decide(language_langdetect(response) == "fr", '
        'if_unknown = false) accept "Write French." reject "Bonjour." }',
        encoding="utf-8",
    )
    assert main(["check", str(path)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "1 file, 0 errors, 0 examples, 0 failed",
        "2 examples not tried: langdetect is not installed (pip install 'verif-dsl[ifeval]')",
    ]


def test_examples_of_specs_are_run_and_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    judged = (
        'constraint kind { instruct "Be kind." judge { ask "Kind?" scale 1 to 5 pass >= 4 } accept "a" reject "b" }'
    )
    path = tmp_path / "specs.vif"
    spec = 'spec both { use no_comma() use kind() accept "a b" reject "a, b" } spec soft { use kind() accept "a" }'
    path.write_text(CONSTRAINTS + judged + spec, encoding="utf-8")
    assert main(["check", str(path)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "1 file, 0 errors, 8 examples, 0 failed",
        "1 example not tried: a judge decides every constraint of its spec",
    ]


def test_a_contradiction_is_an_error_of_the_check_and_not_of_compiling(
    constraints: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with constraints.open("a", encoding="utf-8") as file:
        file.write("spec none { use word_range(min = 5, max = 6) use word_range(max = 4) as shorter }")
    assert main(["check", str(constraints)]) == 1
    assert "error[V0403]: no response keeps both `word_range` and `shorter`" in capsys.readouterr().out
    assert "none" in compile_source(read_source(constraints)).specs


def test_of_a_spec_that_is_broken_off_only_the_mistake_is_told(tmp_path: Path) -> None:
    path = tmp_path / "rules.vif"
    path.write_text(CONSTRAINTS + 'spec s { use word_range() use no_comma(n == 1) reject "a, b" }', encoding="utf-8")
    assert [one.code for one in check_file(path).diagnostics] == ["V0101"]


def test_a_file_that_cannot_be_read_is_a_diagnostic_without_a_place(tmp_path: Path) -> None:
    missing = tmp_path / "missing.vif"
    done = vif("check", "--format", "json", missing, "-", given="constraint {")
    found = json.loads(done.stdout)
    assert done.returncode == 1
    assert [one["file"] for one in found["diagnostics"]] == [str(missing), "<stdin>"]
    unread, misread = found["diagnostics"]
    assert unread == {
        "code": None,
        "severity": "error",
        "message": f"there is no file {missing}",
        "file": str(missing),
        "start": None,
        "end": None,
        "help": None,
        "notes": [],
    }
    assert unread.keys() == misread.keys()
    assert (misread["code"], misread["start"]) == ("V0101", {"line": 1, "column": 12})


@pytest.mark.parametrize("output_format", ["text", "json"])
def test_standard_input_that_is_not_text_is_an_error(output_format: str) -> None:
    command = [sys.executable, "-m", "verif_dsl", "check", "--format", output_format, "-"]
    done = subprocess.run(command, input=b"\xff", capture_output=True)
    assert b"standard input is not UTF-8 text (byte 0)" in done.stdout
    assert (done.stderr, done.returncode) == (b"", 1)


def test_check_against_an_earlier_text_wants_a_new_version_for_other_verdicts(
    tmp_path: Path, constraints: Path
) -> None:
    changed = tmp_path / "changed.vif"
    changed.write_text(CONSTRAINTS.replace('not ("," in response)', 'not (", " in response)'))
    done = vif("check", changed, "--against", constraints)
    assert "error[V0402]" in done.stdout
    assert done.returncode == 1
    assert vif("check", constraints, "--against", constraints).returncode == 0
    assert_refused(vif("check", constraints, changed, "--against", constraints), "compares one file", 2)
    shown = vif("check", constraints, "--against", tmp_path / "missing.vif").stdout
    assert shown.startswith("error: there is no file")


# ------------------------------------------------------------------------------------------------------ vif explain

PAGES = {"V0201": "# V0201\n\nA name that is **not defined**.\n", "V0203": "# V0203\n\nA type that does not fit.\n"}


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two short pages in the place of the compiler's."""

    def explanation(code: str) -> str:
        if code not in PAGES:
            raise VerifError(f"there is no code {code}")
        return PAGES[code]

    monkeypatch.setitem(sys.modules, "verif_dsl.compiler.explanations", SimpleNamespace(explanation=explanation))


@pytest.mark.usefixtures("pages")
def test_explain_prints_pages_one_after_another(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "V0203"]) == 0
    assert capsys.readouterr().out == PAGES["V0203"]
    assert main(["explain", "V0201", "V0203"]) == 0
    assert capsys.readouterr().out == PAGES["V0201"] + "\n" + PAGES["V0203"]


@pytest.mark.usefixtures("pages")
def test_explain_renders_for_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert main(["explain", "V0201"]) == 0
    shown = capsys.readouterr().out
    assert "not defined" in shown
    assert "**" not in shown


@pytest.mark.usefixtures("pages")
def test_explain_of_an_unknown_code_prints_no_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "V0201", "V9999"]) == 1
    assert capsys.readouterr() == ("", "error: there is no code V9999\n")


def test_explain_knows_the_codes_of_the_compiler() -> None:
    pytest.importorskip("verif_dsl.compiler.explanations")
    done = vif("explain", "V0201", "V0203")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.index("V0201") < done.stdout.index("V0203")
    assert_refused(vif("explain", "V9999"), "V9999")


def test_explain_shows_what_is_in_a_file_and_what_it_can_cost(constraints: Path) -> None:
    done = vif("explain", constraints)
    assert (done.stderr, done.returncode) == ("", 0)
    first = done.stdout.split("\n\n")[0].splitlines()
    assert first[0].startswith("constraint ")
    assert any(line.startswith("  tells: ") for line in first)
    assert "steps" in first[-1]
    assert_refused(vif("explain", constraints, "V0203"), "either codes or files", 2)
    assert_refused(vif("explain", constraints.with_name("missing.vif")), "there is no file")


# ------------------------------------------------------------------------------------------------------- vif train


def test_training_without_its_packages_names_the_extra(tmp_path: Path) -> None:
    code = "import sys; sys.modules['trl'] = None; from verif_dsl.__main__ import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, "train", str(tmp_path / "config.yaml")], capture_output=True, text=True
    )
    assert_refused(done, "training needs packages that are not installed (")
    assert "trl" in done.stderr
    assert "pip install 'verif-dsl[train]'" in done.stderr


def test_training_with_a_missing_config_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("trl")
    assert_refused(vif("train", tmp_path / "config.yaml"), "config.yaml")
