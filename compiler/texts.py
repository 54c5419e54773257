"""Texts on their way in: one Unicode form, no broken code points, a size cap."""

import re
import unicodedata

from verif_dsl.compiler.patterns.charset import WHITE_SPACE

LARGEST_RESPONSE = 64 * 1024
"""Bytes of UTF-8 that a response may have; beyond it every verdict is unknown(limit)."""

SPACES = "".join(chr(point) for low, high in WHITE_SPACE for point in range(low, high + 1))
"""Every character of the White_Space property, as `strip` takes them."""

SURROGATE = re.compile("[\ud800-\udfff]")


def prepare(text: str) -> str:
    """The text in NFC, lone surrogates (which no UTF-8 can hold) replaced by U+FFFD.

    >>> prepare("e\\u0301") == "\\u00e9"
    True
    """
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", SURROGATE.sub("\ufffd", text))


def too_large(text: str) -> bool:
    """Whether a prepared response is over the cap."""
    return 4 * len(text) > LARGEST_RESPONSE and len(text.encode()) > LARGEST_RESPONSE


def is_blank(text: str) -> bool:
    """Whether nothing but white space is there: such a response fails every constraint, without evaluation."""
    return not text or (text[0] in SPACES and not text.strip(SPACES))
