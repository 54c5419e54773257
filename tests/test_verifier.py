"""The public API: compile, check, reward, instruct, draw; one spec for all rows or one a row."""

import json
import pickle
from pathlib import Path
from random import Random

import pytest

import verif_dsl
from verif_dsl import VerifError

SOURCE = """
define same(a: text, b: text) -> bool = fold(a) == fold(b)

constraint word_range {
  param min: int in 1 to 50 = 1 sample 2 to 4
  param max: int in min to 60 = 5 sample 5 to 6
  let n = len(words(response))
  instruct "Write between {min} and {max} words." when min < max
  instruct "Keep to {min}-{max} words." when min < max
  instruct "Write exactly {min} {min:word|words}." when min == max
  feedback "You wrote {n} {n:word|words}."
  check min <= n <= max
  accept "one two"
  reject "1 2 3 4 5 6"
}
constraint starts_like_the_prompt {
  instruct "Begin with the first word of the question."
  check same(first(words(response), ""), first(words(prompt), "?"))
  accept "Why not" after user "why?"
  reject "So" after user "why?"
}
constraint friendly {
  instruct "Be friendly."
  judge { ask "Is it friendly?" scale 1 to 5 anchor 1 "Rude." anchor 5 "Warm." pass >= 4 }
  accept "Thank you so much!"
  reject "Go away."
}
spec short { use word_range(max = 3) }
spec kind { use word_range(max = 3) weight 2 use friendly() as tone reward mean(hard, if_empty=1) * tone }
"""


@pytest.fixture(scope="module")
def verifier() -> verif_dsl.Verifier:
    return verif_dsl.compile(SOURCE)


def use(name: str, **arguments: object) -> str:
    return json.dumps([{"use": name, "with": arguments}])


def test_one_spec_grades_every_row(verifier: verif_dsl.Verifier) -> None:
    verdicts = verifier.check(["one two", "1 2 3 4"], constraints="short")
    assert verdicts.column("word_range") == ["pass", "fail"]
    assert verdicts.rewards() == [1.0, 0.0]
    assert verdicts.pass_rates() == {"word_range": 0.5}


def test_every_row_can_have_constraints_and_arguments_of_its_own(verifier: verif_dsl.Verifier) -> None:
    constraints = [use("word_range", min=1, max=1), use("word_range", min=2, max=2), "short", "[]"]
    verdicts = verifier.check(["one two"] * 4, constraints=constraints)
    assert verdicts.column("word_range") == ["fail", "pass", "pass", None]
    assert verdicts.rewards() == [0.0, 1.0, 1.0, 1.0]


def test_several_requirements_of_one_row_keep_their_names_and_weights(verifier: verif_dsl.Verifier) -> None:
    row = [
        {"use": "word_range", "with": {"min": 1, "max": 1}, "as": "one", "weight": 3},
        {"use": "word_range", "with": {"min": 2, "max": 2}, "as": "two"},
    ]
    verdicts = verifier.check(["a b"], constraints=json.dumps(row))
    assert verdicts.by_row()[0][1] == {"constraint": "two", "kind": "hard", "verdict": "pass", "reason": None}
    assert verdicts.rewards() == [0.25]


def test_a_judged_constraint_is_unknown_and_decides_the_reward_only_where_it_could(
    verifier: verif_dsl.Verifier,
) -> None:
    verdicts = verifier.check(["one two", "1 2 3 4", " "], constraints="kind")
    assert verdicts.column("tone") == ["unknown", "unknown", "fail"]
    assert verdicts.by_row()[0][1]["reason"] == "judge: none is configured"
    assert verdicts.rewards() == [None, 0.0, 0.0]
    assert verdicts.rewards("all(hard)") == [1.0, 0.0, 0.0]


@pytest.mark.parametrize("blank", ["", " ", "\n\t", "\u3000"])
def test_a_blank_response_fails_every_constraint(verifier: verif_dsl.Verifier, blank: str) -> None:
    source = 'constraint any_text { instruct "Anything." check true accept "a" reject "" }'
    assert verif_dsl.compile(source).check([blank]).column("any_text") == ["fail"]


def test_a_response_over_the_limit_is_unknown_with_the_reason(verifier: verif_dsl.Verifier) -> None:
    verdicts = verifier.check(["é" * 40_000, "é" * 30_000], constraints=use("word_range", min=1, max=1))
    assert verdicts.column("word_range") == ["unknown", "pass"]
    assert verdicts.by_row()[0][0]["reason"] == "limit: the response is over 64 KiB"


