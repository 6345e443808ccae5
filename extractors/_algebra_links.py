"""Whether the words around two equations say that the second follows, or that a line rewrites an expression."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from ._algebra_parser import is_literal
from ._algebra_terms import AlgebraEquation, Alternatives, Symbol
from ._algebra_tokens import BULLET, DASH, Mark, Token
from ._algebra_vocabulary import words

MAX_GAP = 60
"""Tokens between an equation and one that follows from it."""

NEAR = 160
"""Characters beside a chain in which its sentence is looked for."""

MAX_ALTERNATIVES = 12
"""Equations that are read as alternatives."""

_WORKING = words(
    "subtract subtracting add adding divide dividing multiply multiplying simplify simplifying simplifies simplified "
    "combine combining expand expanding expands factor factoring factors factorize distribute distributing rearrange "
    "rearranging rearranged isolate isolating solve solving solved cross-multiplying cross-multiply so therefore thus "
    "hence implies implying gives giving gave get gets getting yields yielding means equivalent reduces "
    "reducing obtain obtaining then square squaring rewrite rewriting rewritten move moving bring bringing collect "
    "collecting clear clearing leaves leaving left transpose distributive cancel canceling cancelling leads leading "
    "taking calculate calculating compute computing evaluate result results resulting equals approximately"
)
"""Words of which one at least must stand between the two equations where words do."""

_HARMLESS = words(
    "we us our i the a an this that which it to from by both sides side each of for on and in as is can now next "
    "equation like terms term constant constants variable value hand step following finally further have let's all out "
    "property operation operations coefficient fraction fractions denominator denominators numerator eliminate "
    "remove rid need find use order do first written be root roots cube cubic through least lowest common multiple lcd "
    "lcm parentheses brackets multiplication division addition subtraction up down we'll we've one expression decimal "
    "form quotient becomes become unknown could write back onto over there side's squared"
)

_OPERATION = frozenset({Mark.NUMBER, Mark.SYMBOL, Mark.OPERATOR, Mark.OPEN, Mark.CLOSE, Mark.FRAC, Mark.ROOT, Mark.PI})
_QUIET = frozenset({Mark.STOP, Mark.BREAK, Mark.FENCE})

_REWRITING = re.compile(
    r"\b(?:expand(?:ing|s|ed)?|simplif(?:y|ies|ying|ied)|factor(?:ing|s|ed|ise|ize|isation|ization)?"
    r"|distribut(?:e|ing|es)|combin(?:e|ing)|rewrit(?:e|ing|ten)|multipl(?:y|ying) out|completing the square)\b",
    re.IGNORECASE,
)
_OF_AN_EQUATION = re.compile(
    r"\b(?:equations?|sides?|solv(?:e|es|ed|ing)|substitut\w*|set|setting|zero|if|when|where|let|gives?|get|becomes?"
    r"|becoming|yields?|obtain|have|plug\w*|using|since|because|given|equal|for)\b",
    re.IGNORECASE,
)
_COMPLEX = re.compile(r"\bcomplex\b|\bimaginary\b|\bconjugate\b|\bi\^2|\bi²", re.IGNORECASE)
_SENTENCE_START = re.compile(r"[.!?;](?=\s)|\n|\\n")
_UNUSUAL = re.compile(
    r"\bmatri(?:x|ces)\b|\bvectors?\b|\bdeterminant\b|\\begin\{[pbv]?matrix|\bboolean\b|\bfloor\b|\bceiling\b|\\lfloor"
    r"|\\lceil|\bfield of\b|\bring\b|\bdigits?\b|\bbase\b|\bmodul",
    re.IGNORECASE,
)


@lru_cache(maxsize=32)
def unusual(prompt: str) -> bool:
    """Whether letters and operations in the problem may not be those of school algebra."""
    return _UNUSUAL.search(prompt) is not None


def follows(gap: Sequence[Token], *, listed: bool) -> bool:
    """Whether the tokens between two equations say that the second follows from the first.

    `listed`: whether it is enough that they stand on lines of their own with nothing between.
    """
    if len(gap) > MAX_GAP:
        return False
    working = False
    for token in gap:
        if token.mark is Mark.WORD:
            spoken = [word.strip(".,:;()") for word in token.text.lower().split()]
            if any(word not in _WORKING and word not in _HARMLESS for word in spoken if word):
                return False
            working = working or any(word in _WORKING for word in spoken)
        elif token.mark is Mark.ARROW:
            working = True
        elif token.mark not in _QUIET and token.mark not in _OPERATION and token.text not in {"#", "'", "`"}:
            return False
    if working:
        return True
    if not listed or any(token.mark not in _QUIET for token in gap):
        return False
    return any(token.mark is Mark.BREAK for token in gap) and not any(token.text in {BULLET, DASH} for token in gap)


def joins(gap: Sequence[Token], first: Sequence[Alternatives], second: Sequence[Alternatives]) -> bool:
    """Whether two equations are alternatives: `x = 2 or x = 3`, `x = 2, x = 3`."""
    if not first or not second or len(gap) > 8 or len(first[-1]) + len(second[-1]) > MAX_ALTERNATIVES:
        return False
    names = {equation.names for each in (first[-1], second[-1]) for equation in each}
    if len(names) != 1 or len(next(iter(names))) != 1:
        return False
    spoken = {token.text.lower() for token in gap if token.mark is Mark.WORD}
    if any(token.mark not in {Mark.WORD, Mark.STOP, Mark.FENCE, Mark.OTHER} for token in gap):
        return False
    solved = [is_solved(each) for each in (first[-1], second[-1])]
    if spoken:
        return spoken <= {"or", "and", "also"} and ("or" in spoken or solved[0] == solved[1])
    return all(solved) and any(token.text in {",", "quad", "qquad", "&"} for token in gap)


def is_solved(statement: Alternatives) -> bool:
    """Whether it says what a variable is: `x = 2`, `x = -1/2 or x = 3`."""
    return all(_is_solved(equation) for equation in statement)


def _is_solved(equation: AlgebraEquation) -> bool:
    sides = ((equation.left[0], equation.right[0]), (equation.right[0], equation.left[0]))
    return any(isinstance(one, Symbol) and is_literal(other) for one, other in sides)


def rewrites(text: str, start: int) -> bool:
    """Whether the sentence before `start` announces that an expression is written in another way."""
    return _REWRITING.search(_before(text, start)) is not None


def is_equation(text: str, start: int, end: int) -> bool:
    """Whether the sentence around `[start, end)` speaks of an equation, so that its sides need not be equal."""
    after = text[end : end + NEAR]
    close = _SENTENCE_START.search(after)
    around = _before(text, start) + " \0 " + after[: len(after) if close is None else close.start()]
    return _OF_AN_EQUATION.search(around) is not None


def is_complex(text: str, start: int, prompt: str) -> bool:
    """Whether `i` is the imaginary unit in the text around `start`, or in the problem."""
    near = _COMPLEX.search(text, max(start - 4 * NEAR, 0), start + 4 * NEAR)
    return near is not None or _COMPLEX.search(prompt) is not None


def _before(text: str, start: int) -> str:
    sentence = text[max(start - NEAR, 0) : start]
    ends = [match.end() for match in _SENTENCE_START.finditer(sentence)]
    return sentence[ends[-1] if ends else 0 :]
