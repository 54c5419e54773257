"""The language on one page, for the prompt of a model that is to write it: `vif emit --language-card`.

Every line is held to the compiler by a test: the blocks compile, the signatures are those of `BUILTINS`, and each wrong
line of the table provokes the code beside it while its mended form compiles.
"""

from dataclasses import dataclass

from verif_dsl.compiler.builtins import BUILTINS, OPERATOR_NAMES, REQUIRED, Builtin

LONGEST_CARD = 8_000
"""Characters, which is about 2,000 tokens at the usual four characters a token."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """A line that models write by habit, the code it is told with, and what to write instead.

    Both stand in place of the `check` line of the card's first example, or of `line` where that is another one.
    """

    code: str
    wrong: str
    right: str
    line: str = "check not any(c in commas for c in chars(response))"


MISTAKES = (
    Mistake("V0201", 'check not contains(response, ",")', 'check not ("," in response)'),
    Mistake("V0101", "check len(words(response)) / 2 <= 5", "check len(words(response)) <= 2 * 5"),
    Mistake("V0203", "check len(response) <= 90", "check len(chars(response)) <= 90"),
    Mistake("V0101", "check 2 < 3 && 1 < 2", "check 2 < 3 and 1 < 2"),
    Mistake("V0202", 'check first(words(response)) != ","', 'check first(words(response), "") != ","'),
    Mistake("V0208", r'check not matches(response, re"\d,")', 'check not matches(response, re"[0-9],")'),
    Mistake("V0201", "check not any(c == n for c in commas)", 'check not any(c == "n" for c in commas)'),
    Mistake("V0101", 'check not any(["," in s for s in lines(response)])',
            'check not any("," in s for s in lines(response))'),
    Mistake("V0301", 'instruct "Write {no} commas as in {a, b}."', 'instruct "Write no commas as in {{a, b}}."',
            'instruct "Do not use any commas."'),
    Mistake("V0206", "", 'reject "Red, blue."', 'reject "Red, blue."'),
)  # fmt: skip
"""The ten commonest. An empty `wrong` is a line left out."""

CARD = r"""# Writing .vif

A .vif file states constraints on a text (`response`). Each constraint says once what a writer is told (`instruct`), how
it is decided (`check`), and gives examples of both outcomes; one that the check contradicts is an error.
Answer with the file alone: no fences, no comments needed. Names are lower case: letters, digits, _.

```vif
constraint no_commas {
  let commas = [",", "，"]
  instruct "Do not use any commas."
  check not any(c in commas for c in chars(response))
  accept "Red and blue."
  reject "Red, blue."
}
constraint keyword_at_least {
  doc "Whole words, whatever the case."
  param keyword: text matching re"[^\s]+" = "river" sample ["river", "lake"]
  param n: int in 1 to 50 = 3 sample 1 to 5
  let hits = occurrences(response, keyword, whole_word=true, fold_case=true)
  instruct "Use the word {keyword:quoted} at least {n} {n:time|times}."
  instruct "Write {keyword:quoted} {n} or more times."
  feedback "{keyword:quoted} appears {hits} {hits:time|times}."
  check hits >= n
  accept "A river is a River." with n = 2
  reject "A riverbank is not one." with n = 1 because "only part of a word"
}
define same_word(a: text, b: text) -> bool = a != "" and fold(a) == fold(b)
constraint word_range {
  param min: int in 1 to 500 = 3
  param max: int in min to 500 = 8
  instruct "Write between {min} and {max} words." when min < max
  instruct "Write exactly {min} {min:word|words}." when min == max
  check min <= len(words(response)) <= max
  accept "one two three"
  reject "one" with min = 2, max = 3
}
constraint no_echo {
  instruct "Never use the same word twice in a row."
  check not any(same_word(a, b) for a, b in adjacent(words(response)))
  accept "Come in"
  reject "Come, come in"
}
spec calm {
  use no_commas()
  use word_range(max = 60) weight 2 as short
  reward mean(hard, if_empty=1)
  accept "We will call back."
}
```

## Clauses, in this order

doc, tags "a", "b"; then param, require CONDITION, let NAME = EXPRESSION; then instruct (one or more, each a paraphrase,
`when` restricts it to some arguments), feedback, one check, and at least one accept and one reject, each with
`with NAME = VALUE, ...` and `because "..."` if needed. A `'''` block holds a text of several lines.

Types: bool, int in 1 to 9, decimal in 0 to 1, text, text matching re"...", one_of("a", "b"), list of text size 1 to 3.
`= value` is the default. Holes in a text: {n}, {word:quoted}, {n:time|times}, {n:ordinal}, {names:list}, {names:csv},
{tone:capital}, {flag:yesno}; {{ and }} are braces. A hole names a parameter (in feedback also a let).

## Expressions

and or not == != < <= > >= in + - * and calls; comparisons chain: 2 <= n <= 5. No methods, no division, no if-else.
Decimals are exact (count(c for x in xs) >= 0.3 * len(xs)). What may be undecided, such as language(response) == "fr",
is closed with decide(..., if_unknown=false). A text from a closed set is compared with its members only.
Quantifiers: any(c for x in xs), all(...) (true for none), every(...) (all, and at least one), count(...) (an int);
`for x in xs if c`, `for a, b in adjacent(xs)`, `for i, x in indexed(xs)` (i from 0).
Regexes re"..." have classes, \p{Lu}, \s, groups, | * + ? {2,5}, ^ $ (ends of the whole text), a leading (?i).

Functions (a `?` marks an argument that is optional and given by name):

FUNCTIONS

## Common mistakes

MISTAKES
"""


def language_card() -> str:
    """The card, in Markdown.

    >>> len(language_card()) <= LONGEST_CARD
    True
    """
    functions = "\n".join(signature(one) for one in BUILTINS.values() if one.name not in OPERATOR_NAMES)
    mistakes = "\n".join(
        f"- `{one.wrong}` ({one.code}): write `{one.right}`"
        if one.wrong
        else f"- no reject ({one.code}): add `{one.right}`"
        for one in MISTAKES
    )
    return CARD.replace("FUNCTIONS", functions).replace("MISTAKES", mistakes)


def signature(builtin: Builtin) -> str:
    """A builtin as the card shows it.

    >>> signature(BUILTINS["split"])
    'split(x: text, separator: text) -> list of text'
    """
    shown = [f"{one.name}{'' if one.default is REQUIRED else '?'}: {one.kind}" for one in builtin.parameters]
    return f"{builtin.name}({', '.join(shown)}) -> {builtin.result}"
