"""The language's own regular expressions: a linear-time subset that means the same in every engine.

`charset` holds sets of code points, `pattern` the syntax tree of an expression, `matcher` the reference engine;
`unicode_tables` writes the tables of Unicode that `charset` reads.
"""