def test_checks_can_read_the_prompt(verifier: verif_dsl.Verifier) -> None:
    constraints = use("starts_like_the_prompt")
    verdicts = verifier.check(["Why?", "No."], prompts=["why is it so", "why"], constraints=constraints)
    assert verdicts.column("starts_like_the_prompt") == ["pass", "fail"]
    with pytest.raises(VerifError, match="row 0: `starts_like_the_prompt` reads the prompt, and the row has none"):
        verifier.check(["Why?"], constraints=constraints)


def test_texts_are_compared_in_one_unicode_form(verifier: verif_dsl.Verifier) -> None:
    source = 'constraint e { instruct "é" check response == "é" accept "e\u0301" reject "e" }'
    assert verif_dsl.compile(source).check(["e\u0301", "\u00e9"]).column("e") == ["pass", "pass"]
    assert verif_dsl.compile(source).check(["\ud800"]).column("e") == ["fail"]


@pytest.mark.parametrize(
    ("constraints", "message"),
    [
        ("shrt", "row 1: there is no spec `shrt` (did you mean `short`?)"),
        (use("word_rnge"), "row 1: there is no constraint `word_rnge` (did you mean `word_range`?)"),
        (use("word_range", mn=1), "row 1: `word_range` has no parameter `mn` (did you mean `min`?)"),
        (use("word_range", min=0), "row 1: `min` of `word_range`: 0 is outside 1 to 50"),
        (use("word_range", min=9, max=3), "row 1: `max` of `word_range`: 3 is outside 9 to 60"),
        (use("word_range", min="2"), 'row 1: `min` of `word_range`: "2" is not an int'),
        (use("word_range", min=True), "row 1: `min` of `word_range`: true is not an int"),
        ("[{", "row 1: the constraints are not JSON"),
        ('[{"use": "word_range", "wth": {}}]', "row 1: a requirement has no key `wth` (did you mean `with`?)"),
        ('[{"use": "word_range", "weight": 0}]', "row 1: the weight of `word_range` is a positive number, not 0"),
        ('[{"use": "word_range"}, {"use": "word_range"}]', "row 1: two requirements are called `word_range`"),
        ("[1]", "row 1: a requirement is"),
        (
            "use word_rnge()",
            "row 1: `use word_rnge()`: there is no constraint `word_rnge` (did you mean `word_range`?)",
        ),
        ("use word_range(min = 0)", "row 1: `use word_range(min = 0)`: `min` of `word_range`: 0 is outside 1 to 50"),
        ("use word_range(min = 2", "row 1: `use word_range(min = 2`: "),
        ("use word_range() } spec s { use word_range()", "row 1: `use word_range() } spec s { use word_range()`: "),
        ("use word_range() use word_range()", "row 1: `use word_range() use word_range()`: `word_range` stands twice"),
        ("use word_range(", "row 1: `use word_range(`: it cannot end here (expected `)` or a name)"),
        ('use word_range() accept "a b"', 'row 1: `use word_range() accept "a b"`: a row has no examples'),
        ("[" * 100_000, "row 1: the constraints are not JSON"),
    ],
)
def test_a_row_that_cannot_be_graded_is_named(verifier: verif_dsl.Verifier, constraints: str, message: str) -> None:
    with pytest.raises(VerifError) as caught:
        verifier.check(["a", "b"], constraints=["short", constraints])
    assert str(caught.value).startswith(message)


def test_columns_of_different_lengths_are_refused(verifier: verif_dsl.Verifier) -> None:
    with pytest.raises(VerifError, match="2 responses and 1 constraints"):
        verifier.check(["a", "b"], constraints=["short"])
    with pytest.raises(VerifError, match="2 responses and 1 prompts"):
        verifier.check(["a", "b"], prompts=["x"], constraints="short")
    with pytest.raises(VerifError, match="row 1: the response is NoneType"):
        verifier.check(["a", None], constraints="short")  # type: ignore[list-item]
    with pytest.raises(VerifError, match="not one text"):
        verifier.check("a", constraints="short")


