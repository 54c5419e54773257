"""What machines are given to write .vif: the grammar to decode under, and the card, each held to the compiler."""

import random
import re
from importlib.resources import files
from pathlib import Path

import pytest

import verif_dsl
from verif_dsl.cli import main
from verif_dsl.compiler import check_source
from verif_dsl.compiler.builtins import BUILTINS, OPERATOR_NAMES
from verif_dsl.compiler.card import LONGEST_CARD, MISTAKES, Mistake, language_card, signature
from verif_dsl.compiler.decoding import ADDED, LEFT_OUT, RULE, decoding_grammar
from verif_dsl.compiler.diagnostics import VerifError
from verif_dsl.compiler.parser import parse
from verif_dsl.compiler.source import Source

ROOT = Path(__file__).parent.parent
FILES = sorted([*(ROOT / "stdlib").glob("*.vif"), *(ROOT / "examples").glob("*.vif")])
TAIL = ' accept "a" reject "b" }'


def plain(path: Path) -> str:
    """A file without its comments and the versions of its imports, from its first word on."""
    text = re.sub(r"^\s*#.*\n|  # .*$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE).lstrip()
    return re.sub(r'^(import "[^"]*") version "[^"]*"', r"\1", text, flags=re.MULTILINE)


def accepts(grammar: str, text: str) -> bool:
    llguidance = pytest.importorskip("llguidance", reason="llguidance is not installed (extra: test)")
    matcher = llguidance.LLMatcher(llguidance.LLTokenizer("byte"), llguidance.LLMatcher.grammar_from_lark(grammar))
    assert not matcher.get_error()
    tokens = list(text.encode())
    return bool(
        matcher.validate_tokens(tokens) == len(tokens) and matcher.consume_tokens(tokens) and matcher.is_accepting()
    )


# ------------------------------------------------------------------------------------------------- decoding grammar


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_decoding_grammar_accepts_programs_that_people_wrote(path: Path) -> None:
    text = plain(path)
    modules = re.findall(r'^import "(std/\w+)"', text, re.MULTILINE)
    assert accepts(decoding_grammar(re.findall(r"^define (\w+)", text, re.MULTILINE), modules), text)


HEAD = 'constraint c { instruct "x" '
PROGRAMS = {
    "smallest": (HEAD + 'check "a" in response' + TAIL, True),
    "no spaces": ('constraint c{instruct "x"check true accept "a"reject "b"}', True),
    "words glued together": ('constraint c{instruct"x"check true accept "a"reject "b"}', False),
    "examples in any order": (HEAD + 'check true reject "a" accept "b" reject "c" }', True),
    "a builtin's name as a name": ('constraint any { param min: int = 1 instruct "x" check min > 0' + TAIL, True),
    "options by name": (HEAD + 'check occurrences(response, "a", fold_case=true) > 1' + TAIL, True),
    "emoji escape": (HEAD + r'check "\u{1F600}" in response' + TAIL, True),
    "a keyword as a name": (HEAD + "check check" + TAIL, False),
    "an operator as a name": ("constraint c { let v = not " + HEAD[15:] + "check true" + TAIL, False),
    "no instruct": ("constraint c { check true" + TAIL, False),
    "no check": (HEAD + TAIL, False),
    "two checks": (HEAD + "check true check true" + TAIL, False),
    "only accepts": (HEAD + 'check true accept "a" accept "b" }', False),
    "check before instruct": ('constraint c { check true instruct "x"' + TAIL, False),
    "unknown function": (HEAD + "check wrods(response)" + TAIL, False),
    "an argument too few": (HEAD + "check first(words(response)) > 1" + TAIL, False),
    "a text where a regex stands": (HEAD + 'check matches(response, "a")' + TAIL, False),
    "unknown escape": (HEAD + r'check "\q" in response' + TAIL, False),
    "surrogate": (HEAD + r'check "\u{D800}" in response' + TAIL, False),
    "the first turn": (
        "constraint c { given opening from user[0] " + HEAD[15:] + "check opening in response" + TAIL,
        True,
    ),
    "a spec with examples": (
        HEAD
        + "check true"
        + TAIL
        + ' spec s { use c() reward all(hard) accept "a" after user "b" reject "c" because "d" }',
        True,
    ),
    "an argument in an example of a spec": (
        HEAD + "check true" + TAIL + ' spec s { use c() accept "a" with n = 3 }',
        False,
    ),
    "import": ('import "a" as b ' + HEAD + "check true" + TAIL, False),
    "comment": (HEAD + "# why\n check true" + TAIL, False),
    "endless space": (HEAD + " " * 25 + "check true" + TAIL, False),
    "version of zero": ("constraint c version 0 { " + HEAD[15:] + "check true" + TAIL, False),
}


@pytest.mark.parametrize(("text", "accepted"), PROGRAMS.values(), ids=PROGRAMS)
def test_the_decoding_grammar_allows_programs_and_no_mistakes(text: str, accepted: bool) -> None:
    assert accepts(decoding_grammar(), text) is accepted


def test_every_rule_of_the_grammar_file_is_in_the_decoding_grammar_or_left_out_by_name() -> None:
    source = files("verif_dsl.grammar").joinpath("verif.lark").read_text(encoding="utf-8")
    written = {name for _, name, _ in RULE.findall(source)}
    emitted = {name for _, name, _ in RULE.findall(decoding_grammar(["f"]))}
    assert written - emitted == LEFT_OUT | {"example"}
    assert written >= LEFT_OUT
    assert emitted >= ADDED.keys()


def test_a_reserved_word_cannot_be_defined() -> None:
    with pytest.raises(VerifError, match="`check` cannot be the name"):
        decoding_grammar(["check"])


STANDARD = 'import "std/case" as case import "std/length" as length '
USES = "spec s { use case.all_lowercase() use length.words_at_most(n = 3) }"


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        (STANDARD + USES, True),
        (STANDARD + USES.replace("words_at_most", "words_at_least"), True),
        (STANDARD + USES.replace("words_at_most", "words_at_mots"), False),
        (STANDARD + USES.replace("case.", "keywords."), False),
        (USES, False),
    ],
)
def test_the_decoding_grammar_knows_the_constraints_of_imported_modules(text: str, accepted: bool) -> None:
    assert accepts(decoding_grammar(modules=["std/case", "std/length"]), text) is accepted
    _, report = check_source(Source("<text>", text))
    assert (report.errors == 0) is accepted


