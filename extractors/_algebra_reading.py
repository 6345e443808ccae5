"""The chains of a whole text and the equations that they make."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from . import _context as context
from ._algebra_chains import Chain, chains
from ._algebra_links import joins
from ._algebra_terms import AlgebraEquation, Alternatives
from ._algebra_tokens import Mark, Token, tokenize

MAX_LINE = 20_000
"""Characters of a line that is read at all."""

_LETTER = re.compile(r"[^\W\d_]|[\[\]$]")


class Line(NamedTuple):
    """A chain and the equations it makes, all from its first side."""

    chain: Chain
    equations: tuple[Alternatives, ...]


class Text(NamedTuple):
    """The tokens of a text and the chains in them."""

    tokens: list[Token]
    lines: list[Line]


def equations_in(text: str) -> tuple[Alternatives, ...]:
    """Every equation in a text that holds a variable, in text order."""
    return tuple(found for line in read_text(text).lines for found in line.equations)


def read_text(text: str, *, runs: bool = True) -> Text:
    """Read a text line by line. `runs`: whether letters written together in mathematics are a product."""
    tokens: list[Token] = []
    fence = context.Fence()
    begin, math = 0, False
    for line in text.split("\n"):
        if context.is_fence(line):
            fence = fence.after(line)
        elif not fence.code and _is_algebra(line):
            found, math = tokenize(line, math=math, runs=runs)
            tokens += (token._replace(start=token.start + begin, end=token.end + begin) for token in found)
        begin += len(line) + 1
        tokens.append(Token(Mark.BREAK, "\n", begin - 1, begin, tight=False, math=math))
    return Text(tokens, _joined(tokens))


def _is_algebra(line: str) -> bool:
    """Whether the line can say anything: not a table, a quotation, or a computation in numbers alone."""
    table = line.count("|") > 1 or line.lstrip().startswith(">")
    return len(line) <= MAX_LINE and not table and _LETTER.search(line) is not None


def _joined(tokens: list[Token]) -> list[Line]:
    """The chains, with `x = 2 or x = 3` as one line of two alternatives."""
    lines: list[Line] = []
    for chain in chains(tokens):
        line = Line(chain, tuple(_equations(chain)))
        last = lines[-1] if lines else None
        if last is not None and joins(tokens[last.chain.last : chain.first], last.equations, line.equations):
            both = chain._replace(first=last.chain.first, start=last.chain.start, sides=(None, None))
            lines[-1] = Line(both, (last.equations[-1] + line.equations[-1],))
        else:
            lines.append(line)
    return lines


def _equations(chain: Chain) -> Iterator[Alternatives]:
    first = chain.sides[0]
    for side in chain.sides[1:]:
        if first is None or side is None or not (first.names or side.names):
            continue
        if len(first.branches) == 1 or len(side.branches) == 1:  # not `±a = ±b`, whose signs go together
            yield tuple(AlgebraEquation(left, right) for left in first.branches for right in side.branches)
