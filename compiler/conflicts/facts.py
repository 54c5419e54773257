"""What a check says about the response, as far as it can be said with patterns and sums of measures.

A check with its arguments in place becomes a formula that holds of every response the check passes. What has no such
form says nothing, so that a formula nothing satisfies means a check that nothing passes.
"""

from collections.abc import Mapping

from verif_dsl.compiler.backends.reference import Row, evaluate
from verif_dsl.compiler.builtins import BUILTINS
from verif_dsl.compiler.conflicts.automata import ALL, FALSE, TRUE, Formula, Linear, Text, both, either
from verif_dsl.compiler.conflicts.measures import inner_blank, minus, occurrences_of, run_of, size
from verif_dsl.compiler.conflicts.sums import compared, difference
from verif_dsl.compiler.conflicts.views import (
    PLAIN,
    SPACE,
    Relation,
    View,
    Views,
    over,
    over_pattern,
    sure,
    sure_pattern,
    view_of,
)
from verif_dsl.compiler.ir import (
    Argument,
    Call,
    Constant,
    Input,
    Local,
    Node,
    Quantifier,
    Value,
    children,
    depth_of,
    rebuild,
    walk,
)
from verif_dsl.compiler.kinds import BOOL, DECIMAL, INT, TEXT
from verif_dsl.compiler.passes.fold_constants import fold_constants
from verif_dsl.compiler.passes.push_negation import push_negation
from verif_dsl.compiler.patterns.charset import complement, contains, normalise, of_property
from verif_dsl.compiler.patterns.pattern import Choice, Sequence, Set, parse_pattern
from verif_dsl.compiler.patterns.pattern import Node as Pattern

MOST_UNROLLED = 64
"""Items of a list in a check that are looked at one by one."""

STRIPPED = normalise([*SPACE.ranges, (0x1C, 0x1F)])
"""What Python's `str.strip` takes for white space."""

COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
UPPER = Set(normalise([*(of_property("Lu") or ()), *(of_property("Lt") or ())]))
CAPITAL = Set(of_property("Lu") or ())
LOWER = Set(of_property("Ll") or ())
SUBSTRINGS = ("words", "sentences", "paragraphs", "lines", "tokens_ws", "chars", "find_all", "split", "split_at")
"""Builtins whose items are parts of their text."""


def bound(check: Node, arguments: Mapping[str, Value]) -> Node:
    """The check with its arguments in place, what needs no response computed, and negations moved inwards."""
    return simplified(push_negation(fold_constants(_computed(_replaced(check, arguments, {})))))


def simplified(node: Node) -> Node:
    """The condition without parts that are sure to hold or not to, and with lists that are written out item by item.

    >>> yes, some = Constant(True, BOOL), Call("p", (), BOOL)
    >>> simplified(Call("or", (Call("and", (yes, some), BOOL), Constant(False, BOOL)), BOOL)) == some
    True
    """
    if node.kind != BOOL:
        return node
    node = rebuild(node, tuple(simplified(one) for one in children(node)))
    match node:
        case Call("and" | "or" as name, (left, right)):
            settles = Constant(name == "or", BOOL)
            if settles in (left, right):
                return settles
            neutral = Constant(name == "and", BOOL)
            return right if left == neutral else left if right == neutral else node
        case Quantifier("any" | "all" | "every" as quantity) if (items := _written_out(node)) is not None:
            if quantity == "every" and not items:
                return Constant(False, BOOL)
            return _joined("or" if quantity == "any" else "and", items)
    return node


def _joined(name: str, items: list[Node]) -> Node:
    found: Node = Constant(name == "and", BOOL)
    for item in items:
        found = simplified(Call(name, (found, item), BOOL))
    return found


def _written_out(node: Quantifier) -> list[Node] | None:
    """The body of a quantifier for each item of a list that is known; None where it is not."""
    values = value_of(node.source)
    if not isinstance(values, tuple) or len(values) > MOST_UNROLLED:
        return None
    found = []
    for value in values:
        parts = value if node.arity > 1 and isinstance(value, tuple) else (value,)
        places = {(node.depth, index): part for index, part in enumerate(parts)}
        if node.condition is not None:
            condition = fold_constants(_replaced(node.condition, {}, places))
            if not isinstance(condition, Constant):
                return None
            if not condition.value:
                continue
        found.append(simplified(push_negation(fold_constants(_replaced(node.body, {}, places)))))
    return found


