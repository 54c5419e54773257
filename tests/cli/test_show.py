"""`vif show`: everything about one constraint, about a module, or about a file."""

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

import verif_dsl
from tests.cli.commands import assert_refused, vif
from verif_dsl.catalogue import NAMED, PORTS, standard_module
from verif_dsl.cli import main
from verif_dsl.compiler.modules import find_module, standard_modules
from verif_dsl.pages import code, entry_page, fenced, prose, verbatim

RULES = r"""# Rules for letters of a bank.

import "std/length" as length

# Whether a text is polite.
define polite(x: text) -> bool = starts_with(x, greeting())
define greeting() -> text = "Dear"

constraint short version 2 {
  doc "At most so many words, *not* counting `code`."
  tags "letters", "length"
  param least: int in 1 to 9 = 2
  param most: int in least to 9 sample 3 to 4
  param tone: one_of("warm", "a|b") = "warm"
  param share: decimal in 0 to 1 = 0.5
  param names: list of text sample ["An", "Bo"]
  require most - least <= 8
  let found = len(words(response))
  instruct "Write {least} to {most} words for {names:list}, {tone}, {share}." when least < most
  instruct "Use the form:\n# Title\n1. <b>one</b>\n\n__end__" when least < most
  instruct "Schreibe {least} bis {most} Wörter." lang "de"
  instruct "Write exactly {most} words." when least == most
  feedback "You wrote {found}."
  check least <= found <= most
    and polite(response)
  accept '''
    Dear you,
    hello.
    ''' with most = 3, names = ["An"]
  reject "Dear" with most = 3, names = ["An"] because "it is only one"
}
constraint answer {
  given earlier from assistant[-1]
  deprecated "it is vague." use short
  instruct "Begin as in {earlier:quoted}."
  check response != earlier
  accept "Tea." after user "What?" assistant "Milk."
  reject "Milk." after user "What?" assistant "Milk."
}
constraint tone {
  instruct "Be formal."
  judge {
    ask "Is it formal?"
    scale 1 to 5
    pass >= 4
  }
  accept "We regret to say no." score 5
  reject "Nope." score 1
}
spec letter { use length.words_at_most(n = 50) }
"""

SHORT = r"""# short

At most so many words, \*not\* counting `code`.

| Parameter | Values | Default | Samples |
| --- | --- | --- | --- |
| `least` | `int in 1 to 9` | `2` |  |
| `most` | `int in least to 9` | required | `3 to 4` |
| `tone` | `one_of("warm", "a\|b")` | `"warm"` |  |
| `share` | `decimal in 0 to 1` | `0.5` |  |
| `names` | `list of text` | required | `"An", "Bo"` |

Requires `most - least <= 8`.

`short(least = 1, most = 4, tone = "warm", share = 0.85, names = ["An"])` tells the model in one of these ways:

- Write 1 to 4 words for An, warm, 0.85.
- Use the form:\
  \# Title\
  1\. \<b>one\</b>

  \_\_end\_\_
- In `de`: Schreibe 1 bis 4 Wörter.

`short(least = 5, most = 5, tone = "warm", share = 0.97, names = ["Bo"])` tells the model:

- Write exactly 5 words.

The check:

```text
let found = len(words(response))
check least <= found <= most
  and polite(response)
```

The feedback on a response:

```text
feedback "You wrote {found}."
```

Examples:

```text
accept '''
  Dear you,
  hello.
  ''' with most = 3, names = ["An"]
reject "Dear" with most = 3, names = ["An"] because "it is only one"
```

Version 2. Tags: `letters`, `length`. It costs at most 327,701 steps, as 6 passes over the largest response.

What it calls:

```text
# Whether a text is polite.
define polite(x: text) -> bool = starts_with(x, greeting())

define greeting() -> text = "Dear"
```
"""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules.vif"
    path.write_text(RULES, encoding="utf-8")
    return path


