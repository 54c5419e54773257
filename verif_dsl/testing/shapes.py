"""What texts are made of: words, sentences and lines of many shapes, real-looking responses, and degenerate ones."""

WORDS = (
    *("river", "garden", "winter", "market", "signal", "quiet", "stone", "light", "table", "paper", "music", "north"),
    *("summer", "window", "coffee", "bread", "cloud", "yellow", "answer", "letter", "people", "method", "simple"),
    *("house", "water", "green", "small", "large", "often", "never", "always", "under", "about", "after", "before"),
    *("walk", "open", "keep", "find", "turn", "write", "read", "and", "the", "to", "of", "in", "a", "it", "we", "so"),
    *("up", "on", "sky", "fly", "rhythm", "crypt", "extraordinary", "responsibility", "understanding", "noon", "level"),
    *("café", "naïve", "don't", "well-known", "茶", "水", "чай", "شاي"),
)
"""Plain words first."""

ODD_WORDS = (
    *("River", "RIVER", "NASA", "OK", "I", "7", "42", "1990", "3.14", "(so)", '"quote"', "[note]", "**bold**", "*it*"),
    *("`code`", "<<title>>", "#tag", "mail@example.org", "https://example.org", "[link](https://example.org)", "½"),
    *("👍", "—", "...", "!", "?", ";", ":", ",", "&", "iPhone", "McDonald", "[1]", "(Smith, 2020)", "2024-05-01", "bb"),
    *("CAPITAL", "Paris", "€5", "50%", "very,", "end;", "why?", "so!", "日本", "すし", "x", "Tea", "WELL-KNOWN"),
)
"""Words that some rule asks for."""

SENTENCES = (
    *("Is it so?", "Why not?", "It is so!", "Stop!", "It rains.", "It rains all day.", 'He said "no" to me.'),
    *("Maybe it is.", "We went home 👍", "WE WENT HOME.", "we went home.", "Well, it rains, and it snows.", "No"),
    *("It is (more or less) so.", "Tea: hot.", "See [1].", "We waited…", "第一句。", "There are 3 ways."),
)

LINES = (
    *("- One thing", "* One thing", "1. One thing", "2. Another thing", "+ One thing", "# A heading", "## A heading"),
    *("### A heading", "**A bold line**", "*An italic line*", "> A quotation", "---", "***", "A plain line.", "WORD"),
    *("  - a nested thing", "Question?", "a,b,c", "Name: value", "- [ ] to do", "- [x] done", "```", "P.S. One more."),
    *("| a | b |", "-- a remark", "    indented", "Section 1", "SECTION 1", "[placeholder]", "<<A title>>", "…", "1"),
    *("- **Term**: what it is", "* * *", "******", "A line, with commas, in it", "A) one", "a. one", "Step 1: begin"),
)

PARAGRAPHS = (
    *("A first paragraph.", "It has two sentences. This is one.", "- one\n- two\n- three", "1. one\n2. two\n3. three"),
    *("# Heading\n\nText below it.", "```python\nprint('a')\n```", "| a | b |\n|---|---|\n| 1 | 2 |", "> quoted"),
    *("## Heading\nText", "***", "P.S. One more thing", "WHOLE PARAGRAPH.", "Is this a question?"),
)


def _table(columns: int, rows: int) -> str:
    lines = [[f"head {column}" for column in range(columns)], ["---"] * columns]
    lines += [[f"{row}.{column}" for column in range(columns)] for row in range(rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


BLOCKS = {
    "code_blocks": (
        *(
            f"```{name}\n{body}\n```"
            for name in ("python", "", "json", "bash", "sql")
            for body in ("x = 1", "x = 1\ny = 2")
        ),
        *("```\nx = 1", "~~~\n~~~", "```python\n" + "x = 1  # a long line of code that goes on and on\n" * 3 + "```"),
    ),
    "tables": tuple(_table(columns, rows) for columns in (2, 3, 1, 4, 5) for rows in (1, 2, 0, 3, 4, 5)),
    "spans": ('"so it is"',),
}
"""Pieces that one item of what a builtin lists comes from."""

RESPONSES = (
    "The river rises in the hills and runs north. It is quiet in winter, but in spring the water is high.",
    "Here is a short answer.\n\nFirst, boil the water. Then add the tea and wait for three minutes.\n\nEnjoy!",
    "# Plan\n\n1. Read the question\n2. Think\n3. Answer\n\n**Note:** keep it short.",
    "- apples\n- pears\n- plums\n\nThat is all.",
    "```python\ndef add(a, b):\n    return a + b\n```\n\nThis function adds two numbers.",
    '{"name": "Ada", "born": 1815, "tags": ["maths", "engines"]}',
    "| City | Country |\n|---|---|\n| Paris | France |\n| Oslo | Norway |",
    "name,age\nAda,36\nGrace,85",
    "Sure! I'd be happy to help. What would you like to know?",
    "I'm sorry, but as an AI language model I can't do that.",
    "La rivière est calme en hiver. Elle coule vers le nord.",
    "Der Fluss ist im Winter ruhig. Er fließt nach Norden.",
    "我们喝茶。茶很热！你喜欢吗？",
    "お茶は熱いです。水は冷たいです。",
    "Чай горячий. Вода холодная.",
    "الشاي ساخن. الماء بارد.",
    "चाय गरम है। पानी ठंडा है।",
    "THIS IS ALL IN CAPITALS, AND LOUD!",
    "all small letters here, nothing else",
    "Dear Ms. Smith,\n\nThank you for your letter of 3.14.2024; I will reply soon.\n\nYours,\nTom\n\nP.S. See you.",
    "Q: What is it?\nA: It is tea.\n\nQ: Why?\nA: Because.",
    "Yes.",
    "42",
    "My answer is no.",
    "<<A Day in May>>\n\nRoses are red,\nviolets are blue,\nsugar is sweet,\nand so are you. 🌹",
    "See [the guide](https://example.org/guide) and note [1].\n\n[1] A. Author (2020).",
    '"Well," she said, "it\'s done." He nodded — twice.',
    "> A quotation\n\nAnd a comment (a long one) on it: e.g. this.",
    "word " * 120 + "end.",
    "\n\n".join(f"Paragraph {n} has a line or two. It says a little." for n in range(1, 7)),
)
"""Answers such as models give."""

DEGENERATE = (
    *("a", "A", "1", "!", "!!!", ".", "...", "?", ",", "#", "*", "-", "—", "_", "0", "👍", "👍👍👍", "你", "e\u0301"),
    *('"', "()", "[]", "{}", "```", "```\nx", "| |", "\u200b", "\ufeff", "null", "a\n\n\n\nb", "a" * 5000, "a " * 2000),
    *("\n".join("#" * 5), "<think>", "\u0301", "🇫", "\x00"),
)
"""Texts that answer nothing."""

CONSONANTS, VOWELS = "bdfgklmnprstvz", "aeiou"


def made_word(number: int) -> str:
    """A made-up word; different numbers below 4,900 give different ones.

    >>> made_word(0), made_word(1234)
    ('baba', 'gipu')
    """
    number, vowel = divmod(number, len(VOWELS))
    number, consonant = divmod(number, len(CONSONANTS))
    other_consonant, other_vowel = divmod(number, len(VOWELS))
    return CONSONANTS[other_consonant % len(CONSONANTS)] + VOWELS[other_vowel] + CONSONANTS[consonant] + VOWELS[vowel]
