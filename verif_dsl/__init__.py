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

from os import PathLike

from verif_dsl.compiler import compile_source, read_source
from verif_dsl.compiler.diagnostics import Diagnostic, VerifError
from verif_dsl.compiler.program import Constraint, Program, Spec, Use
from verif_dsl.compiler.rewards import PRESETS
from verif_dsl.compiler.source import Source
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


def compile(text: str, *, name: str = "<text>") -> Verifier:
    """The verifier for a .vif text.

    `name` is what diagnostics call the text. Raises `VerifError`, whose message shows every mistake with its place,
    when the text does not compile or one of its examples contradicts its check.
    """
    return Verifier(compile_source(Source(name, text)))


def load(path: str | PathLike[str]) -> Verifier:
    """The verifier for a .vif file. Raises `VerifError` as `compile` does, and when the file cannot be read."""
    return Verifier(compile_source(read_source(path)))