def shown(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main(["show", *map(str, arguments)]) == 0
    return capsys.readouterr().out


# --------------------------------------------------------------------------------------------------- a user's own file


def test_a_constraint_of_a_file_is_shown_whole(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, rules, "short") == SHORT


def test_instructions_are_shown_filled_in_for_arguments_that_they_are_for(
    rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = json.loads(shown(capsys, rules, "short", "--json"))["instructions"]
    first, exact = found[0], found[3]
    assert [one["when"] for one in found] == ["least < most", "least < most", None, "least == most"]
    assert [one["lang"] for one in found] == ["en", "en", "de", "en"]
    assert first["with"] == {"least": 1, "most": 4, "tone": "warm", "share": 0.85, "names": ["An"]}
    assert first["text"] == "Write 1 to 4 words for An, warm, 0.85."
    assert exact["with"]["least"] == exact["with"]["most"] == 5
    assert exact["text"] == "Write exactly 5 words."
    verifier = verif_dsl.load(rules)
    for one in found:  # as a row of data may have them
        verifier.requirements(json.dumps([{"use": "short", "with": one["with"]}]))


def test_an_instruction_that_no_arguments_are_found_for_is_shown_as_it_stands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "never.vif"
    path.write_text(
        "constraint never {\n  param n: int in 1 to 9 sample 1 to 3\n  param word: text\n"
        '  instruct "{n} of {word}"\n    when n == 5\n  instruct "{word}, {n}" when n != 5\n'
        '  check occurrences(response, word) >= n\n  accept "a" with n = 1, word = "a"\n'
        '  reject "b" with n = 1, word = "a"\n}\n'
    )
    page = shown(capsys, path, "never")
    assert 'For other arguments it tells the model:\n\n- `instruct "{n} of {word}" when n == 5`\n' in page
    assert '`never(n = 1, word = "a")` tells the model:\n\n- a, 1\n' in page  # text has no sample: those of the example
    first, second = json.loads(shown(capsys, path, "never", "--json"))["instructions"]
    assert (first["text"], first["with"]) == (None, None)
    assert (second["text"], second["with"]) == ("a, 1", {"n": 1, "word": "a"})


def test_what_came_before_and_deprecation_are_told(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = shown(capsys, rules, "answer")
    assert "**Deprecated:** it is vague. Use `short`.\n" in page
    assert "\nReads the turn assistant[-1].\n" in page
    assert '- Begin as in "Milk.".\n' in page
    assert "given earlier from assistant[-1]\ncheck response != earlier\n" in page
    found = json.loads(shown(capsys, rules, "answer", "--json"))
    assert (found["deprecated"], found["use_instead"]) == ("it is vague.", "short")
    assert found["examples"][0]["given"] == {"assistant[-1]": "Milk."}


def test_a_judged_constraint_shows_its_judge_in_place_of_a_check(
    rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = shown(capsys, rules, "tone")
    assert "A model judges the response, from 1 to 5; it passes from 4 on:\n\n```text\njudge {\n  ask " in page
    assert "The check" not in page
    assert "steps" not in page
    assert 'reject "Nope." score 1' in page
    found = json.loads(shown(capsys, rules, "tone", "--json"))
    assert (found["kind"], found["cost"], found["judge"]) == ("soft", None, {"scale": [1, 5], "pass": 4})
    assert found["examples"][1]["score"] == 1


def test_a_file_is_shown_with_all_its_constraints(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = shown(capsys, rules)
    assert page.startswith(f"# {rules}\n\nRules for letters of a bank.\n\n| Constraint | What it is |\n")
    assert [line for line in page.splitlines() if line.startswith("## ")] == [
        *("## short", "## answer", "## tone", "## Definitions"),
    ]
    assert '| [answer](#answer) | Begin as in "Milk.". (deprecated) |' in page
    found = json.loads(shown(capsys, rules, "--json"))
    assert [one["name"] for one in found] == ["short", "answer", "tone"]


def test_a_constraint_that_a_file_imports_can_be_shown(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, rules, "length.words_at_most") == shown(capsys, "length.words_at_most")


def test_json_has_the_constraint_as_plain_data(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(shown(capsys, rules, "short", "--json"))
    assert (found["name"], found["module"], found["version"], found["kind"]) == ("short", str(rules), 2, "hard")
    assert found["parameters"][1:4] == [
        {
            "name": "most",
            "type": "int in least to 9",
            "required": True,
            "default": None,
            "sample": {"low": 3, "high": 4},
        },
        {"name": "tone", "type": 'one_of("warm", "a|b")', "required": False, "default": "warm", "sample": None},
        {"name": "share", "type": "decimal in 0 to 1", "required": False, "default": 0.5, "sample": None},
    ]
    assert found["parameters"][4]["sample"] == {"values": ["An", "Bo"]}
    assert found["requires"] == ["most - least <= 8"]
    assert found["decision"].startswith("let found = len(words(response))\ncheck least")
    accepted, rejected = found["examples"]
    assert accepted["response"] == "Dear you,\nhello."
    assert (rejected["accepts"], rejected["because"]) == (False, "it is only one")
    assert found["cost"] > 0


# ------------------------------------------------------------------------------------------------- the standard library


@pytest.mark.parametrize("path", standard_modules())
def test_pages_of_a_module_show_its_texts_letter_for_letter(path: str) -> None:
    module = standard_module(path)
    assert NAMED.findall(find_module(path, None).text) == list(module.entries)
    for entry in module.entries.values():
        page = MarkdownIt("commonmark").enable("table").parse(entry_page(entry))
        told = [re.sub(" +$", "", str(one.text), flags=re.MULTILINE) for one in entry.told]
        assert items(page) == told, entry.name
        blocks = [token.content.rstrip("\n") for token in page if token.type == "fence"]
        parts = [entry.decision, entry.feedback, entry.examples, "\n\n".join(entry.definitions)]
        assert blocks == [part for part in parts if part]
        cells = [row for row in page if row.type == "tr_open"]
        assert len(cells) == len(entry.constraint.parameters) + bool(entry.constraint.parameters)


def items(page: Sequence[Token]) -> list[str]:
    """The items of the lists of a page, as a reader sees them."""
    found: list[list[str]] = []
    inside = False
    for token in page:
        if token.type in ("list_item_open", "list_item_close"):
            inside = token.type == "list_item_open"
            found += [[]] if inside else []
        elif inside and token.type == "inline":
            assert all(child.type in ("text", "hardbreak") for child in token.children or ()), token.content
            found[-1].append("".join(child.content or "\n" for child in token.children or ()))
    return ["\n\n".join(paragraphs) for paragraphs in found]


def test_a_constraint_is_found_by_several_names(capsys: pytest.CaptureFixture[str]) -> None:
    page = shown(capsys, "length.word_range")
    assert page.startswith("# length.word_range\n\nA lower and an upper limit")
    for names in (["std/length.word_range"], ["word_range"], ["length", "word_range"], ["std/length", "word_range"]):
        assert shown(capsys, *names) == page
    assert shown(capsys, "keywords:existence") == shown(capsys, "ifeval.keywords_existence")
    assert shown(capsys, "std/length") == shown(capsys, "length")


def test_a_port_says_how_its_code_differs_and_which_data_it_needs(capsys: pytest.CaptureFixture[str]) -> None:
    page = shown(capsys, "length_constraints:number_sentences")
    assert "**How the code differs from its text:** The code cuts with NLTK's punkt" in page
    assert "Needs data that has to be installed, for `sentences_punkt`; without it the verdict is unknown." in page
    found = json.loads(shown(capsys, "length_constraints:number_sentences", "--json"))
    assert (found["port"], found["data"]) == (True, ["sentences_punkt"])
    page = shown(capsys, "length.word_range")
    assert "differs" not in page
    assert "Needs data" not in page
    assert set(standard_modules()) >= PORTS


def test_definitions_of_other_files_are_shown_with_where_they_are_from(tmp_path: Path) -> None:
    (tmp_path / "deep.vif").write_text("define twice(n: int) -> int = n + n\n")
    (tmp_path / "tone.vif").write_text(
        'import "deep" as deep\ndefine limit(x: text) -> int = deep.twice(len(words(x)))\n'
    )
    (tmp_path / "rules.vif").write_text(
        'import "tone" as tone\nconstraint c { instruct "A word." check tone.limit(response) == 2 accept "a" '
        'reject "a b" }\n'
    )
    done = vif("show", tmp_path / "rules.vif", "c")
    assert done.stdout.endswith(
        "```text\n# of tone.vif\ndefine limit(x: text) -> int = deep.twice(len(words(x)))\n\n"
        "# of deep.vif\ndefine twice(n: int) -> int = n + n\n```\n"
    )


# ------------------------------------------------------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lenght.word_range"], "there is no module `lenght` (did you mean `length`?)"),
        (["length.word_rnage"], "std/length has no constraint `word_rnage` (did you mean `word_range`?)"),
        (["length", "word_rnage"], "std/length has no constraint `word_rnage` (did you mean `word_range`?)"),
        (["length.zzz"], "std/length has no constraint `zzz` (`vif list length` shows what it has)"),
        (["word_rnage"], "the standard library has no `word_rnage` (did you mean `length.word_range`?)"),
        (["keywords:existense"], "has no `keywords:existense` (did you mean `ifeval.keywords_existence`?)"),
        (["lenght"], "the standard library has no `lenght` (did you mean `length`?)"),
        (
            ["qqqqqq"],
            "the standard library has no `qqqqqq` (`vif list` shows what there is; a file's name ends in .vif)",
        ),
        (["missing.vif"], "there is no file missing.vif"),
    ],
)
def test_a_misspelt_name_is_told_with_what_was_meant(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", *arguments]) == 1
    found = capsys.readouterr()
    assert found.out == ""
    assert found.err.startswith("error: ")
    assert message in found.err


def test_a_misspelt_constraint_of_a_file_is_told_too(rules: Path) -> None:
    assert_refused(vif("show", rules, "shrot"), f"{rules} has no constraint `shrot` (did you mean `short`?)")


def test_a_file_with_a_mistake_is_refused_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "typo.vif"
    path.write_text('constraint c { instruct "No a." check not ("a" in respnse) accept "b" reject "a" }')
    assert_refused(vif("show", path), "error[V0201]")


# --------------------------------------------------------------------------------------------------------- for a person


def test_a_terminal_shows_no_marks_of_markdown(
    rules: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    page = re.sub("\x1b\\[[0-9;]*m", "", shown(capsys, rules, "short"))
    assert "At most so many words, *not* counting code." in page
    assert "| ---" not in page
    assert "```" not in page
    assert "<b>one</b>" in page


def test_markdown_is_escaped_where_it_would_mean_something() -> None:
    assert prose("*** and `a_*` and _b_, snake_case, \\*, 'x[y](z)'") == (
        r"\*\*\* and `a_*` and \_b\_, snake_case, \\\*, 'x\[y]\(z)'"
    )
    assert prose("a lone ` mark, AT&T; and $x$") == r"a lone \` mark, AT\&T; and \$x\$"
    assert verbatim("- a\n1) b\n> c\nd - e") == "\\- a\n1\\) b\n\\> c\nd - e"
    assert verbatim("`a`") == r"\`a\`"
    assert code("a`b") == "``a`b``"
    assert fenced("```\na\n```") == "````text\n```\na\n```\n````"