def _replaced(node: Node, arguments: Mapping[str, Value], variables: Mapping[tuple[int, int], Value]) -> Node:
    match node:
        case Argument(name, kind) if name in arguments:
            return Constant(arguments[name], kind)
        case Local(depth, index, kind) if (depth, index) in variables:
            return Constant(variables[depth, index], kind)
    return rebuild(node, tuple(_replaced(one, arguments, variables) for one in children(node)))


def _computed(node: Node) -> Node:
    """The node with quantifiers over what is known replaced by their values."""
    node = rebuild(node, tuple(_computed(one) for one in children(node)))
    if isinstance(node, Quantifier) and (value := value_of(node)) is not None:
        return Constant(value, node.kind)
    return node


def conjuncts(node: Node) -> list[Node]:
    """The parts of a condition that all have to hold.

    >>> yes = Constant(True, BOOL)
    >>> len(conjuncts(Call("and", (Call("and", (yes, yes), BOOL), yes), BOOL)))
    3
    """
    match node:
        case Call("and", (left, right)):
            return [*conjuncts(left), *conjuncts(right)]
    return [node]


def formula_of(node: Node, variables: Views | None = None) -> Formula:
    """A formula that holds of every response of which the condition holds (see `bound`)."""
    known = variables or {}
    match node:
        case Constant(bool(value)):
            return TRUE if value else FALSE
        case Call("and", (left, right)):
            return both(formula_of(left, known), formula_of(right, known))
        case Call("or", (left, right)):
            return either(formula_of(left, known), formula_of(right, known))
        case Call("not", (inner,)):
            return _atom(inner, False, known)
        case Quantifier():
            return _quantified(node, known)
        case Call():
            return _atom(node, True, known)
    return TRUE


# ------------------------------------------------------------------------------------------------------- quantifiers


def value_of(node: Node) -> Value:
    """The value of what hangs on nothing; None where it hangs on something."""
    if depends(node):
        return None
    for one in walk(node):
        if isinstance(one, Input | Argument) or (isinstance(one, Call) and BUILTINS[one.builtin].lacking):
            return None
    return evaluate(node, Row())


def _quantified(node: Quantifier, known: Views) -> Formula:
    if node.quantity == "count":
        return TRUE
    counted = _counted(node)
    if node.quantity == "any":
        return both(counted, _indexed(node), _some(node, known))
    body = [_no_inner_blank(node), _first_of_first(node)]
    if node.condition is None:
        views = _pieces(node, "each", known)
        body += [formula_of(one, views) for one in conjuncts(node.body) if not _chooses(one)]
        if isinstance(node.source, Call) and node.source.builtin == "tokens_ws" and node.arity == 1:
            view = view_of(node.source.arguments[0], known)
            if view == View():  # a response has a first token and a last one
                for end in ("first", "last"):
                    token = {**known, (node.depth, 0): view_of(_end(end, node.source), {}) or View(piece="some")}
                    body.append(formula_of(node.body, token))
    return both(counted, *body)


def _some(node: Quantifier, known: Views | None = None) -> Formula:
    """What there is to be where one item meets the body."""
    views = _pieces(node, "some", known or {})
    return both(*(formula_of(one, views) for one in (node.body, node.condition) if one is not None))


def _no_inner_blank(node: Quantifier) -> Formula:
    """`all(matches(x, re"\\S") for x in drop(take(pieces, len(pieces) - 1), 1))` as a pattern."""
    match node.source, node.body:
        case (
            Call("drop", (Call("take", (Call("split", (text, Constant(str(part)))) as pieces, most)), Constant(1))),
            Call("matches", (Local(depth, 0), Constant("\\S"))),
        ) if depth == node.depth and most == Call("-", (size(pieces), Constant(1, INT)), INT):
            pattern = inner_blank(part) if view_of(text, {}) == View() else None
            return TRUE if pattern is None or node.condition is not None else Text(pattern, False)
    return TRUE


