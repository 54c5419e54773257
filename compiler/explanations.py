"""What each diagnostic code means: one page a code, printed by `vif explain` and collected in docs/reference/errors.md.

The title of a page is its line in `CODES`; the rest is a Markdown file in `codes/`.
"""

from importlib.resources import files

from verif_dsl.compiler.diagnostics import CODES, VerifError, suggestion


def explanation(code: str) -> str:
    """What a code means, why the language refuses it and how to mend it, in Markdown.

    Raises `VerifError` for what is not a code.

    >>> explanation("v0203").splitlines()[0]
    'V0203: a type that does not fit'
    """
    wanted = code.strip().upper()
    if wanted not in CODES:
        hint = suggestion(wanted, CODES) or "a code is a V and four digits, such as `V0203`"
        raise VerifError(f"there is no diagnostic code `{code.strip()}` ({hint})")
    page = files("verif_dsl.compiler") / "codes" / f"{wanted}.md"
    return f"{wanted}: {CODES[wanted]}\n\n{page.read_text(encoding='utf-8')}"
