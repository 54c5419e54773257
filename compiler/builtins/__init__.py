"""Every builtin of the language, by name. To add one, add one row to the file of its topic; nothing else changes.

>>> print(BUILTINS["words"])
words(x: text) -> list of text
"""

from verif_dsl.compiler.builtins.alphabet import ALPHABET
from verif_dsl.compiler.builtins.base import REQUIRED, Builtin, Parameter
from verif_dsl.compiler.builtins.blocks import BLOCKS
from verif_dsl.compiler.builtins.codepoints import CODEPOINTS
from verif_dsl.compiler.builtins.counting import COUNTING
from verif_dsl.compiler.builtins.cutting import CUTTING
from verif_dsl.compiler.builtins.decimals import DECIMALS
from verif_dsl.compiler.builtins.documents import DOCUMENTS
from verif_dsl.compiler.builtins.ifeval_sentences import IFEVAL_SENTENCES
from verif_dsl.compiler.builtins.json_parts import JSON_PARTS
from verif_dsl.compiler.builtins.json_schema import JSON_SCHEMA
from verif_dsl.compiler.builtins.langdetect_profiles import LANGDETECT
from verif_dsl.compiler.builtins.languages import LANGUAGES
from verif_dsl.compiler.builtins.lists import LISTS
from verif_dsl.compiler.builtins.markdown import MARKDOWN
from verif_dsl.compiler.builtins.nltk_rules import PUNKT
from verif_dsl.compiler.builtins.operators import OPERATORS
from verif_dsl.compiler.builtins.segments import SEGMENTS
from verif_dsl.compiler.builtins.spans import SPANS
from verif_dsl.compiler.builtins.syllables import SYLLABLES
from verif_dsl.compiler.builtins.tagger import TAGGING
from verif_dsl.compiler.builtins.texts import TEXTS
from verif_dsl.compiler.builtins.treebank import TREEBANK
from verif_dsl.compiler.builtins.undecided import UNDECIDED

__all__ = ["BUILTINS", "INTERNAL", "OPERATOR_NAMES", "REQUIRED", "Builtin", "Parameter"]

NLTK_RULES = (*PUNKT, *TREEBANK, *TAGGING)
TOPICS = (
    OPERATORS,
    SEGMENTS,
    (*TEXTS, *CUTTING, *ALPHABET, *SPANS, *CODEPOINTS),
    (*LISTS, *COUNTING),
    DECIMALS,
    (*DOCUMENTS, *JSON_PARTS, *JSON_SCHEMA),
    (*MARKDOWN, *BLOCKS),
    LANGUAGES,
    LANGDETECT,
    NLTK_RULES,
    IFEVAL_SENTENCES,
    SYLLABLES,
    UNDECIDED,
)
BUILTINS: dict[str, Builtin] = {one.name: one for topic in TOPICS for one in topic}

INTERNAL = frozenset({"fence words", "text where"})
"""Builtins that only passes write (see `compiler.passes`)."""

OPERATOR_NAMES = frozenset({one.name for one in OPERATORS} | {name for name in BUILTINS if " " in name})
"""Builtins that are written as operators and cannot be called by name."""