def test_instructions_are_rendered_from_the_arguments_and_chosen_by_the_seed(verifier: verif_dsl.Verifier) -> None:
    assert verifier.instruct(use("word_range", min=1, max=1)) == "Write exactly 1 word."
    texts = {verifier.instruct("short", seed=seed) for seed in range(20)}
    assert texts == {"Write between 1 and 3 words.", "Keep to 1-3 words."}
    assert verifier.instruct("short", seed=7) == verifier.instruct("short", seed=7)


def test_feedback_says_what_was_found(verifier: verif_dsl.Verifier) -> None:
    assert verifier.feedback("word_range", "one", {"min": 2}) == "You wrote 1 word."
    assert verifier.feedback("friendly", "one") is None


def test_drawn_arguments_are_legal_and_follow_the_sample(verifier: verif_dsl.Verifier) -> None:
    for seed in range(50):
        drawn = verifier.draw("word_range", Random(seed))
        assert 2 <= drawn["min"] <= 4 and 5 <= drawn["max"] <= 6  # type: ignore[operator]


def test_a_verifier_pickles(verifier: verif_dsl.Verifier) -> None:
    again = pickle.loads(pickle.dumps(verifier))
    assert again.check(["one two"], constraints="kind").column("word_range") == ["pass"]


def test_without_a_spec_every_constraint_applies_with_its_defaults() -> None:
    source = """
      constraint a { instruct "A." check "a" in response accept "a" reject "b" }
      constraint b { param n: int in 1 to 3 = 1 instruct "{n} b." check occurrences(response, "b") >= n
                     accept "b" reject "a" }
    """
    assert verif_dsl.compile(source).check(["ab", "b"]).rewards("mean(hard, if_empty=1)") == [1.0, 0.5]


def test_no_responses_give_no_verdicts(verifier: verif_dsl.Verifier) -> None:
    verdicts = verifier.check([], constraints="short")
    assert verdicts.rewards() == [] and verdicts.by_row() == []


def test_a_missing_or_unreadable_file_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(VerifError, match="there is no file"):
        verif_dsl.load(tmp_path / "none.vif")
    (tmp_path / "binary.vif").write_bytes(b"\xff\xfe")
    with pytest.raises(VerifError, match="not UTF-8"):
        verif_dsl.load(tmp_path / "binary.vif")
    with pytest.raises(VerifError, match="cannot be read"):
        verif_dsl.load(tmp_path)


def test_a_file_with_mistakes_does_not_compile_and_says_where() -> None:
    with pytest.raises(VerifError) as caught:
        verif_dsl.compile(SOURCE.replace("same(first", "sme(first"), name="a.vif")
    assert [one.code for one in caught.value.diagnostics] == ["V0201"]
    assert "a.vif:18:9" in str(caught.value)
    assert "did you mean `same`?" in str(caught.value)
    assert pickle.loads(pickle.dumps(caught.value)).diagnostics == caught.value.diagnostics


CONVERSATION = """
  constraint chain_word {
    given earlier from assistant[-1]
    instruct "Begin with the last word of your previous answer."
    check fold(first(words(response), "")) == fold(last(words(earlier), ""))
    accept "Tea is calming." after user "Name a drink." assistant "I like tea."
    reject "Coffee is strong." after user "Name a drink." assistant "I like tea."
  }
  constraint on_title {
    given title from field "title"
    instruct "Mention {title:quoted}."
    check title in response
    accept "On Tea." with title = "Tea"
    reject "On coffee." with title = "Tea"
  }
"""


def test_checks_can_read_earlier_turns() -> None:
    verifier = verif_dsl.compile(CONVERSATION)
    prompt = [
        {"role": "user", "content": "Name a drink."},
        {"role": "assistant", "content": [{"type": "text", "text": "I like tea."}]},
        {"role": "user", "content": "Go on."},
    ]
    verdicts = verifier.check(["Tea it is.", "No."], prompts=[prompt, prompt], constraints=use("chain_word"))
    assert verdicts.column("chain_word") == ["pass", "fail"]
    with pytest.raises(VerifError, match=r"row 1: `chain_word` reads the turn assistant\[-1\], and the row has none"):
        verifier.check(["a", "b"], prompts=[prompt, "Name a drink."], constraints=use("chain_word"))
    with pytest.raises(VerifError, match="row 0: a message has a `role`"):
        verifier.check(["a"], prompts=[["Name a drink."]], constraints=use("chain_word"))  # type: ignore[list-item]


