"""Blocks of Markdown: which fence closes a block of code, and what is a table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verif_dsl.compiler.builtins import BUILTINS

CODE_BLOCKS, WITHOUT_CODE, TABLES = (BUILTINS[name].reference for name in ("code_blocks", "without_code", "tables"))

lines = st.lists(
    st.sampled_from(["a", "", "```", "```py", " ```", "````", "~~~", "~~~~ x", "``", "| a | b |", "|-|-|", "a|b", "\r"])
)


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("```\na\n```", ["```\na\n```"]),
        ("```py title=x\na\n```  \nb", ["```py title=x\na\n```  "]),
        ("```\na\n````", ["```\na\n````"]),
        ("````\n```\n````", ["````\n```\n````"]),
        ("```\n~~~\n```", ["```\n~~~\n```"]),
        ("~~~ a`b\nx\n~~~", ["~~~ a`b\nx\n~~~"]),
        ("```a`b\nx\n```", ["```"]),
        ("```\na\n```py\nb\n```", ["```\na\n```py\nb\n```"]),
        ("```\r\na\r\n```\r\nb", ["```\r\na\r\n```\r"]),
        ("a ```\nb", []),
        ("``\na\n``", []),
        ("```", ["```"]),
        ("```\na\n```\n```\nb", ["```\na\n```", "```\nb"]),
    ],
)
def test_a_block_goes_from_its_fence_to_one_as_long(text: str, blocks: list[str]) -> None:
    assert list(CODE_BLOCKS(text)) == blocks


@given(lines)
def test_every_line_is_in_a_block_or_left_and_nothing_left_is_a_block(parts: list[str]) -> None:
    text = "\n".join(parts)
    left = WITHOUT_CODE(text)
    assert list(CODE_BLOCKS(left)) == []
    assert TABLES(left) == TABLES(text)
    inside = "\n".join(CODE_BLOCKS(text)).split("\n") if CODE_BLOCKS(text) else []
    assert sorted(filter(None, [*inside, *left.split("\n")])) == sorted(filter(None, text.split("\n")))


@pytest.mark.parametrize(
    ("text", "tables"),
    [
        ("|a|b|\n|-|-|\n|1|2|", [[["a", "b"], ["1", "2"]]]),
        ("a|b\n:-:|--:\n1|2\n\n3|4", [[["a", "b"], ["1", "2"]]]),
        ("Text:\n|a|\n|-|\n|1|\nText", [[["a"], ["1"]]]),
        ("|a|b|\r\n|-|-|\r\n|1|2|\r\n", [[["a", "b"], ["1", "2"]]]),
        ("|a|b|\n|-|-|\n||\n|1|2|3|", [[["a", "b"], [""], ["1", "2", "3"]]]),
        ("|a|\n|-|\n|-|\n|b|", [[["a"], ["-"], ["b"]]]),
        ("|a|\n|-|\n\n|b|\n|-|", [[["a"]], [["b"]]]),
        ("|a\\|b|`c|d`|\n|-|-|-|", [[["a|b", "`c", "d`"]]]),
        ("|a|b|\n|-|\n|1|2|", []),
        ("|a|\n\n|-|", []),
        ("|a|\n|=|", []),
        ("|a|\n|: -|", []),
        ("a\n-\n1", []),
        ("|-|\n|1|", []),
    ],
)
def test_a_table_has_heads_over_as_many_dashes(text: str, tables: list[list[list[str]]]) -> None:
    assert [[list(row) for row in table] for table in TABLES(text)] == tables
