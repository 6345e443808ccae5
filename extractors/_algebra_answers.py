"""The values in a final answer: `2, -3`, `x = 2 or x = -3`, `x^2 + 1`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ._algebra_parser import readings
from ._algebra_terms import Readings
from ._algebra_tokens import Mark, Token, tokenize

MAX_VALUES = 16

_NONE = re.compile(r"(?:there (?:are|is) )?no (?:real )?(?:solutions?|roots?|values?)|∅|\\emptyset", re.IGNORECASE)
_THOUSANDS = re.compile(r"[0-9],[0-9]{3}(?![0-9])")


def values(text: str) -> tuple[Readings, ...] | None:
    """The values in a list, none where it says that there are none, None for anything else."""
    text = text.replace("$", " ").rstrip(" .")
    if _NONE.fullmatch(text) is not None:
        return ()
    if _THOUSANDS.search(text) is not None:
        return None  # `1,234` may be one value or two
    tokens = [token for token in tokenize(text, math=True)[0] if token.mark is not Mark.FENCE]
    found: list[Readings] = []
    for part in _parts(tokens):
        signs = (False, True) if any(token.mark is Mark.SIGNS for token in part) else (False,)
        branches = [readings(part, minus=minus) for minus in signs]
        if not all(branches) or len(found) >= MAX_VALUES:
            return None
        found += branches
    return tuple(found)


def expression_in(text: str) -> Readings | None:
    """The expression that the first line of a text is, if it is one."""
    line = text.strip().split("\n", 1)[0].strip().rstrip(".")
    tokens = [token for token in tokenize(line)[0] if token.mark is not Mark.FENCE]
    return readings(tokens) or None


def _parts(tokens: list[Token]) -> Iterator[list[Token]]:
    """The tokens of each value, without the name before it (`x = 2`)."""
    part: list[Token] = []
    for token in (*tokens, None):
        if token is None or token.text in {",", ";", "or", "and"}:
            if part or token is None:
                yield part
            part = []
        elif token.mark is Mark.EQUALS and len(part) == 1 and part[0].mark is Mark.SYMBOL:
            part = []
        else:
            part.append(token)
