r"""A grammar for machines: `grammar/verif.lark` narrowed to what a model should write, in llguidance's Lark dialect.

The grammar of the parser accepts whatever can be read, so that mistakes get a good diagnostic. Under constrained
decoding a mistake is better impossible: the clauses of a constraint come in one order and none that is needed can be
missing, reserved words are no names, escapes are the language's own, builtins are called with as many arguments as they
take, and there are neither comments nor imports. Every program of this grammar is one of the other, which tests sample.

The rules not named here are taken from the grammar file as they are, so that the syntax has one source.
"""

import re
from collections.abc import Iterable, Sequence
from importlib.resources import files

from verif_dsl.compiler import syntax
from verif_dsl.compiler.builtins import BUILTINS, OPERATOR_NAMES, REQUIRED, Builtin
from verif_dsl.compiler.calls import QUANTITIES
from verif_dsl.compiler.diagnostics import VerifError
from verif_dsl.compiler.kinds import REGEX
from verif_dsl.compiler.modules import STANDARD, ModuleError, find_module
from verif_dsl.compiler.parser import parse
from verif_dsl.compiler.rewards import EMPTY, PRESETS
from verif_dsl.compiler.tree_builder import RESERVED

HEADER = """\
// Programs of the .vif language for llguidance, written by `vif emit --decoding-grammar`. Clauses come in a fixed
// order, with at least one instruct, exactly one check or judge, at least one accept and one reject.
"""

RULE = re.compile(r"^([?!]?)(\w+): (.*(?:\n[ \t]+\S.*)*)", re.MULTILINE)
"""A rule or terminal of the grammar file: its mark, its name, and its body with the lines that continue it."""

TERMINAL = re.compile(r'"(?:[^"\\]|\\.)*"|\b[A-Z]{2,}\b')
"""A terminal inside a rule: a text in quotes, or a name in capitals."""

WORD = re.compile('"[a-z_]+"')
"""A terminal that is a word."""

MAY_BE_WORD = re.compile(r'\s*(?:"[a-z_]+"|\w)')
"""What can begin with a letter, to stand behind a word."""

LEFT_OUT = frozenset({"import_", "clause", "judge_clause", "spec_clause", "POLARITY", "COMMENT"})
"""Rules that have no place in the narrower grammar, or that others take the place of."""

CODE_POINT = "(10|[1-9a-fA-F])[0-9a-fA-F]{4}|[0-9a-cA-CeEfF][0-9a-fA-F]{3}|[dD][0-7][0-9a-fA-F]{2}|[0-9a-fA-F]{1,3}"
"""What `\\u{...}` may hold: no surrogate, and nothing beyond U+10FFFF."""

NARROWED = {
    "start": "edition? pack? item+",
    "edition": '"vif" "1"',
    "version": '"version" WHOLE',
    "constraint": '"constraint" NAME version? "{" doc? tags? deprecated? declaration* instruct+ feedback* decision '
    'examples "}"',
    "judge": '"judge" "{" ask scale anchor* pass_ show? unknown? "}"',
    "spec": '"spec" NAME version? "{" doc? tags? use+ reward? spec_example* "}"',
    "given_source": 'ROLE "[" (MINUS? WHOLE | "0") "]" | "field" STRING',
    "comparator": '("==" | "!=" | "<=" | "<" | ">=" | ">") space | "in" WS | "not" WS "in" WS',
    "call": 'builtin_call | QUANTITY "(" quantified ")"',
    "qname": "NAME",
    "reward": '"reward" reward_product',
    "NUM": r"/[0-9]{1,9}(\.[0-9]{1,9})?/",
    "STRING": r'/"([^"\\\n]|\\(["\\ntr]|u\{(' + CODE_POINT + r')\}))*"/',
    "WS": r"/[ \n]{1,24}/",
}
"""Rules whose body is narrower here; numbers have a length that no program needs to exceed."""

SPACED = ("space", "imports", "comparator")
"""Rules that say themselves where white space may stand."""

ADDED = {
    "declaration": "param | require | given | let",
    "decision": "check | judge",
    "examples": "accept+ reject (accept | reject)* | reject+ accept (accept | reject)*",
    "spec_example": '("accept" text | "reject" text) after? because?',
    "reward_product": 'reward_factor ("*" reward_factor)*',
    "reward_factor": 'NUM | PRESET | NAME | AGGREGATION "(" reward_product ("," reward_product)* if_empty? ")"',
    "if_empty": '"," "if_empty" "=" NUM',
    "WHOLE": "/[1-9][0-9]{0,5}/",
    "space": "WS?",
}
"""Rules that only this grammar has, besides those over lists of names."""

Item = syntax.Define | syntax.Constraint | syntax.Spec