def _first_of_first(node: Quantifier) -> Formula:
    """Where every sentence, as IFEval cuts them, begins with a word of letters, so does the response."""
    body, place = node.body, (node.depth, 0)
    match node.source, body:
        case Call("sentences_ifeval", (Input("response"),)), Call("==", (text, Constant(str(word)))):
            view = view_of(text, {place: View()})
            plain = view and view.token == "first" and not view.removed and word.isascii() and word.isalpha()
            if node.quantity == "every" and view and plain:
                return Text(over(View(view.case, (STRIPPED,)), "starts", word))
    return TRUE


def _chooses(node: Node) -> bool:
    """Whether a condition on each item can hold for different reasons, so that it says nothing of all together."""
    return not (isinstance(node, Call) and node.builtin == "not")


def _end(end: str, tokens: Node) -> Node:
    return Call(end, (tokens, Constant("", TEXT)), TEXT)


def _pieces(node: Quantifier, piece: str, known: Views) -> Views:
    """What is known of the variables of a quantifier over parts of the response."""
    source, places = node.source, [0]
    if isinstance(source, Call) and source.builtin in ("indexed", "adjacent"):
        places = [1] if source.builtin == "indexed" else [0, 1]
        source = source.arguments[0]
    exact = isinstance(source, Call) and source.builtin == "tokens_ws"
    while isinstance(source, Call) and source.builtin in ("take", "drop", "unique"):
        source, exact = source.arguments[0], False
    if not isinstance(source, Call) or (piece == "each" and not exact):
        return {}
    view = view_of(source.arguments[0], known) if source.arguments else None
    if view is None or (
        source.builtin not in SUBSTRINGS and source.builtin not in ("sentences_punkt", "words_treebank")
    ):
        return {}
    kind = "letters" if source.builtin == "words_treebank" else piece
    made = View(case=view.case, piece="letters" if kind == "letters" else "each" if kind == "each" else "some")
    if piece == "each" and view != View():
        return {}
    return {**known, **{(node.depth, place): made for place in places}}


def _counted(node: Quantifier) -> Formula:
    """`any`, `all` and `every` as a count of the items that meet the body."""
    if depends(node):
        return TRUE
    size = Call("len", (node.source,), INT)
    negated = node.body.arguments[0] if isinstance(node.body, Call) and node.body.builtin == "not" else None
    count = Quantifier("count", node.depth, node.arity, node.source, node.condition, negated or node.body)
    if node.quantity == "any":
        if negated is not None:
            return TRUE
        return Linear(((count, -1),), -1)
    if node.condition is not None:
        return TRUE
    every = [Linear(((size, -1),), -1)] if node.quantity == "every" else []
    if negated is not None:
        return both(Linear(((count, 1),), 0), *every)
    return both(Linear(((count, 1), (size, -1)), 0), Linear(((count, -1), (size, 1)), 0), *every)


def _indexed(node: Quantifier) -> Formula:
    """`any(i == 2 and ... for i, x in indexed(xs))` needs three items."""
    match node.source:
        case Call("indexed", (items,)) if not depends(items):
            index = Local(node.depth, 0, INT)
            for one in conjuncts(node.body):
                if isinstance(one, Call) and one.builtin.split()[0] == "==":
                    terms, rest = difference(*one.arguments)
                    factor = terms.get(index) if terms else None
                    if terms and set(terms) == {index} and factor:
                        place = -rest / factor
                        if place.denominator != 1 or place < 0:
                            return FALSE
                        return Linear(((Call("len", (items,), INT), -1),), -int(place) - 1)
    return TRUE


def depends(node: Node) -> bool:
    """Whether a node reads a variable that is bound outside of it."""
    return depth_of(node) > 0


# -------------------------------------------------------------------------------------------------------------- atoms


