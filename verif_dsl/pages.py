"""Pages in Markdown for the catalogue: what `vif show` prints, and docs/stdlib consists of."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from verif_dsl.catalogue import Entry, Module
from verif_dsl.compiler.locales import ENGLISH
from verif_dsl.compiler.overview import cost_in_words, written_domain, written_sample
from verif_dsl.compiler.program import Param
from verif_dsl.compiler.told import Told
from verif_dsl.compiler.values import written

MOST_SAMPLES = 6
"""Values of a `sample` that a page shows."""

INDEX = """\
# The standard library

Constraints that are ready to use. `import "std/length" as length` at the start of a file brings a module in, and
`use length.word_range(min = 50, max = 80)` in a spec asks for one of its constraints.

From the terminal, `vif list` shows what there is, `vif list length` what is in one module, `vif list --tag words` what
has a tag, and `vif show length.word_range` everything about one constraint. A port of a benchmark's check is also found
by its id there: `vif show keywords:existence`. With a file of yours it is `vif list FILE.vif` and
`vif show FILE.vif NAME`.

What a constraint tells is shown with arguments drawn from the samples of its parameters. Its cost is a bound for a
response of 64 KiB, the largest that is looked at ([cost](../reference/cost.md)).
"""
FOR_CONTRIBUTORS = """\
These pages are written from the modules in `stdlib/`: after a change there, `make docs` writes them anew.
"""


def index(library: Iterable[Module]) -> str:
    """The page with all modules and all constraints, which stands beside the pages of the modules."""
    modules = [module for module in library if module.short]
    heads = table(
        ["Module", "What it is about", "Constraints"],
        [(f"[{one.short}]({one.short}.md)", prose(one.summary), str(len(one.entries))) for one in modules],
    )
    lists = [f"## {one.short}\n\n{_contents(one, f'{one.short}.md')}\n" for one in modules]
    return "\n".join([INDEX, f"{heads}\n", FOR_CONTRIBUTORS, *lists])


def module_page(module: Module) -> str:
    """A module with all its constraints and definitions."""
    parts = [f"# {module.name}"]
    parts += [f"Version {module.version}."] if module.version else []
    parts += [prose(module.about)] if module.about else []
    parts += [fenced(f'import "{module.name}" as {module.short}')] if module.short else []
    parts += [_contents(module)] if module.entries else ["It has no constraints of its own."]
    for name, entry in module.entries.items():
        parts += [f"## {name}", *_parts(entry)]
    if definitions := module.definitions:
        parts += [
            "## Definitions",
            "What the checks above call, and other files can.",
            fenced("\n\n".join(definitions)),
        ]
    return "\n\n".join(parts) + "\n"


def entry_page(entry: Entry) -> str:
    """One constraint, with the definitions that its check uses."""
    parts = [f"# {entry.name}", *_parts(entry)]
    if definitions := entry.definitions:
        parts += ["What it calls:", fenced("\n\n".join(definitions))]
    return "\n\n".join(parts) + "\n"


def _contents(module: Module, page: str = "") -> str:
    lines = [
        (f"[{name}]({page}#{name})", prose(entry.summary) + (" (deprecated)" if entry.constraint.deprecated else ""))
        for name, entry in module.entries.items()
    ]
    return table(["Constraint", "What it is"], lines)


# ------------------------------------------------------------------------------------------------------- one constraint


def _parts(entry: Entry) -> Iterator[str]:
    one = entry.constraint
    if one.deprecated:
        instead = f" Use {code(one.replacement)}." if one.replacement else ""
        yield f"**Deprecated:** {prose(one.deprecated.rstrip('.'))}.{instead}"
    if one.doc:
        yield f"**How the code differs from its text:** {prose(one.doc)}" if entry.module.is_port else prose(one.doc)
    if one.parameters:
        yield table(["Parameter", "Values", "Default", "Samples"], map(_parameter, one.parameters))
    for _, text in one.requires:
        yield f"Requires {code(text)}."
    if one.givens:
        yield f"Reads {' and '.join(map(str, one.givens))}."
    yield from _instructions(entry)
    if one.judge:
        scale = f"from {one.judge.low} to {one.judge.high}; it passes from {one.judge.pass_at} on"
        yield f"A model judges the response, {scale}:\n\n{fenced(entry.decision)}"
    else:
        yield f"The check:\n\n{fenced(entry.decision)}"
    if entry.feedback:
        yield f"The feedback on a response:\n\n{fenced(entry.feedback)}"
    yield f"Examples:\n\n{fenced(entry.examples)}"
    if entry.data:
        functions = " and ".join(map(code, entry.data))
        yield f"Needs data that has to be installed, for {functions}; without it the verdict is unknown."
    tags = f" Tags: {', '.join(map(code, one.tags))}." if one.tags else ""
    cost = "" if one.cost is None else f" It {cost_in_words(one)}."
    yield f"Version {one.version}.{tags}{cost}"


def _parameter(parameter: Param) -> Sequence[str]:
    default = "required" if parameter.default is None else code(written(parameter.default))
    sample = written_sample(parameter, MOST_SAMPLES)
    return code(parameter.name), code(written_domain(parameter.domain)), default, code(sample) if sample else ""


def _instructions(entry: Entry) -> Iterator[str]:
    for _, group in groupby(entry.told, key=lambda one: one.arguments):
        texts = list(group)
        arguments = texts[0].arguments
        if arguments is None:
            speaker = "For other arguments it"
        else:
            speaker = code(f"{entry.name}({', '.join(f'{name} = {written(one)}' for name, one in arguments.items())})")
        ways = " in one of these ways" if len(texts) > 1 else ""
        yield f"{speaker} tells the model{ways}:\n\n{_listed(entry, texts)}"


def _listed(entry: Entry, texts: Iterable[Told]) -> str:
    return "\n".join(f"- {_text(entry, one)}" for one in texts)


def _text(entry: Entry, one: Told) -> str:
    lang = "" if one.instruction.lang == ENGLISH else f"In {code(one.instruction.lang)}: "
    if one.text is None:
        return lang + code(" ".join(entry.module.text(one.instruction.span).split()))
    paragraphs = (re.sub(r" *\n", "\\\n  ", verbatim(part)) for part in re.split(r"\n{2,}", one.text.strip()))
    return lang + "\n\n  ".join(paragraphs)


# ------------------------------------------------------------------------------------------------------------- Markdown

CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
SPECIAL = re.compile(r"\\(?=[!-/:-@\[-`{-~])|[*<\[~`$]|(?<=\])\(|&(?=\w+;|#)|(?<![^\W_])_|_(?![^\W_])")
AT_LINE_START = re.compile(r"^( {0,3})([#>+-]|\d+(?=[.)]))", re.MULTILINE)


def code(text: str) -> str:
    """The text as code, in as many backticks as it needs.

    >>> code("a `b`")
    '`` a `b` ``'
    """
    marks = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return marks + pad + text + pad + marks


def fenced(text: str, language: str = "text") -> str:
    """The text as a block of code."""
    marks = "`" * max(3, max(map(len, re.findall("`+", text)), default=0) + 1)
    return f"{marks}{language}\n{text.rstrip()}\n{marks}"


def table(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A table, its cells in Markdown."""
    escaped = ([cell.replace("|", "\\|") for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in [heads, ["---"] * len(heads), *escaped])


def prose(text: str) -> str:
    """What an author wrote about something: its backticks mean code, and nothing else means anything.

    >>> prose("At every ***, as `a*b` has none.")
    'At every \\\\*\\\\*\\\\*, as `a*b` has none.'
    """
    found, position = [], 0
    for span in CODE_SPAN.finditer(text):
        found += [SPECIAL.sub(r"\\\g<0>", text[position : span.start()]), span[0]]
        position = span.end()
    return "".join([*found, SPECIAL.sub(r"\\\g<0>", text[position:])])


def verbatim(text: str) -> str:
    """A text that shows as it is.

    >>> verbatim("# <b>")
    '\\\\# \\\\<b>'
    """
    return AT_LINE_START.sub(_escaped, SPECIAL.sub(r"\\\g<0>", text))


def _escaped(start: re.Match[str]) -> str:
    # A number needs its mark after it escaped, since there is no escape for a digit.
    return f"{start[1]}\\{start[2]}" if not start[2].isdigit() else f"{start[1]}{start[2]}\\"
