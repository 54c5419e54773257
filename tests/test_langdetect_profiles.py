"""`language_langdetect` is what langdetect tends to, whatever else is in the batch."""

import json
from pathlib import Path
from random import Random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import verif_dsl
from tests.recorded import existing
from verif_dsl.compiler.builtins import langdetect_profiles
from verif_dsl.compiler.builtins.langdetect_profiles import (
    langdetect_codes,
    langdetect_lacking,
    language_langdetect,
    language_langdetect_column,
    languages_of,
)

langdetect = pytest.importorskip("langdetect", reason="langdetect is not installed (pip install 'verif-dsl[ifeval]')")

RULE = """
constraint french {
  instruct "Write French."
  check decide(language_langdetect(response) == "fr", if_unknown = false)
  accept "Le comité publiera son rapport au printemps prochain."
  reject "The committee will publish its report in the spring."
}
"""
PIECES = st.sampled_from(
    ["the weather is fine ", "das Wetter ist gut. ", "HELLO ", "A", " ", "\n\n", "42", "你好世界", "привет ", "é",
     "ế", "ა", "http://a.b/c ", "me@example.org ", "e\u0301", "😀", "한국어 ", "日本語です ", "\u0000", "\ufffd", "[x]"]
)  # fmt: skip


def asked(text: str) -> str | None:
    try:
        return str(langdetect.detect(text))
    except langdetect.LangDetectException:
        return None


def test_it_tells_what_langdetect_tells_of_real_responses() -> None:
    lines = (existing("ifeval") / "gpt4_responses.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line)["response"] for line in Random(0).sample(lines, 100)]
    langdetect.DetectorFactory.seed = 0
    differ = [text for text, code in zip(texts, languages_of(texts), strict=True) if code != asked(text)]
    # One that mixes languages or has a word or two is another language at langdetect's next call.
    assert len(differ) <= 1


@given(st.lists(st.lists(PIECES, max_size=8).map("".join), max_size=6))
@settings(deadline=None)
def test_the_batch_does_not_matter(texts: list[str]) -> None:
    alone = [language_langdetect(text) for text in texts]
    assert languages_of(texts) == alone
    columns = pl.DataFrame({"x": pl.Series(texts, dtype=pl.String)}).select(language_langdetect_column(pl.col("x")))
    assert columns["x"].to_list() == alone


@given(st.lists(PIECES, max_size=8).map("".join))
@settings(deadline=None)
def test_it_is_undecided_where_langdetect_refuses(text: str) -> None:
    found = language_langdetect(text)
    assert (found is None) == (asked(text) is None)
    assert found is None or found in langdetect_codes()


def test_its_codes_are_those_of_the_profiles() -> None:
    folder = Path(langdetect.__file__).parent / "profiles"
    assert sorted(path.name for path in folder.iterdir()) == list(langdetect_codes())


def test_a_verdict_is_unknown_where_langdetect_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    verifier = verif_dsl.compile(RULE)
    assert langdetect_lacking() is None
    assert verifier.check(["Bonjour tout le monde, comment allez-vous ?"]).column("french") == ["pass"]
    monkeypatch.setattr(langdetect_profiles, "find_spec", lambda name: None)
    ((row,),) = verifier.check(["Bonjour tout le monde, comment allez-vous ?"]).by_row()
    assert row["verdict"] == "unknown"
    assert row["reason"] == "data: langdetect is not installed (pip install 'verif-dsl[ifeval]')"
