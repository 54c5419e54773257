"""verif-dsl: say once what an answer must be, and get the instruction, the vectorised checker and the reward from it.

>>> verifier = compile('''
... constraint comma_count {
...   param n: int in 0 to 20 = 2 sample 1 to 3
...   instruct "Use exactly {n} {n:comma|commas}."
...   check occurrences(response, ",") == n
...   accept "a, b, c" with n = 2
...   reject "a b" with n = 2
... }
... ''')
>>> verdicts = verifier.check(["red, green, blue", "red and green"])
>>> verdicts.column("comma_count")
['pass', 'fail']
>>> verdicts.rewards()
[1.0, 0.0]
"""

from importlib import import_module
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from verif_dsl.compiler.diagnostics import Diagnostic, VerifError
    from verif_dsl.compiler.program import Constraint, Program, Spec, Use
    from verif_dsl.compiler.rewards import PRESETS
    from verif_dsl.verdicts import Verdicts
    from verif_dsl.verifier import Verifier

__version__ = "0.1.0"
__all__ = [
    "PRESETS",
    "Constraint",
    "Diagnostic",
    "Program",
    "Spec",
    "Use",
    "Verdicts",
    "VerifError",
    "Verifier",
    "compile",
    "load",
]

_HOMES = {
    "PRESETS": "verif_dsl.compiler.rewards",
    "Constraint": "verif_dsl.compiler.program",
    "Diagnostic": "verif_dsl.compiler.diagnostics",
    "Program": "verif_dsl.compiler.program",
    "Spec": "verif_dsl.compiler.program",
    "Use": "verif_dsl.compiler.program",
    "VerifError": "verif_dsl.compiler.diagnostics",
    "Verdicts": "verif_dsl.verdicts",
    "Verifier": "verif_dsl.verifier",
}
"""Where each public name lives; fetched on first use (PEP 562), so that `import verif_dsl` costs next to nothing."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def compile(text: str, *, name: str = "<text>", folder: str | PathLike[str] | None = None) -> "Verifier":
    """The verifier for a .vif text.

    `name` is what diagnostics call the text, `folder` where the files stand that it imports. Raises `VerifError`,
    whose message shows every mistake with its place, when the text does not compile or one of its examples
    contradicts its check.
    """
    from verif_dsl.compiler import Source, compile_source
    from verif_dsl.verifier import Verifier

    return Verifier(compile_source(Source(name, text, Path(folder).resolve() if folder is not None else None)))


def load(path: str | PathLike[str]) -> "Verifier":
    """The verifier for a .vif file. Raises `VerifError` as `compile` does, and when the file cannot be read."""
    from verif_dsl.compiler import compile_source, read_source
    from verif_dsl.verifier import Verifier

    return Verifier(compile_source(read_source(path)))
