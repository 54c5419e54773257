"""Generators of well-typed expressions, legal rows and awkward texts, for the property tests."""

from fractions import Fraction

from hypothesis import strategies as st

from verif_dsl.compiler.backends.reference import Row
from verif_dsl.compiler.builtins import BUILTINS, REQUIRED, Builtin
from verif_dsl.compiler.conversation import PROMPT
from verif_dsl.compiler.intervals import Interval, decimals_fit, interval_of
from verif_dsl.compiler.ir import Argument, Call, Constant, Input, Items, Local, Node, Quantifier
from verif_dsl.compiler.kinds import BOOL, DECIMAL, INT, REGEX, TEXT, Kind, fill, list_of, unify
from verif_dsl.compiler.texts import is_blank, prepare

ARGUMENTS: dict[str, Kind] = {
    "n": INT,
    "flag": BOOL,
    "word": TEXT,
    "items": list_of(TEXT),
    "numbers": list_of(INT),
    "share": DECIMAL,
}
"""The parameters that generated expressions read."""

BOUNDS = {"share": Interval(-1, 1)}

ITEM_KINDS = [TEXT, INT, BOOL, DECIMAL, list_of(TEXT), list_of(INT)]
"""What generated lists are lists of."""

PIECES = [
    *("a", "b", "A", "river", "River", "riverbank", "don't", "re-do", "e\u0301", "É", "ß", "İ", "ς", "Σ", "ﬁ"),
    "K",
    *("1", "42", "3.14", "1. ", "e.g.", "Dr.", ",", ".", "!", "?", "...", "…", ";", '"', "'", "(", ")", "*", "*"),
    *("***", "_", "\x1c", "\x1f", "\x00", "\u200d", "\ufeff", "\u0301", "\ud800"),
    *(" ", "  ", "\n", "\n\n", "\r\n", "\t", "\u00a0", "\u2028", "\u0085"),
    *("你好", "。", "！", "「", "」", "한국", "\u1112\u1161\u11ab", "שלום", "مرحبا", "،", "हिन्दी", "ไทย"),
    *("👍", "👍🏽", "👨‍👩‍👧", "🇫🇷", "🇫", "❤\ufe0f", "1\ufe0f\u20e3", "©", "𝒳", "\U0010ffff"),
]  # fmt: skip
TEXT_VALUES = [
    "",
    "a",
    "A",
    "river",
    "e",
    "é",
    ",",
    ".",
    " ",
    "\n",
    "ß",
    "ss",
    "***",
    "你",
    "👍",
    "_",
    "é!",
    "'",
    "a b",
]
PATTERNS = [
    *("a", "[a-c]+", r"\p{L}+", "^a", "a$", r"\p{Lu}", "(?i)river", "[^,]+", "a|b|ab", "(?:ab?)+", r"\s+", ".+"),
    *(r"\[[^\]\n]*\]", r"(?:a|b){2,3}", r"[\p{L}\p{N}_]+", r"\u{1f44d}", "(?i)[é-ü]", "^(?:a|b)+$"),
    r"[\p{Extended_Pictographic}]+x?",
]
"""None of these matches the empty text, so that each may stand in `find_all`."""

USABLE = [one for one in BUILTINS.values() if one.lacking is None or one.lacking() is None]
"""The builtins of generated expressions: those whose data is installed; test_agreement.py says which are not."""

texts = st.lists(st.sampled_from(PIECES), max_size=16).map("".join)
"""Short texts of awkward pieces, as users send them: unprepared."""

responses = texts.map(prepare).filter(lambda text: not is_blank(text))
"""Texts as back ends get them."""

small_texts = st.one_of(st.sampled_from(TEXT_VALUES), texts.map(prepare))


def values(kind: Kind) -> st.SearchStrategy[object]:
    """Values of a kind."""
    if kind == BOOL:
        return st.booleans()
    if kind == INT:
        return st.integers(-5, 30)
    if kind == TEXT:
        return small_texts
    if kind == DECIMAL:
        return st.sampled_from([Fraction(0), Fraction(1), Fraction(1, 2), Fraction(3, 10), Fraction(-1, 4)])
    if kind.name == "maybe":
        return st.none() | values(kind.parts[0])
    return st.lists(values(kind.parts[0]), max_size=4).map(tuple)


@st.composite
def rows(draw: st.DrawFn) -> Row:
    """A response, a prompt, and a value for each of `ARGUMENTS`."""
    arguments = {name: draw(values(kind)) for name, kind in ARGUMENTS.items()}
    return Row(draw(responses), arguments, {PROMPT.key: draw(texts.map(prepare))})


