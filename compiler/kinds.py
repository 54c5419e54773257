"""The types of the language, as values: `bool`, `int`, `text`, `regex`, lists, and pairs inside a quantifier."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """A type. Lists have one part, pairs two; `item` stands for any type in a builtin's signature.

    >>> str(list_of(TEXT))
    'list of text'
    """

    name: str
    parts: tuple["Kind", ...] = ()

    def __str__(self) -> str:
        match self.name, self.parts:
            case "list", (item,):
                return f"list of {item}"
            case "pair", (left, right):
                return f"pairs of {left} and {right}"
        return self.name


BOOL, INT, DECIMAL = Kind("bool"), Kind("int"), Kind("decimal")
TEXT, REGEX = Kind("text"), Kind("regex")
ITEM = Kind("item")
"""Any one type, the same wherever it stands in a signature."""


def list_of(item: Kind) -> Kind:
    """The type of lists of `item`."""
    return Kind("list", (item,))


def pair_of(left: Kind, right: Kind) -> Kind:
    """The type of pairs, which only a quantifier with two variables can take apart."""
    return Kind("pair", (left, right))


def unify(pattern: Kind, actual: Kind, item: Kind | None) -> tuple[bool, Kind | None]:
    """Whether `actual` fits `pattern`, and what `item` then stands for.

    >>> unify(list_of(ITEM), list_of(TEXT), None) == (True, TEXT)
    True
    >>> unify(INT, TEXT, None)
    (False, None)
    """
    if pattern == ITEM:
        return (item is None or item == actual), (item or actual)
    if pattern.name != actual.name or len(pattern.parts) != len(actual.parts):
        return False, item
    for part, other in zip(pattern.parts, actual.parts, strict=True):
        fits, item = unify(part, other, item)
        if not fits:
            return False, item
    return True, item


def fill(pattern: Kind, item: Kind | None) -> Kind:
    """A signature's type with `item` replaced by what it stands for."""
    if pattern == ITEM:
        return item or TEXT
    return Kind(pattern.name, tuple(fill(part, item) for part in pattern.parts))