def decoding_grammar(definitions: Iterable[str] = (), modules: Iterable[str] = ()) -> str:
    r"""The narrower grammar, for `llguidance.LLMatcher.grammar_from_lark`.

    `definitions` are the names that programs may `define`, and then call; without any there are no definitions, because
    a context-free grammar cannot know which names a program defined. `modules` are those of the standard library that
    programs import, each of them under its own name; a `use` can then name their constraints, and a call their
    definitions. Raises `VerifError` for what cannot be a name, and for a module that there is not.

    >>> "constraint" in decoding_grammar()
    True
    >>> decoding_grammar(["not"])
    Traceback (most recent call last):
    ...
    verif_dsl.compiler.diagnostics.VerifError: `not` cannot be the name of a definition
    """
    defined = list(definitions)
    for name in defined:
        if not re.fullmatch("[a-z_][a-z0-9_]*", name) or name in RESERVED:
            raise VerifError(f"`{name}` cannot be the name of a definition")
    source = files("verif_dsl.grammar").joinpath("verif.lark").read_text(encoding="utf-8")
    rules = {name: (mark, body) for mark, name, body in RULE.findall(source) if name not in LEFT_OUT}
    if unknown := NARROWED.keys() - rules.keys():
        raise AssertionError(f"the grammar file has no rules {sorted(unknown)}")
    example = rules.pop("example")[1]
    define = rules.pop("define")[1]
    rules |= {name: (rules[name][0], body) for name, body in NARROWED.items()}
    rules |= {name: ("", body) for name, body in ADDED.items()}
    for polarity in ("accept", "reject"):
        rules[polarity] = ("", example.replace("POLARITY", f'"{polarity}"', 1))
    if defined:
        rules["define"] = ("", define.replace("NAME", "DEFINED", 1))
        rules["DEFINED"] = ("", _words(defined))
        rules["defined_call"] = ("", 'DEFINED "(" (argument ("," argument)*)? ")"')
        rules["call"] = ("", rules["call"][1] + " | defined_call")
        rules["item"] = ("?", "define | constraint | spec")
    else:
        del rules["formal"]
        rules["item"] = ("?", "constraint | spec")
    rules["NAME"] = ("", f"{rules['NAME'][1]} & ~/{'|'.join(sorted(RESERVED))}/")
    rules["builtin_call"] = (
        "",
        "\n     | ".join(_call(BUILTINS[name]) for name in sorted(BUILTINS.keys() - OPERATOR_NAMES)),
    )
    rules["QUANTITY"] = ("", _words(QUANTITIES))
    rules["AGGREGATION"] = ("", _words(EMPTY))
    rules["PRESET"] = ("", "/" + "|".join(f'"{name}"' for name in sorted(PRESETS)) + "/")
    items = {module.removeprefix(STANDARD): _items_of(module) for module in modules}
    callable_of = {name: found for name, one in items.items() if (found := _names_of(one, syntax.Define))}
    if callable_of:
        calls = " | ".join(f'"{name}" "." DEFINED_{name.upper()}' for name in callable_of)
        rules["imported_call"] = ("", f'({calls}) "(" (argument ("," argument)*)? ")"')
        rules["call"] = ("", rules["call"][1] + " | imported_call")
        rules |= {f"DEFINED_{name.upper()}": ("", _words(names)) for name, names in callable_of.items()}
    elif not defined:
        del rules["argument"]
    imported = {name: _names_of(one, syntax.Constraint) for name, one in items.items()}
    if imported:
        rules["start"] = ("", NARROWED["start"].replace("item+", "imports item+"))
        lines_of = (f'"import" space "\\"{STANDARD}{name}\\"" space "as" WS "{name}" WS' for name in imported)
        rules["imports"] = ("", " ".join(lines_of))  # a name that is written out does not end where a word follows
        rules["use"] = ("", rules["use"][1].replace("qname", "used"))
        rules["used"] = ("", " | ".join(["NAME", *(f'"{name}" "." STD_{name.upper()}' for name in imported)]))
        rules |= {f"STD_{name.upper()}": ("", _words(names)) for name, names in imported.items()}
    lines = [f"{mark}{name}: {body if name in SPACED else _spaced(name, body)}" for name, (mark, body) in rules.items()]
    return HEADER + "\n" + "\n".join(lines) + "\n"


def _spaced(name: str, body: str) -> str:
    """The body of a rule with room for one run of white space after each terminal; that of a terminal as it is.

    A word needs some before what may be a word, too: glued together, they could be a third (`in struct`). llguidance
    repeats what `%ignore` names, so that a bounded run would follow a bounded run without end.
    """

    def spaced(terminal: re.Match[str]) -> str:
        glued = WORD.fullmatch(terminal[0]) and MAY_BE_WORD.match(body, terminal.end())
        return f"({terminal[0]} {'WS' if glued else 'space'})"

    return body if name.isupper() else TERMINAL.sub(spaced, body)


def _call(builtin: Builtin) -> str:
    """A call with the arguments that the builtin takes: those it needs in order, the others by name.

    The last one that it needs may be named, too, as in `decide(x, if_unknown=false)`.
    """
    names = [one.name for one in builtin.parameters if one.default is REQUIRED]
    needed = ["REGEX" if one.kind == REGEX else "expr" for one in builtin.parameters if one.default is REQUIRED]
    if len(needed) > 1:
        needed[-1] = f'("{names[-1]}" "=")? {needed[-1]}'
    named = "".join(f' ("," "{one.name}" "=" literal)?' for one in builtin.parameters if one.default is not REQUIRED)
    return f'"{builtin.name}" "(" ' + ' "," '.join(needed) + named + ' ")"'


def _items_of(module: str) -> Sequence[Item]:
    """What stands in a module of the standard library."""
    try:
        file = parse(find_module(module, None))
    except ModuleError as error:
        raise VerifError(error.message + (f" ({error.hint})" if error.hint else "")) from None
    return file.items


def _names_of(
    items: Iterable[Item],
    sort: type[syntax.Constraint] | type[syntax.Define],
) -> list[str]:
    """The names of the items of a sort that are not deprecated."""
    return [
        one.name.name
        for one in items
        if isinstance(one, sort)
        and not any(isinstance(clause, syntax.Deprecated) for clause in getattr(one, "clauses", ()))
    ]


def _words(names: Iterable[str]) -> str:
    return " | ".join(f'"{name}"' for name in sorted(set(names)))
