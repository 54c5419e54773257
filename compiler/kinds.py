"""The types of the language, as values: `bool`, `int`, `text`, `regex`, lists, what may be undecided, and pairs."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """A type. Lists and undecided values have one part, pairs two; `item` stands for any type in a signature.

    >>> str(list_of(TEXT)), str(maybe(BOOL))
    ('list of text', 'bool?')
    """

    name: str
    parts: tuple["Kind", ...] = ()

    def __str__(self) -> str:
        match self.name, self.parts:
            case "list", (item,):
                return "empty list" if item == NOTHING else f"list of {item}"
            case "pair", (left, right):
                return f"pairs of {left} and {right}"
            case "maybe", (inner,):
                return f"{inner}?"
        return self.name


BOOL, INT, DECIMAL = Kind("bool"), Kind("int"), Kind("decimal")
TEXT, REGEX = Kind("text"), Kind("regex")
ITEM = Kind("item")
"""Any one type, the same wherever it stands in a signature."""

NOTHING = Kind("nothing")
"""The type of the items of `[]`, which fits every list."""


def list_of(item: Kind) -> Kind:
    """The type of lists of `item`."""
    return Kind("list", (item,))


def pair_of(left: Kind, right: Kind) -> Kind:
    """The type of pairs, which only a quantifier with two variables can take apart."""
    return Kind("pair", (left, right))


def of_pairs(kind: Kind) -> bool:
    """Whether it is a list of pairs.

    >>> of_pairs(list_of(pair_of(TEXT, TEXT))), of_pairs(list_of(TEXT))
    (True, False)
    """
    return kind.name == "list" and kind.parts[0].name == "pair"


def maybe(kind: Kind) -> Kind:
    """The type of a value that may be undecided, which only `decide` closes (Kleene's three-valued logic)."""
    return Kind("maybe", (kind,))


def unify(pattern: Kind, actual: Kind, item: Kind | None) -> tuple[bool, Kind | None]:
    """Whether `actual` fits `pattern`, and what `item` then stands for.

    >>> unify(list_of(ITEM), list_of(TEXT), None) == (True, TEXT)
    True
    >>> unify(INT, TEXT, None)
    (False, None)
    """
    if actual == NOTHING:
        return True, item
    if pattern == ITEM and not is_value(actual):
        return False, item
    if pattern == ITEM:
        merged = actual if item is None else common(item, actual)
        return merged is not None, merged or item
    if pattern.name != actual.name or len(pattern.parts) != len(actual.parts):
        return False, item
    for part, other in zip(pattern.parts, actual.parts, strict=True):
        fits, item = unify(part, other, item)
        if not fits:
            return False, item
    return True, item


def is_value(kind: Kind) -> bool:
    """Whether values of a type can be compared and stand in lists: pairs are for quantifiers, patterns for functions.

    >>> is_value(list_of(TEXT)), is_value(list_of(pair_of(TEXT, TEXT))), is_value(REGEX)
    (True, False, False)
    """
    return kind.name not in ("pair", "regex") and all(map(is_value, kind.parts))


def common(left: Kind, right: Kind) -> Kind | None:
    """The type that both fit, or None.

    >>> str(common(list_of(NOTHING), list_of(INT)))
    'list of int'
    """
    if left == right or right == NOTHING:
        return left
    if left == NOTHING:
        return right
    if left.name != "list" or right.name != "list":
        return None
    item = common(left.parts[0], right.parts[0])
    return None if item is None else list_of(item)


def fill(pattern: Kind, item: Kind | None) -> Kind:
    """A signature's type with `item` replaced by what it stands for; text where nothing says what."""
    if pattern in (ITEM, NOTHING):
        return TEXT if item in (None, NOTHING) else settle(item)
    return Kind(pattern.name, tuple(fill(part, item) for part in pattern.parts))


def settle(kind: Kind) -> Kind:
    """The type with text in place of what nothing has decided: `[]` alone is a list of texts."""
    return fill(kind, None)
