"""Splits a line of free text into tokens: numbers, operators, relations, words; anything odd is `OTHER`."""

from __future__ import annotations

import re

from ._latex import macro
from ._tokens import Kind, Note, Token

# Every alternative consumes what it looks at, so one pass over the line is linear in its length.
_TOKEN = re.compile(
    r"""
      (?P<space>[ \t\u00a0\u2009\u202f]+ | \\[,;:!\ ])
    | (?P<note><<[^<>\n]{0,400}>>)
    | (?P<dots>\.{2,}|…)
    | (?P<number>\.?[0-9]+(?:(?:[.,:]|\{,\})[0-9]+)*)
    | (?P<power>[²³])
    | (?P<word>[^\W\d_²³]+(?:['’][^\W\d_²³]+)*)
    | (?P<stars>\*+)
    | (?P<operator>[+\-−–×·⋅∙÷/^∗✕√])
    | (?P<relation>[=<>!:≠≤≥≈≡→⇒⇔∼≅]+)
    | (?P<macro>\\+[A-Za-z]+)
    | (?P<escape>\\+[()\[\]$%"{}*]|\\+)
    | (?P<line>[\n\r\f\v\x1c-\x1e\x85\u2028\u2029])
    | (?P<sign>.)
    """,
    re.VERBOSE,
)
_OPERATORS = {"−": "-", "–": "-", "×": "*", "·": "*", "⋅": "*", "∙": "*", "∗": "*", "✕": "*", "÷": "/"}
_SIGNS = {
    "(": Kind.OPEN, "[": Kind.OPEN, "{": Kind.OPEN, ")": Kind.CLOSE, "]": Kind.CLOSE, "}": Kind.CLOSE,
    "€": Kind.CURRENCY, "£": Kind.CURRENCY, "¥": Kind.CURRENCY, "₹": Kind.CURRENCY,
    "%": Kind.PERCENT, "°": Kind.DEGREE, ".": Kind.STOP, ",": Kind.STOP, ";": Kind.STOP, "—": Kind.STOP,
    '"': Kind.QUOTE, "“": Kind.QUOTE, "”": Kind.QUOTE,
}  # fmt: skip
_ESCAPED = {"$": Kind.CURRENCY, "%": Kind.PERCENT, '"': Kind.QUOTE, "*": Kind.OPERATOR}
_OPERANDS = frozenset({Kind.NUMBER, Kind.CLOSE, Kind.PERCENT, Kind.DEGREE, Kind.WORD, Kind.UNIT})


def tokenize(line: str) -> tuple[list[Token], list[Note]]:
    """The tokens of a line and its calculator annotations, which count as space among the tokens."""
    tokens: list[Token] = []
    notes: list[Note] = []
    at, tight = 0, False
    while (match := _TOKEN.match(line, at)) is not None:
        start, at = match.span()
        text = match.group()
        match match.lastgroup:
            case "space":
                tight = False
            case "note":
                notes.append(Note(start + 2, at - 2))
            case "power":
                tokens.append(Token(Kind.OPERATOR, "^", start, start, tight))
                tokens.append(Token(Kind.NUMBER, "2" if text == "²" else "3", start, at, tight=True))
                tight = True
            case "macro":
                kind, text, at = macro(line, text.lstrip("\\"), at)
                if text:
                    tokens.append(Token(kind, text, start, at, tight))
                tight = bool(text)
            case group:
                read = _read(group, line, start, at, tokens)
                if read is not None:
                    tokens.append(Token(*read, start, at, tight))
                    tight = True
                elif text == "&":
                    tight = False
    return tokens, notes


