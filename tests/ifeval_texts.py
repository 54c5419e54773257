"""Arguments and responses on which checkers of IFEval are likely to differ, put together from awkward pieces."""

import json
import unicodedata
from collections.abc import Mapping, Sequence

from hypothesis import strategies as st

Arguments = Mapping[str, object]

ANYWHERE = [
    *("a", "The", "word", "I", "NASA", "McD", "don't", "state-of-the-art", "3.14", "1,000", "Mr.", "U.S.", "e.g."),
    *(" ", " ", " ", "\t", "\n", "\n", "\n\n", "\n \n", "\r\n", "\r", "\v", "\x1c", "\x85", "\u2028", "\u3000"),
    *(".", ". ", "? ", "!", "...", "…", "。", ",", "，", "、", ";", ":", "'", '"', '"', "“", "”", "’", "`", "(", ")"),
    *("*", "**", "***", "******", "* * *", "-", "---", "•", "#", "_", "<", "<<", ">>", ">", "[", "]", "{", "}", "```"),
    *("é", "e\u0301", "É", "ß", "ẞ", "ſ", "ı", "İ", "i\u0307", "K", "ς", "Σ", "µ", "ϐ", "ǅ", "Ⅷ", "ⓐ", "ᵃ", "½"),
    *("ª", "²", "٣", "你好", "한국", "क्षि", "שלום", "👍🏽", "❤\ufe0f"),
    *("\u200b", "\u200d", "\ufeff", "\x00", "\ufffd", "\ud800"),
]  # fmt: skip
"""For every id: spaces that engines disagree about, letters whose case is unusual, marks, and signs of Markdown."""

LANGUAGES = {
    "en": ["The weather is fine today. ", "the children play in the garden, and we go out. ", "WE WENT TO THE WOODS. "],
    "de": ["Das Wetter ist heute sehr schön. ", "die kinder spielen im garten. ", "WIR GEHEN HEUTE IN DEN WALD. "],
    "fr": ["Le temps est très beau aujourd'hui. ", "les enfants jouent dans le jardin. ", "NOUS ALLONS AU BOIS. "],
    "ru": ["Погода сегодня очень хорошая. ", "дети играют в саду. ", "МЫ ИДЁМ В ЛЕС. "],
    "hi": ["आज मौसम बहुत अच्छा है। ", "बच्चे बगीचे में खेल रहे हैं। "],
}

ABOUT: Mapping[str, Sequence[str]] = {
    "change_case:capital_word_frequency": ["AT&T ", "I'M", "3D", "NASA-TV", "CANNOT", "ΟΔΟΣ", "X.", "(OK)", "U.S.A. "],
    "change_case:english_capital": [*map(str.upper, LANGUAGES["en"] * 3 + LANGUAGES["de"]), "OK ", "A", "12 "],
    "change_case:english_lowercase": [*map(str.lower, LANGUAGES["en"] * 3 + LANGUAGES["fr"]), "ok ", "a", "12 "],
    "combination:two_responses": ["One.", "One.", "Two.", "\n******\n", "******", "*****", "*", "é", "e\u0301"],
    "detectable_content:number_placeholders": ["[name]", "[", "]", "[]", "[a", "b]", "\n"],
    "detectable_content:postscript": ["P.S.", "P. S.", "p.s.", "P.P.S", "P.\u3000P.\nS", "p.", "s.", " ", "P", "S"],
    "detectable_format:constrained_response": ["My answer is yes.", "My answer is no", "my answer is maybe.", "My "],
    "detectable_format:json_format": ["```json\n", "```JSON", "```Json", "```\n", "{", "}", '"a":', "1", "NaN", "null"],
    "detectable_format:multiple_sections": ["1", " 2", "\n3", "٣", "Ⅷ", "²", "\t4"],
    "detectable_format:number_bullet_lists": ["\n* one", "\n- ", "\n*", "\n-", "\n  * two", "\n**", "\r* ", "\n*\n"],
    "detectable_format:number_highlighted_sections": ["*one*", "**two**", "***", "*", "**", "* ", " *", "\n"],
    "detectable_format:title": ["<<title>>", "<<", ">>", "<", ">", " ", "title", "\n"],
    "keywords:forbidden_words": ["-", "_", "’", "\u0301", " ", " "],
    "length_constraints:nth_paragraph_first_word": ["\n\n", "One.", "\n \n", "''", '"', "'\"", "\"'", "?", " "],
    "length_constraints:number_paragraphs": ["One.", "One.", "***", "****", " ", "\n"],
    "length_constraints:number_sentences": ["One. ", "Mr. Smith. ", "J. R. ", "No. 5! ", "etc. The", '." ', "1. "],
    "length_constraints:number_words": ["one ", "two-three ", "don't ", "क्षि ", "a\u0301 ", "ọ\u0301 ", "½ ", "x_y "],
    "punctuation:no_comma": ["Red and blue. ", "Red; "],
    "startend:end_checker": ['"', " ", "\n", "."],
    "startend:quotation": ['"', " ", "\n", "“"],
}  # fmt: skip
"""What an id looks at, beside its arguments."""

