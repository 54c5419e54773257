"""Constraints that break a law each, and one that breaks none."""

KEPT = """
constraint no_commas {
  instruct "Use no commas."
  check not ("," in response)
  accept "Red and blue."
  reject "Red, blue."
}
"""

NTH_PARAGRAPH = r"""
constraint nth_paragraph {
  param total: int in 1 to 20 = 3
  param nth: int in 1 to 20 = 1
  param word: text matching re"\p{L}+" = "however" sample ["however", "yet"]
  instruct "Write {total} paragraphs. Paragraph {nth} must start with the word {word:quoted}."
  check len(paragraphs(response)) == total
    and fold(first(words(at(paragraphs(response), nth - 1, "")), "")) == fold(word)
  accept "One.\n\nHowever, two." with total = 2, nth = 2
  reject "However, one.\n\nTwo." with total = 2, nth = 2
}
"""

BREAKING = {
    "examples-agree": (
        """
        constraint c { instruct "Use no commas." feedback "There is a comma." check not ("," in response)
          accept "a, b" reject "a, c" }
        """,
        [
            "this `accept` is contradicted",
            'response:    "a, b"',
            "verdict:     fail",
            'evidence:    `"," in response` holds',
            "feedback:    There is a comma.",
        ],
    ),
    "not-vacuous": (
        NTH_PARAGRAPH,
        ["every response fails with these arguments", "total = 1, nth = 2"],
    ),
    "text-and-check-agree": (
        """
        constraint c {
          param n: int in 1 to 20 = 3
          instruct "Use at most {n} words."
          check len(words(response)) >= n
          accept "a b c" reject "a b"
        }
        """,
        ["the instruct sets a limit the other way: with a higher `n` the check asks for more", "Use at most 3 words."],
    ),
    "degenerate-told-apart": (
        """
        constraint c {
          instruct "Start every bullet point with a word in bold."
          check all(starts_with(line, "- **") for line in lines(response) if starts_with(line, "- "))
          accept "- **Tea** is hot" reject "- Tea is hot"
        }
        """,
        ["degenerate texts pass, such as this one", "verdict:     pass"],
    ),
}
"""For a law, a file that breaks it and what is said of it."""
