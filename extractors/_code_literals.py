"""Python literals in text that a model wrote: read by their grammar, never run."""

from __future__ import annotations

import ast
import warnings

MAX_LITERAL = 20_000
"""Characters of a literal; longer ones are not read."""

_SPELLINGS = {
    "true": "True",
    "false": "False",
    "null": "None",
    "dict()": "{}",
    "list()": "[]",
    "tuple()": "()",
    "str()": "''",
}
_STRAIGHT = str.maketrans("‘’“”", "''\"\"")


def literal(text: str) -> str | None:
    """The literal in Python's own spelling (`repr` of its value), or None where the text is no literal."""
    if len(text) > MAX_LITERAL:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about escapes such as "\d"
            return repr(ast.literal_eval(text.strip()))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def is_call(text: str) -> bool:
    """Whether the text is one call of a named function."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text.strip(), mode="eval") if len(text) <= MAX_LITERAL else None
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return False
    return tree is not None and isinstance(tree.body, ast.Call) and isinstance(tree.body.func, ast.Name)


def readings(text: str, *, quoted: bool) -> tuple[str, ...]:
    """The literals that the text can stand for, in Python's spelling and without repetition.

    Curly quotes count as straight ones, a pair of quotes around a whole that does not parse with them as none, JSON's
    constants and calls such as `dict()` as what they mean. `quoted`: the text was the content of a string, and may be
    meant as such.
    """
    text = text.strip() if not quoted else text
    bare = text.strip()
    found = literal(_SPELLINGS.get(bare, text)) or literal(text.translate(_STRAIGHT))
    if found is None and len(bare) > 1 and bare[0] == bare[-1] and bare[0] in "\"'":
        found = literal(bare[1:-1])
    options = [found]
    if found is not None and not quoted and found[0] in "\"'":
        options.append(literal(str(ast.literal_eval(found))))
    if quoted:
        options.append(repr(text))
    return tuple(dict.fromkeys(each for each in options if each is not None))
