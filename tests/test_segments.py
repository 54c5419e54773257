"""Characters are the grapheme clusters of UAX #29, as another implementation of it finds them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verif_dsl.compiler.builtins import BUILTINS

PIECES = [
    *"aé\u0301\u0308\u20e3\ufe0f\u200d\u200c\u200b\u00ad\n\r\0\u2028", "\r\n",
    *"가각힣ᄀ\ua960\u1161\ud7b0\u11a8\ud7cb\u302e", *"👍👨👩❤©🏽🇫🇷\U000e0061", *"กำ\u0e34ｶﾞ\u102b\u102d\u1038שׁ\u0651",
]  # fmt: skip
"""No conjuncts and no Prepend, whose rules `chars` leaves out."""


@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
@settings(max_examples=1000)
def test_chars_are_grapheme_clusters(text: str) -> None:
    regex = pytest.importorskip("regex", reason="regex is not installed (extra: test)")
    assert list(BUILTINS["chars"].reference(text)) == regex.findall(r"\X", text)
