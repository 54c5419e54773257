"""Python expressions, and their lines: in one line where they fit, else broken as formatters of Python break them."""

from collections.abc import Iterator
from dataclasses import dataclass

WIDTH = 120
STEP = "    "


@dataclass(frozen=True, slots=True)
class Brackets:
    """A call, a list, a dictionary: what opens it, what is in it, what closes it."""

    opening: str
    items: tuple["Code", ...]
    closing: str


@dataclass(frozen=True, slots=True)
class Infix:
    """`a & b & c`."""

    symbol: str
    operands: tuple["Code", ...]


@dataclass(frozen=True, slots=True)
class Named:
    """`key: value`, or `key=value`; the key brings the sign."""

    key: str
    value: "Code"


Code = str | Brackets | Infix | Named


def call(function: str, *arguments: Code, then: str = "") -> Brackets:
    """A call, and what may be called on its result, such as `.cast(pl.Int64)`."""
    return Brackets(f"{function}(", arguments, f"){then}")


def flat(code: Code) -> str:
    """The expression on one line.

    >>> flat(Infix("&", (Infix("<", ("a", "b")), call("f", "c"))))
    '(a < b) & f(c)'
    """
    match code:
        case Brackets(opening, items, closing):
            # A tuple of one has its comma.
            comma = "," if opening == "(" and len(items) == 1 else ""
            return f"{opening}{', '.join(map(flat, items))}{comma}{closing}"
        case Infix(symbol, operands):
            return f" {symbol} ".join(f"({flat(one)})" if isinstance(one, Infix) else flat(one) for one in operands)
        case Named(key, value):
            return f"{key}{flat(value)}"
    return code


def lay_out(before: str, code: Code, after: str = "", indent: str = "") -> str:
    """The lines of `before code after`, indented.

    >>> print(lay_out("x = ", call("keep", "rows", "y" * 110)))  # doctest: +ELLIPSIS
    x = keep(
        rows, yyy...
    )
    """
    line = f"{indent}{before}{flat(code)}{after}"
    if len(line) <= WIDTH:
        return line
    match code:
        case Brackets(opening, items, closing):
            inner = indent + STEP
            then, called, rest = closing.rpartition("(")
            start = f"{indent}{before}{opening}{', '.join(map(flat, items))}{then}("
            if called and rest != ")" and len(start) <= WIDTH:  # the last brackets are broken before others
                return f"{start}\n{inner}{rest.removesuffix(')')}\n{indent}){after}"
            inside = inner + ", ".join(map(flat, items))
            if len(inside) > WIDTH or opening in ("(", "[", "{"):  # formatters keep only arguments on a line
                inside = "\n".join(lay_out("", one, ",", inner) for one in items)
            return f"{indent}{before}{opening}\n{inside}\n{indent}{closing}{after}"
        case Infix():
            return "\n".join(_operands(before, code, after, indent))
        case Named(key, value):
            return lay_out(before + key, value, after, indent)
    return line


def _operands(before: str, code: Infix, after: str, indent: str) -> Iterator[str]:
    """A line for each operand, which stand within brackets."""
    last = len(code.operands) - 1
    for index, one in enumerate(code.operands):
        lead, tail = f"{code.symbol} " if index else before, after if index == last else ""
        yield (_parenthesised if isinstance(one, Infix) else lay_out)(lead, one, tail, indent)


def _parenthesised(before: str, code: Code, after: str, indent: str) -> str:
    line = f"{indent}{before}({flat(code)}){after}"
    if len(line) <= WIDTH:
        return line
    return f"{indent}{before}(\n{lay_out('', code, '', indent + STEP)}\n{indent}){after}"