def test_checks_and_instructions_can_read_columns_of_the_data() -> None:
    verifier = verif_dsl.compile(CONVERSATION)
    verdicts = verifier.check(["On Tea", "On Tea"], columns={"title": ["Tea", "Sea"]}, constraints=use("on_title"))
    assert verdicts.column("on_title") == ["pass", "fail"]
    assert verifier.instruct(use("on_title"), columns={"title": "Tea"}) == 'Mention "Tea".'
    with pytest.raises(VerifError, match='shows the column "title", which is not there'):
        verifier.instruct(use("on_title"))
    with pytest.raises(VerifError, match='row 0: `on_title` reads the column "title", and the row has none'):
        verifier.check(["a"], constraints=use("on_title"))


def test_instructions_come_in_the_language_asked_for() -> None:
    verifier = verif_dsl.compile("""
      constraint short {
        param n: int in 1 to 9 = 1
        instruct "Use {n} {n:word|words}."
        instruct "Utilise {n} {n:mot|mots}." lang "fr"
        check len(words(response)) == n
        accept "a"
        reject "a b"
      }
    """)
    assert verifier.instruct(use("short", n=2)) == "Use 2 words."
    assert verifier.instruct(use("short", n=2), lang="fr") == "Utilise 2 mots."
    with pytest.raises(VerifError, match='no instruction in "de"'):
        verifier.instruct(use("short"), lang="de")


def test_what_reads_a_prompt_over_the_cap_is_unknown_and_nothing_else() -> None:
    verifier = verif_dsl.compile("""
constraint mentions {
  instruct "Mention the prompt."
  check prompt in response
  accept "a b" after user "a"
  reject "b" after user "a"
}
constraint short {
  instruct "One word."
  check len(words(response)) == 1
  accept "a"
  reject "a b"
}
""")
    verdicts = verifier.check(["a", "a"], prompts=["a", "a" * 70_000])
    assert verdicts.column("mentions") == ["pass", "unknown"]
    assert verdicts.column("short") == ["pass", "pass"]
    reasons = {line["reason"] for line in verdicts.by_row()[1]}
    assert reasons == {None, "limit: the prompt is over 64 KiB"}


def test_a_pattern_of_a_parameter_may_ignore_case_and_is_in_nfc() -> None:
    verifier = verif_dsl.compile("""
constraint mentions {
  param word: text matching re"(?i)caf\u0065\u0301|tea" = "CAF\u00c9"
  instruct "Mention {word}."
  check word in response
  accept "CAF\u00c9"
  reject "tea"
}
""")
    assert verifier.check(["Tea"], constraints='[{"use": "mentions", "with": {"word": "Tea"}}]').rewards() == [1.0]
    with pytest.raises(VerifError, match="does not match"):
        verifier.check(["Tea"], constraints='[{"use": "mentions", "with": {"word": "Teas"}}]')


def test_a_verdict_cannot_have_the_name_of_a_group() -> None:
    text = 'constraint c { instruct "No a." check not ("a" in response) accept "b" reject "a" }'
    with pytest.raises(VerifError, match="name of a group"):
        verif_dsl.compile(text).check(["b"], constraints='[{"use": "c", "as": "hard"}]')


def test_a_row_may_hold_the_clauses_of_a_spec(verifier: verif_dsl.Verifier) -> None:
    clauses = """
      use word_range(min = 2, max = 3) weight 3
      use word_range(min = 9, max = 9) as nine  # a comment
      reward mean(hard, if_empty=1)
    """
    json_text = json.dumps(
        [
            {"use": "word_range", "with": {"min": 2, "max": 3}, "weight": 3},
            {"use": "word_range", "with": {"min": 9, "max": 9}, "as": "nine"},
        ]
    )
    verdicts = verifier.check(["a b", "a b"], constraints=[clauses, json_text])
    assert verdicts.column("word_range") == ["pass", "pass"]
    assert verdicts.column("nine") == ["fail", "fail"]
    assert verdicts.rewards() == [0.75, 0.75]


def test_a_verdict_whose_name_is_half_a_character_ends_no_batch() -> None:
    text = 'constraint c { instruct "No a." check not ("a" in response) accept "b" reject "a" }'
    verdicts = verif_dsl.compile(text).check(["b"], constraints='[{"use": "c", "as": "\\ud800"}]')
    assert verdicts.column("\ufffd") == ["pass"]
