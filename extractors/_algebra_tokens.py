"""Splits text into the tokens of algebra. What could make a reading of its neighbour unsafe is `OTHER`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum, auto
from typing import NamedTuple

from ._algebra_vocabulary import (
    ARROWS,
    BODY,
    FRACTIONS,
    FUNCTIONS,
    GREEK,
    MACRO_OPERATORS,
    NO_RUNS,
    OPERATORS,
    RELATIONS,
    RUN,
    SILENT,
    STAYING,
    STOPS,
    TEXT,
)


class Mark(Enum):
    """What a token is."""

    NUMBER = auto()
    SYMBOL = auto()
    FUNCTION = auto()
    OPERATOR = auto()
    SIGNS = auto()  # plus or minus
    RAISED = auto()  # unicode superscripts
    OPEN = auto()
    CLOSE = auto()
    FRAC = auto()
    ROOT = auto()
    PI = auto()
    EQUALS = auto()
    ARROW = auto()
    RELATION = auto()
    STOP = auto()
    BREAK = auto()
    FENCE = auto()
    WORD = auto()
    OTHER = auto()


class Token(NamedTuple):
    """One token; `start` and `end` are offsets in the text, `tight` says that no space precedes it.

    `math` says that it stands between the delimiters of LaTeX mathematics.
    """

    mark: Mark
    text: str
    start: int
    end: int
    tight: bool
    math: bool


EXPRESSION = frozenset(
    {Mark.NUMBER, Mark.SYMBOL, Mark.FUNCTION, Mark.OPERATOR, Mark.SIGNS, Mark.RAISED, Mark.OPEN, Mark.CLOSE, Mark.FRAC,
     Mark.ROOT, Mark.PI}
)  # fmt: skip
"""What an expression is made of."""

# Every alternative consumes what it looks at, so one pass over the line is linear in its length.
_MARKED = re.compile(
    r"(?P<space>[ \t]*)(?:(?P<last>[-+•‣◦*]|#{1,6}|[0-9]{1,3}[.)]|\([0-9a-zA-Z]{1,3}\)|[a-zA-Z][.)])[ \t]+){0,3}"
)
_TOKEN = re.compile(
    r"""
      (?P<space>(?:[ \t\u00a0\u2009\u202f~] | \\[,;:!\ >])+)
    | (?P<dots>\.{2,}|…|⋯)
    | (?P<number>\.?[0-9]+(?:(?:[.,:]|\{,\})[0-9]+)*)
    | (?P<raised>[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)
    | (?P<word>[^\W\d_⁰¹²³⁴⁵⁶⁷⁸⁹ⁿ]+(?:['’](?:s|t|re|ll|ve|d)\b)?)
    | (?P<subscript>_(?:\{[A-Za-z0-9+\-, ]{1,12}\}|[A-Za-z0-9]))
    | (?P<stars>\*+)
    | (?P<operator>[+\-−–×·⋅∙÷/^∗✕])
    | (?P<signs>[±∓])
    | (?P<arrow>=>|⇒|⟹|→|⇔|⟺|->|-->|∴)
    | (?P<relation>[=<>!:≠≤≥≈≡∼≅∈]+)
    | (?P<macro>\\+[A-Za-z]+)
    | (?P<break>\\\\+(?:\[[0-9.a-z]{1,8}\])?(?=\s|$))
    | (?P<fence>\\+[()\[\]]|\$\$?)
    | (?P<sign>\\*.)
    """,
    re.VERBOSE | re.DOTALL,
)
_OPERANDS = frozenset({Mark.NUMBER, Mark.SYMBOL, Mark.CLOSE, Mark.PI, Mark.RAISED})
_RAISED = str.maketrans("⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "+-0123456789")


BULLET, DASH = "bullet", "dash"
"""Texts of the `STOP` that stands for a mark at the start of a line; a dash may be a sign after all."""


def tokenize(text: str, *, math: bool = False, runs: bool = True) -> tuple[list[Token], bool]:
    """The tokens of a line without its end, and whether displayed mathematics is open behind it.

    `math`: whether it is open before the line. `runs`: whether letters written together in mathematics are a product.
    """
    line = _Line(text, math=math, runs=runs)
    tokens = list(line.tokens())
    return tokens, line.math


class _Line:
    def __init__(self, text: str, *, math: bool, runs: bool) -> None:
        self.text = text
        self.math = math
        self.runs = runs
        self.dollars = text.replace("\\$", "").replace("$$", "$").count("$") % 2 == 0 or text.strip() == "$$"
        self.last: Token | None = None
        self.at = 0
        self.tight = False

    def tokens(self) -> Iterator[Token]:
        length = len(self.text)
        bullet = _MARKED.match(self.text)
        if bullet is not None and bullet.end() > len(bullet["space"]):
            self.at = bullet.end()
            shown = DASH if bullet["last"] in {"-", "+"} else BULLET
            self.last = Token(Mark.STOP, shown, len(bullet["space"]), self.at, tight=False, math=self.math)
            yield self.last
        while self.at < length:
            match = _TOKEN.match(self.text, self.at)
            assert match is not None  # `sign` takes any character
            start, self.at = match.span()
            group, text = match.lastgroup, match.group()
            if group == "space":
                self.tight = False
                continue
            for mark, name, begin, end in self._read(group, text, start):
                token = Token(mark, name, begin, end, self.tight, self.math)
                self.last, self.tight = token, True
                yield token

    def _read(self, group: str | None, text: str, start: int) -> Iterator[tuple[Mark, str, int, int]]:
        end = self.at
        match group:
            case "number":
                odd = ":" in text or (self.tight and self._follows(Mark.SYMBOL, Mark.WORD, Mark.NUMBER))
                yield (Mark.OTHER if odd else Mark.NUMBER), text, start, end
            case "raised":
                yield Mark.RAISED, text.translate(_RAISED), start, end
            case "word":
                yield from self._word(text, start)
            case "subscript":
                yield Mark.OTHER, text, start, end  # one that belongs to a symbol is read with it
            case "stars":
                mark = self._stars(text, start)
                if mark is not None:
                    yield Mark.OPERATOR, mark, start, end
            case "operator":
                yield Mark.OPERATOR, OPERATORS.get(text, text), start, end
            case "signs":
                yield Mark.SIGNS, text, start, end
            case "arrow":
                yield Mark.ARROW, text, start, end
            case "relation":
                yield _relation(text), text, start, end
            case "macro":
                yield from self._macro(text.lstrip("\\"), start)
            case "break":
                yield Mark.BREAK, text, start, end
            case "fence":
                yield from self._fence(text.lstrip("\\"), start)
            case "sign":
                yield from self._sign(text, start)
            case _:
                yield Mark.OTHER, text, start, end

    def _follows(self, *marks: Mark) -> bool:
        return self.last is not None and self.last.mark in marks

    def _word(self, text: str, start: int) -> Iterator[tuple[Mark, str, int, int]]:
        end = self.at
        after = self.text[end : end + 1]
        if after in {"'", "’", "ⁿ"}:
            self.at = end + 1
            yield Mark.OTHER, text, start, self.at
        elif text in FUNCTIONS:
            yield Mark.FUNCTION, text, start, end
        elif text in {"pi", "π"}:
            yield Mark.PI, text, start, end
        elif text in {"x", "X"} and self._times(start):
            yield Mark.OPERATOR, "*", start, end
        elif len(text) == 1:
            yield self._symbol(text, start)
        elif self._is_run(text):
            for at, letter in enumerate(text, start):
                if at + 1 < end:
                    yield Mark.SYMBOL, letter, at, at + 1
                else:
                    yield self._symbol(letter, at)
        else:
            yield Mark.WORD, text, start, end

    def _symbol(self, name: str, start: int) -> tuple[Mark, str, int, int]:
        """A variable with its subscript, which becomes part of its name."""
        match = _TOKEN.match(self.text, self.at)
        if match is not None and match.lastgroup == "subscript":
            self.at = match.end()
            return Mark.SYMBOL, f"{name}_{match.group()[1:].strip('{}').strip()}", start, self.at
        return Mark.SYMBOL, name, start, self.at

    def _is_run(self, text: str) -> bool:
        """Whether letters written together are a product: inside mathematics, or tight behind a number."""
        if not self.runs or len(text) > RUN or text.lower() in NO_RUNS or not text.isascii():
            return False
        if sum(letter.isupper() for letter in text) > 1 or text[0] == "d":
            return False  # points and sides of figures, and differentials
        return self.math or (self.tight and self._follows(Mark.NUMBER))

    def _times(self, start: int) -> bool:
        """Whether this `x` stands between two numbers, with space on both sides or on neither."""
        after = self.text[self.at : self.at + 2]
        if not self._follows(Mark.NUMBER):
            return False
        return after[:1].isdigit() if self.tight else after[:1] == " " and after[1:].isdigit()

    def _stars(self, text: str, start: int) -> str | None:
        """An operator for `*` and `**`, None for markdown emphasis and bullets."""
        before, after = self.text[start - 1 : start] or " ", self.text[self.at : self.at + 1] or " "
        opens = after.isalnum() or after in "($\\-−.{[√" or after.isspace()
        if len(text) > 2 or not opens or not self._follows(*_OPERANDS):
            return None
        spaced = before.isspace(), after.isspace()
        if len(text) == 2:
            return "^" if spaced == (False, False) and (after.isdigit() or after in "({-") else None
        return "*" if spaced[0] == spaced[1] else None

    def _macro(self, name: str, start: int) -> Iterator[tuple[Mark, str, int, int]]:
        end = self.at
        if name in MACRO_OPERATORS:
            yield Mark.OPERATOR, MACRO_OPERATORS[name], start, end
        elif name in FRACTIONS:
            yield Mark.FRAC, "frac", start, end
        elif name == "sqrt":
            yield Mark.ROOT, "sqrt", start, end
        elif name in FUNCTIONS:
            yield Mark.FUNCTION, name, start, end
        elif name == "pi":
            yield Mark.PI, name, start, end
        elif name == "pm":
            yield Mark.SIGNS, name, start, end
        elif name in GREEK:
            yield self._symbol(name, start)
        elif name in ARROWS:
            yield Mark.ARROW, name, start, end
        elif name in RELATIONS:
            yield Mark.RELATION, name, start, end
        elif name in STOPS:
            yield Mark.STOP, name, start, end
        elif name in TEXT or name in {"begin", "end", "tag"}:
            yield self._named(name, start)
        elif name in SILENT:
            self.tight = False
        elif name.startswith("n") and name not in STAYING:
            self.at = end - len(name) + 1  # text inside a JSON string: `\n` is a line end
            yield Mark.BREAK, "\n", start, self.at
        else:
            yield Mark.OTHER, name, start, end

    def _named(self, name: str, start: int) -> tuple[Mark, str, int, int]:
        body = BODY.match(self.text, self.at)
        if body is None:
            return Mark.OTHER, name, start, self.at
        self.at = body.end()
        inside = body.group(1).strip()
        if name in {"begin", "end"}:
            plain = inside.rstrip("*") in {"align", "aligned", "equation", "gather", "gathered", "split"}
            self.math = name == "begin" and plain
            return (Mark.BREAK if plain else Mark.OTHER), inside, start, self.at
        return (Mark.STOP if name == "tag" or not inside else Mark.WORD), inside, start, self.at

    def _fence(self, text: str, start: int) -> Iterator[tuple[Mark, str, int, int]]:
        if "$" in text:
            if not self.dollars:  # money
                yield Mark.OTHER, text, start, self.at
                return
            self.math = not self.math
        else:
            self.math = text in "(["
        yield Mark.FENCE, text, start, self.at

    def _sign(self, text: str, start: int) -> Iterator[tuple[Mark, str, int, int]]:
        end = self.at
        if text in "([{" or text in ")]}":
            yield (Mark.OPEN if text in "([{" else Mark.CLOSE), text, start, end
        elif text == "&":
            rest = self.text[end : end + 2].lstrip()
            if rest.startswith("=") or self._follows(Mark.EQUALS) or self.last is None or self._follows(Mark.BREAK):
                self.tight = False
            else:
                yield Mark.STOP, text, start, end
        elif text == "√":
            yield Mark.ROOT, text, start, end
        elif text in '.,;—"“”?':
            yield Mark.STOP, text, start, end
        elif text in {"\n", "\r", "\f", "\v", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"}:
            yield Mark.BREAK, text, start, end
        else:
            yield Mark.OTHER, text, start, end


def _relation(text: str) -> Mark:
    if text == "=":
        return Mark.EQUALS
    if text == ":":
        return Mark.STOP
    return Mark.OTHER if set(text) <= {"!"} or text == ":=" else Mark.RELATION