def test_a_module_that_there_is_not_cannot_be_imported() -> None:
    with pytest.raises(VerifError, match="did you mean `std/length`"):
        decoding_grammar(modules=["std/lenght"])


def test_whatever_is_sampled_under_the_decoding_grammar_parses() -> None:
    random_ = random.Random(0)
    llguidance = pytest.importorskip("llguidance", reason="llguidance is not installed (extra: test)")
    grammar = llguidance.LLMatcher.grammar_from_lark(decoding_grammar(["same"]))
    complete: list[str] = []
    for _ in range(200):
        text = sample(grammar, random_)
        complete += [text] if text is not None else []
        if len(complete) == 50:
            break
    assert len(complete) == 50
    for text in complete:
        parse(Source("<sampled>", text))


def sample(grammar: str, random_: random.Random, longest: int = 1500) -> str | None:
    """A program drawn byte by byte from what the grammar allows, or None where it does not end in time.

    Bytes that close something are favoured, since expressions drawn evenly hardly ever end.
    """
    llguidance = pytest.importorskip("llguidance")
    bitmasks = pytest.importorskip("llguidance.numpy")
    tokenizer = llguidance.LLTokenizer("byte")
    matcher = llguidance.LLMatcher(tokenizer, grammar)
    mask = bitmasks.allocate_token_bitmask(1, tokenizer.vocab_size)
    written = bytearray()
    while len(written) < longest:
        if matcher.is_accepting() and random_.random() < 0.5:
            return written.decode()
        bitmasks.fill_next_token_bitmask(matcher, mask)
        bits = mask[0].view("uint32")
        allowed = [byte for byte in range(256) if bits[byte // 32] >> (byte % 32) & 1]
        if not allowed:
            return written.decode() if matcher.is_accepting() else None
        weights = [40 if byte in b'})"' else 1 if 32 <= byte < 127 else 0.02 for byte in allowed]
        (byte,) = random_.choices(allowed, weights)
        assert matcher.consume_token(byte), matcher.get_error()
        written.append(byte)
    return None


# ----------------------------------------------------------------------------------------------------------- card


def card_program() -> str:
    (block,) = re.findall(r"^```vif\n(.*?)^```", language_card(), re.DOTALL | re.MULTILINE)
    return str(block)


def test_the_card_fits_into_a_prompt() -> None:
    assert len(language_card()) <= LONGEST_CARD


def test_the_programs_on_the_card_compile() -> None:
    assert verif_dsl.compile(card_program()).specs


def test_the_card_has_every_builtin_and_no_other() -> None:
    section = language_card().partition("## Common mistakes")[0].rpartition("by name):\n\n")[2]
    names = [line.partition("(")[0] for line in section.strip().splitlines()]
    assert names == [name for name in BUILTINS if name not in OPERATOR_NAMES]
    assert signature(BUILTINS["occurrences"]) in section


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.wrong or "left out")
def test_each_mistake_on_the_card_is_told_with_its_code_and_its_mended_line_compiles(mistake: Mistake) -> None:
    first = card_program().partition("constraint keyword_at_least")[0]
    assert mistake.line in first
    _, report = check_source(Source("<card>", first.replace(mistake.line, mistake.wrong)))
    assert [one.code for one in report.diagnostics][:1] == [mistake.code]
    _, report = check_source(Source("<card>", first.replace(mistake.line, mistake.right)))
    wrong = {one.code for one in report.diagnostics if one.severity == "error"}
    assert wrong <= {"V0401"}  # the examples are those of another check


PARAMETERS = {
    "bool": "flag: bool = true",
    "int in 1 to 9": "n: int in 1 to 9 = 2",
    "decimal in 0 to 1": "share: decimal in 0 to 1 = 0.5",
    'text matching re"..."': 'word: text matching re"[a-z]+" = "a"',
    'one_of("a", "b")': 'tone: one_of("a", "b") = "a"',
    "list of text size 1 to 3": 'names: list of text size 1 to 3 = ["a"]',
}
SENTENCES = {
    "require CONDITION": "require n > 0",
    "let NAME = EXPRESSION": "let found = len(words(response))",
    "A `'''` block": "doc '''\n  One line,\n  another.\n  '''",
    'doc, tags "a", "b"': 'doc "x" tags "a", "b"',
    "{word:quoted}": 'instruct "{n} {word:quoted} {n:time|times} {n:ordinal} {tone:capital} {flag:yesno} {{"',
    "{names:list}, {names:csv}": 'instruct "{names:list} {names:csv}"',
    "`when` restricts it": 'instruct "x" when n > 1',
    "in feedback also a let": 'let found = 1 feedback "{found}"',
    "comparisons chain: 2 <= n <= 5": "require 2 <= n <= 5 and not (n != 2) or n * 2 - 1 + 0 >= 3 and n in [2]",
    "any(c for x in xs)": 'let a = any(x == "a" for x in names)',
    "all(...) (true for none)": 'let a = all(x == "a" for x in names)',
    "every(...) (all, and at least one)": 'let a = every(x == "a" for x in names)',
    "count(...) (an int)": 'let a = count(x == "a" for x in names) + 1',
    "`for x in xs if c`": 'let a = any(x == "a" for x in names if x != "b")',
    "`for a, b in adjacent(xs)`": "let c = any(a == b for a, b in adjacent(names))",
    "`for i, x in indexed(xs)` (i from 0)": 'let c = any(i == 0 and x == "a" for i, x in indexed(names))',
    r"\p{Lu}, \s, groups, | * + ? {2,5}, ^ $": r'let a = matches(response, re"^(?:[a-c]|\p{Lu}\s)*a+b?c{2,5}$")',
    "a leading (?i)": 'let a = matches(response, re"(?i)a")',
    "count(c for x in xs) >= 0.3 * len(xs)": 'let a = count(x == "a" for x in names) >= 0.3 * len(names)',
    "decide(..., if_unknown=false)": 'let a = decide(language(response) == "fr", if_unknown=false)',
    '`because "..."` if needed': 'accept "a" with n = 2 because "why"',
}


@pytest.mark.parametrize(("said", "clause"), SENTENCES.items(), ids=SENTENCES)
def test_what_the_card_says_in_prose_compiles(said: str, clause: str) -> None:
    prose = " ".join(language_card().split())
    assert said in prose
    assert all(one in prose for one in PARAMETERS)
    parameters = " ".join(f"param {one}" for one in PARAMETERS.values())
    text = f'constraint c {{ {parameters} {clause} instruct "x" check "a" in response accept "a" reject "b" }}'
    _, report = check_source(Source("<card>", text))
    assert [one for one in report.diagnostics if one.severity == "error"] == []


# --------------------------------------------------------------------------------------------------- command line


def test_vif_emit_prints_one_of_the_two(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["emit", "--language-card"]) == 0
    assert capsys.readouterr().out == language_card()
    assert main(["emit", "--decoding-grammar", "--define", "same", "--import", "std/case"]) == 0
    assert capsys.readouterr().out == decoding_grammar(["same"], ["std/case"])


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--decoding-grammar", "--language-card"],
        ["--language-card", "--define", "x"],
        ["--language-card", "--import", "std/case"],
    ],
)
def test_vif_emit_wants_one_choice(arguments: list[str]) -> None:
    assert main(["emit", *arguments]) == 2