def _atom(node: Node, holds: bool, known: Views) -> Formula:
    """What a single condition says, or its opposite."""
    if not isinstance(node, Call):
        return TRUE
    match node.builtin, node.arguments:
        case "in text", (Constant(str(literal)), whole):
            found = _literal(view_of(whole, known), "contains", literal, holds)
            if not literal or depends(whole):
                return found
            times = occurrences_of(whole, literal)
            return both(found, Linear(((times, -1),), -1) if holds else Linear(((times, 1),), 0))
        case "starts_with", (text, Constant(str(literal))):
            return _literal(view_of(text, known), "starts", literal, holds)
        case "ends_with", (text, Constant(str(literal))):
            return _literal(view_of(text, known), "ends", literal, holds)
        case ("==" | "!=") as name, (left, right) if left.kind == TEXT:
            return _equal(left, right, holds == (name == "=="), known)
        case ("==" | "!=") as name, (Call("find_all", (text, Constant(str(pattern)))), Constant(tuple(values))):
            if _is_any(parse_pattern(pattern)) and all(isinstance(one, str) and len(one) == 1 for one in values):
                literal = "".join(one for one in values if isinstance(one, str))
                return _literal(view_of(text, known), "equals", literal, holds == (name == "=="))
        case "in list", (item, Constant(tuple(values))) if item.kind == TEXT:
            view = view_of(item, known)
            each = [_literal(view, "equals", one, holds) for one in values if isinstance(one, str)]
            return either(*each) if holds else both(*each)
        case "in list", (Constant(str(literal)), Call("find_all" | "words" as cut, (text, *rest))):
            return _token(cut, literal, text, rest, holds, known)
        case "matches", (text, Constant(str(pattern))):
            return _matches(view_of(text, known), parse_pattern(pattern), holds)
        case ("is_upper" | "is_lower") as name, (text,):
            wanted, other = (UPPER, LOWER) if name == "is_upper" else (LOWER, UPPER)
            view = view_of(text, known)
            first, second = _matches(view, wanted, holds), _matches(view, other, not holds)
            return both(first, second) if holds else either(first, second)
        case name, (left, right) if name.removesuffix(" decimal") in COMPARISONS and left.kind in (INT, DECIMAL):
            return compared(name.removesuffix(" decimal"), left, right, holds, _some)
    return TRUE


def _is_any(tree: Pattern) -> bool:
    """Whether it is the pattern of a single code point, whichever."""
    return isinstance(tree, Set) and complement(tree.ranges) == ()


def _literal(view: View | None, relation: Relation, literal: str, holds: bool) -> Formula:
    if view is None:
        return TRUE
    if not literal and relation != "equals":
        return TRUE if holds else FALSE
    if holds:
        return Text(over(view, relation, literal))
    pattern = sure(view, relation, literal)
    return TRUE if pattern is None else Text(pattern, False)


def _matches(view: View | None, tree: Pattern, holds: bool) -> Formula:
    if view is None:
        return TRUE
    if holds:
        return Text(over_pattern(view, tree))
    pattern = sure_pattern(view, tree)
    return TRUE if pattern is None else Text(pattern, False)


def _equal(left: Node, right: Node, holds: bool, known: Views) -> Formula:
    if isinstance(left, Constant):
        left, right = right, left
    match right:
        case Constant(str(literal)):
            return _literal(view_of(left, known), "equals", literal, holds)
    one, other = view_of(left, known), view_of(right, known)
    if one and other and holds and View() in (one, other):
        cased = other if one == View() else one
        if cased.case != "raw" and not cased.token and not cased.piece:
            return _matches(View(), CAPITAL, False)  # no capital letter is its own small letter
    return TRUE


def _token(cut: str, literal: str, text: Node, rest: list[Node], holds: bool, known: Views) -> Formula:
    """Whether a literal is one of the runs of some characters."""
    view = view_of(text, known)
    if view is None:
        return TRUE
    if holds:
        return _literal(view, "contains", literal, True)
    run = run_of(cut, rest)
    core = sure(view, "equals", literal)
    if run is None or core is None or view.strips or view.piece or cut == "words" or run.first != run.inner:
        return TRUE
    if not all(contains(run.first, one) for one in literal) or any(contains(run.first, one) for one in " \n.,"):
        return TRUE
    beside = Set(run.sure_between if view.case == "raw" else minus(PLAIN.ranges, run.first))
    around = Choice((Sequence((ALL, beside)), Sequence(())))
    behind = Choice((Sequence((beside, ALL)), Sequence(())))
    return Text(Sequence((around, core, behind)), False)