GLUE: Mapping[str, Sequence[str]] = {
    "combination:two_responses": ["\n******\n", "******", ""],
    "detectable_format:number_bullet_lists": ["\n* ", "\n- ", ""],
    "length_constraints:nth_paragraph_first_word": ["\n\n", "\n\n", ""],
    "length_constraints:number_paragraphs": ["\n***\n", " *** ", ""],
}
"""What stands between the pieces, where that matters."""

WORDS = ["river", "Market", "is", "aa", "SS", "Straße", "ΟΔΟΣ", "ask", "İs", "µ", "β", "é", "你好", "x_1"]
PHRASES = [*WORDS, "e\u0301", "क्षि", "New York", "don't", "cat-like", " river ", "#1", "ΟΔΟΣ ΟΔΟΣ"]
ENDINGS = [*PHRASES, "The end.", '"The end"', "Is it? ", "a\nb", "[x] (*y*)"]
RELATION = st.sampled_from(["less than", "at least"])

VALUES: Mapping[str, st.SearchStrategy[object]] = {
    "keywords": st.lists(st.sampled_from(PHRASES), min_size=1, max_size=2),
    "keyword": st.sampled_from(PHRASES),
    "forbidden_words": st.lists(st.sampled_from(WORDS), min_size=1, max_size=2),
    "letter": st.sampled_from([*"aeisktABZ", *"ſıéßΣς你#!1", "e\u0301"]),
    "first_word": st.sampled_from([*WORDS, "cat-like", "#1", "e\u0301"]),
    "section_spliter": st.sampled_from(["Section", "SECTION", "Day", "ana", "aa", "é", "İ"]),
    "postscript_marker": st.sampled_from(["P.S.", "P.P.S"]),
    "end_phrase": st.sampled_from(ENDINGS),
    "prompt_to_repeat": st.sampled_from(ENDINGS),
    "language": st.sampled_from(list(LANGUAGES)),
    "relation": RELATION,
    "let_relation": RELATION,
    "capital_relation": RELATION,
}
"""What a parameter may be given; those that are not here are small numbers."""


@st.composite
def arguments(draw: st.DrawFn, parameters: Sequence[str]) -> dict[str, object]:
    """Legal arguments for the parameters of a port."""
    drawn = {name: draw(VALUES.get(name, st.integers(0, 4))) for name in parameters}
    if "nth_paragraph" in drawn:
        total = drawn["num_paragraphs"] = draw(st.integers(1, 3))
        drawn["nth_paragraph"] = draw(st.integers(1, total))
    return drawn


def responses(instruction: str, given: Arguments) -> st.SearchStrategy[str]:
    """Short responses made of what the id and its arguments are about, and of what is awkward anywhere."""
    about = [*ABOUT.get(instruction, ()), *(variant for text in texts_of(given) for variant in varied(text))]
    if instruction == "language:response_language":
        about = [*LANGUAGES[str(given["language"])], *LANGUAGES["en"], "12 ", "!"]
    own = st.sampled_from(about or ANYWHERE)
    if instruction == "detectable_format:json_format":
        own = st.one_of(json_texts(), json_texts(), own)
    pieces = st.one_of(own, own, st.sampled_from(ANYWHERE))
    glue = st.sampled_from(GLUE.get(instruction, ["", "", " ", "\n"]))
    ends = st.sampled_from(["", "", '"'])
    parts = st.one_of(st.lists(own, max_size=4), st.lists(pieces, max_size=12))
    return st.tuples(glue, parts, ends).map(lambda one: one[2] + one[0].join(one[1]) + one[2])


def texts_of(given: Arguments) -> list[str]:
    """The texts among some arguments, but for relations."""
    lists = [[one] if isinstance(one, str) else one for one in given.values() if isinstance(one, str | list)]
    return [text for one in lists for text in one if text not in ("less than", "at least")]


def varied(text: str) -> list[str]:
    """A text as it is, in other letters, inside of others, and cut."""
    spelt = [text, text, text.upper(), text.lower(), text.title(), text.strip(), unicodedata.normalize("NFD", text)]
    alike = [text.replace("s", "ſ"), text.replace("i", "ı"), text.replace("İ", "i"), text.replace("Σ", "ς")]
    return [*spelt, *alike, text + "s", "x" + text, text[:-1], f" {text} ", f"\n{text}"]


def json_texts() -> st.SearchStrategy[str]:
    """JSON as Python writes it, in fences or not."""
    leaves = st.sampled_from(["", "a", "é", 0, -1, 1.5, float("nan"), float("inf"), None, True])
    values = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.just("a"), inner))
    fences = st.sampled_from([("", ""), ("```json\n", "\n```"), ("```", "```"), ("```python\n", "```"), ("\ufeff", "")])
    nested = st.sampled_from([0, 0, 0, 64, 65])
    return st.tuples(fences, values, nested).map(
        lambda one: one[0][0] + "[" * one[2] + json.dumps(one[1], ensure_ascii=False) + "]" * one[2] + one[0][1]
    )