@st.composite
def conditions(draw: st.DrawFn, depth: int = 4) -> Node:
    """Well-typed conditions over `ARGUMENTS`, the response and the prompt, using every builtin of `USABLE`."""
    return _node(draw, BOOL, depth, ())


def _node(draw: st.DrawFn, kind: Kind, budget: int, variables: tuple[Local, ...]) -> Node:
    """An expression of a kind, at most `budget` calls deep, over the variables of the quantifiers around it."""
    leaves: list[Node] = [Argument(name, other) for name, other in ARGUMENTS.items() if other == kind]
    leaves += [one for one in variables if one.kind == kind] * 3
    if kind == TEXT:
        leaves += [Input("response")] * 3 + [PROMPT.node]
    calls = [one for one in USABLE if _gives(one, kind)] if budget > 0 else []
    quantities = {BOOL: ["any", "all", "every"], INT: ["count"]}.get(kind, []) if budget > 0 else []
    if not calls or draw(st.integers(0, 9)) < 2:
        if leaves and draw(st.booleans()):
            return draw(st.sampled_from(leaves))
        return Constant(draw(values(kind)), kind)
    if quantities and draw(st.integers(0, 9)) < 4:
        return _quantifier(draw, draw(st.sampled_from(quantities)), budget - 1, variables)
    if kind.name == "list" and kind.parts[0] in (TEXT, INT, BOOL) and draw(st.integers(0, 5)) == 0:
        size = draw(st.integers(1, 3))
        return Items(tuple(_node(draw, kind.parts[0], budget - 1, variables) for _ in range(size)), kind)
    node = _call(draw, draw(st.sampled_from(calls)), kind, budget - 1, variables)
    # The compiler refuses numbers that could overflow; a small one takes their place here.
    fits = interval_of(node, BOUNDS).fits if kind == INT else decimals_fit(node, BOUNDS)
    return node if fits else Constant({INT: 1, BOOL: True, DECIMAL: Fraction(1, 2)}[kind], kind)


def _gives(builtin: Builtin, kind: Kind) -> bool:
    """Whether a call of the builtin can have this kind; lists of lists and of pairs are no values."""
    fits, item = unify(builtin.result, kind, None)
    return fits and "pair" not in str(builtin.result) and (item is None or item in ITEM_KINDS)


def _call(draw: st.DrawFn, builtin: Builtin, kind: Kind, budget: int, variables: tuple[Local, ...]) -> Call:
    _, item = unify(builtin.result, kind, None)
    return _filled(draw, builtin, kind, item, budget, variables)


def _filled(
    draw: st.DrawFn, builtin: Builtin, kind: Kind, item: Kind | None, budget: int, variables: tuple[Local, ...]
) -> Call:
    if item is None:
        # Decimals are compared by builtins of their own; a list of them is a list like others.
        single = builtin.name in ("==", "!=", "in list")
        item = draw(st.sampled_from([kind for kind in ITEM_KINDS if not (single and kind == DECIMAL)]))
        if "maybe" in builtin.name:
            item = draw(st.sampled_from([INT, TEXT, BOOL]))
    arguments: list[Node] = []
    for parameter in builtin.parameters:
        if parameter.kind == REGEX:
            arguments.append(Constant(draw(st.sampled_from(PATTERNS)), REGEX))
        elif parameter.default is not REQUIRED:
            arguments.append(Constant(draw(values(parameter.kind)), parameter.kind))
        else:
            arguments.append(_node(draw, fill(parameter.kind, item), budget, variables))
    return Call(builtin.name, tuple(arguments), kind)


def _quantifier(draw: st.DrawFn, quantity: str, budget: int, variables: tuple[Local, ...]) -> Quantifier:
    depth = max((one.depth for one in variables), default=0) + 1
    item = draw(st.sampled_from([TEXT, TEXT, TEXT, *ITEM_KINDS]))
    if draw(st.integers(0, 3)) == 0:
        builtin = BUILTINS[draw(st.sampled_from(["adjacent", "indexed", "zip"]))]
        source: Node = _filled(draw, builtin, fill(builtin.result, item), item, budget, variables)
        kinds = source.kind.parts[0].parts
    else:
        source, kinds = _node(draw, list_of(item), budget, variables), (item,)
    inner = (*variables, *(Local(depth, index, kind) for index, kind in enumerate(kinds)))
    condition = _node(draw, BOOL, budget, inner) if draw(st.integers(0, 3)) == 0 else None
    body = _node(draw, BOOL, budget, inner)
    return Quantifier(quantity, depth, len(kinds), source, condition, body)  # type: ignore[arg-type]