def _read(group: str | None, line: str, start: int, end: int, tokens: list[Token]) -> tuple[Kind, str] | None:
    """Kind and normalised text of a token, None for markup that stands for nothing."""
    text = line[start:end]
    match group:
        case "number":
            return _number_kind(text, line[start - 1 : start], start, tokens), text
        case "word":
            times = text in {"x", "X"} and _times(line, start, end, tokens)
            return (Kind.OPERATOR, "*") if times else (Kind.WORD, text)
        case "stars":
            return _stars(line, start, end, tokens)
        case "operator":
            return (Kind.MACRO, text) if text == "√" else (Kind.OPERATOR, _OPERATORS.get(text, text))
        case "relation":
            return _relation_kind(text), text
        case "line":
            return Kind.BREAK, text
        case "escape":
            return _escape(text)
        case "sign":
            return _sign(line, text, start)
        case _:
            return Kind.OTHER, text


def _sign(line: str, text: str, start: int) -> tuple[Kind, str] | None:
    if text == "&" and (line.startswith("=", start + 1) or line[max(start - 2, 0) : start].rstrip().endswith("=")):
        return None  # the alignment mark of LaTeX
    return _dollar(line, start) if text == "$" else _SIGNS.get(text, Kind.OTHER), text


def _number_kind(text: str, previous: str, start: int, tokens: list[Token]) -> Kind:
    """`NUMBER` unless it is a time, a version, a subscript or part of a name (`x2`)."""
    if ":" in text or (start and previous == "_"):
        return Kind.OTHER
    before = tokens[-1] if tokens else None
    if before is not None and before.end == start and before.kind in {Kind.WORD, Kind.STOP, Kind.NUMBER}:
        return Kind.OTHER
    return Kind.NUMBER


def _times(line: str, start: int, end: int, tokens: list[Token]) -> bool:
    """Whether this `x` stands between two operands, with space on both sides or on neither."""
    if not tokens or tokens[-1].kind not in _OPERANDS:
        return False
    joined = tokens[-1].end == start
    after = line[end : end + 3].lstrip(" ")
    if joined:
        return tokens[-1].kind is Kind.NUMBER and line[end : end + 1].isdigit()
    return line[end : end + 1] in {" ", "$", "("} and (after[:1].isdigit() or after[:1] in {"$", "(", "\\", "."})


def _stars(line: str, start: int, end: int, tokens: list[Token]) -> tuple[Kind, str] | None:
    """An operator for `*` and `**`, None for markdown emphasis and bullets."""
    size = end - start
    spaced_before = start == 0 or line[start - 1].isspace()
    spaced_after = end == len(line) or line[end].isspace()
    following = line[end : end + 3].lstrip(" ")[:1]
    starts = following.isalnum() or (following and following in "($\\-.−√[€£")
    if size > 2 or not starts or not tokens or tokens[-1].kind not in _OPERANDS:
        return None
    if spaced_before != spaced_after and (size == 2 or not following.isdigit()):
        return None
    if size == 1:
        return Kind.OPERATOR, "*"
    return (Kind.OPERATOR, "^") if following.isdigit() or following in "(-" else None


def _relation_kind(text: str) -> Kind:
    if text == "=":
        return Kind.EQUALS
    if text == ":":
        return Kind.STOP
    return Kind.OTHER if set(text) <= {"!"} or text == ":=" else Kind.RELATION


def _escape(text: str) -> tuple[Kind, str]:
    last = text[-1]
    if last in {"(", ")", "[", "]"}:
        return Kind.DELIMITER, text
    if last == "\\":
        return (Kind.BREAK if len(text) > 1 else Kind.OTHER), text
    return _ESCAPED.get(last, Kind.OTHER), "*" if last == "*" else last


def _dollar(line: str, start: int) -> Kind:
    """A dollar before an amount is a currency sign, any other one delimits mathematics: both are transparent."""
    after = line[start + 1 : start + 2]
    if after.isdigit() or after in {"-", "−", "<", "("}:
        return Kind.CURRENCY
    if after == "." and line[start + 2 : start + 3].isdigit():
        return Kind.CURRENCY
    if after == " " and line[start + 2 : start + 3].isdigit() and line[max(start - 1, 0) : start] in {"", " ", "="}:
        return Kind.CURRENCY
    return Kind.DELIMITER
