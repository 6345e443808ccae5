"""A line of free text as tokens: numbers, operators, relations, words; anything odd is `OTHER`."""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import NamedTuple


class Kind(Enum):
    """What a token is. `OTHER` is anything that makes an arithmetic reading unsafe beside it."""

    NUMBER = auto()
    WORD = auto()
    OPERATOR = auto()
    OPEN = auto()
    CLOSE = auto()
    EQUALS = auto()
    RELATION = auto()
    CURRENCY = auto()
    PERCENT = auto()
    DEGREE = auto()
    MACRO = auto()
    UNIT = auto()
    STOP = auto()
    BREAK = auto()
    DELIMITER = auto()
    QUOTE = auto()
    OTHER = auto()


class Token(NamedTuple):
    """One token; `start` and `end` are offsets in the line, `tight` says that no space precedes it.

    `text` is normalised: operators to `+ - * / ^`, macros to their bare name, numbers as written.
    """

    kind: Kind
    text: str
    start: int
    end: int
    tight: bool


class Note(NamedTuple):
    """A calculator annotation `<<...>>`: the offsets of what stands inside it."""

    start: int
    end: int


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
    "\"": Kind.QUOTE, "“": Kind.QUOTE, "”": Kind.QUOTE,
}  # fmt: skip
_MACRO_OPERATORS = {"times": "*", "cdot": "*", "div": "/", "ast": "*"}
_MACRO_TERMS = {"frac": "frac", "dfrac": "frac", "tfrac": "frac", "cfrac": "frac", "sqrt": "sqrt", "boxed": "boxed"}
_MACRO_SPACES = {"quad", "qquad", "left", "right", "displaystyle", "bigl", "bigr"}
_MACRO_RELATIONS = {"implies", "Rightarrow", "rightarrow", "to", "neq", "ne", "leq", "geq", "le", "ge", "iff",
                    "approx", "therefore", "Longrightarrow", "sim", "equiv", "lt", "gt", "longrightarrow"}  # fmt: skip
_ESCAPED = {"$": Kind.CURRENCY, "%": Kind.PERCENT, '"': Kind.QUOTE, "*": Kind.OPERATOR}
_TEXT = re.compile(r"\{([^{}\n]{0,60})\}")
_OPERANDS = frozenset({Kind.NUMBER, Kind.CLOSE, Kind.PERCENT, Kind.DEGREE, Kind.WORD, Kind.UNIT})


def tokenize(line: str) -> tuple[list[Token], list[Note]]:
    """The tokens of a line and its calculator annotations, which count as space among the tokens."""
    tokens: list[Token] = []
    notes: list[Note] = []
    at, tight, size = 0, False, len(line)
    while at < size:
        match = _TOKEN.match(line, at)
        if match is None:  # unreachable: `sign` and `line` take any character
            break
        start, at = at, match.end()
        text = match.group()
        kind = Kind.OTHER
        match match.lastgroup:
            case "space":
                tight = False
                continue
            case "note":
                notes.append(Note(start + 2, at - 2))
                continue
            case "number":
                kind = _number_kind(line, text, start, tokens)
            case "word":
                kind = Kind.WORD
                if text in {"x", "X"} and _times(line, start, at, tokens):
                    kind, text = Kind.OPERATOR, "*"
            case "power":
                tokens.append(Token(Kind.OPERATOR, "^", start, start, tight=tight))
                kind, text, tight = Kind.NUMBER, "2" if text == "²" else "3", True
            case "stars":
                operator = _star(line, text, start, at, tokens)
                if operator is None:
                    continue
                kind, text = (Kind.OPERATOR, operator) if operator else (Kind.OTHER, text)
            case "operator":
                kind, text = (Kind.MACRO, "√") if text == "√" else (Kind.OPERATOR, _OPERATORS.get(text, text))
            case "relation":
                kind = _relation_kind(text)
            case "line":
                kind = Kind.BREAK
            case "macro":
                name = text.lstrip("\\")
                kind, text, at = _macro(line, name, at)
                if kind is Kind.STOP and not text:
                    tight = False
                    continue
            case "escape":
                kind, text = _escape(text)
            case "sign":
                if text == "&" and ("=" in line[at : at + 2] or line[max(start - 2, 0) : start].rstrip()[-1:] == "="):
                    tight = False
                    continue
                kind = _dollar(line, start) if text == "$" else _SIGNS.get(text, Kind.OTHER)
        tokens.append(Token(kind, text, start, at, tight))
        tight = True
    return tokens, notes


def _number_kind(line: str, text: str, start: int, tokens: list[Token]) -> Kind:
    if ":" in text or (start and line[start - 1] == "_"):
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


def _star(line: str, text: str, start: int, end: int, tokens: list[Token]) -> str | None:
    """An operator for `*` and `**`, None for markdown emphasis or a bullet, "" for anything odd."""
    before, after = line[start - 1 : start] if start else "\n", line[end : end + 1] or "\n"
    spaced = before.isspace(), after.isspace()
    operand = bool(tokens) and tokens[-1].kind in _OPERANDS
    following = line[end : end + 3].lstrip(" ")[:1]
    starts = following.isalnum() or following in {"(", "$", "\\", "-", ".", "−", "√", "[", "€", "£"}
    if len(text) > 2 or not operand or not starts or following == "\n":
        return None
    if spaced[0] != spaced[1] and (len(text) == 2 or not following.isdigit()):
        return None
    if len(text) == 2 and not (following.isdigit() or following in {"(", "-"}):
        return None
    return "*" if len(text) == 1 else "^"


def _relation_kind(text: str) -> Kind:
    if text == "=":
        return Kind.EQUALS
    if text == ":":
        return Kind.STOP
    return Kind.OTHER if set(text) <= {"!"} or text == ":=" else Kind.RELATION


def _macro(line: str, name: str, end: int) -> tuple[Kind, str, int]:
    """Kind, normalised text and end of a LaTeX macro; an empty `STOP` stands for space."""
    if name in _MACRO_OPERATORS:
        return Kind.OPERATOR, _MACRO_OPERATORS[name], end
    if name in _MACRO_TERMS:
        return Kind.MACRO, _MACRO_TERMS[name], end
    if name in _MACRO_SPACES:
        return Kind.STOP, "", end
    if name in _MACRO_RELATIONS:
        return Kind.RELATION, name, end
    if name in {"text", "mathrm", "textbf"}:
        body = _TEXT.match(line, end)
        if body is None:
            return Kind.OTHER, name, end
        return (Kind.WORD, body.group(1).strip(), body.end()) if body.group(1).strip() else (Kind.STOP, "", body.end())
    if name == "circ":
        return Kind.DEGREE, name, end
    if name.startswith("n") and name not in {"nabla", "not", "nu", "neg", "notin"}:
        return Kind.BREAK, "\n", end - len(name) + 1  # text inside a JSON string: `\n` is a line end
    return Kind.OTHER, name, end


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
    if after.isdigit() or after in {".", "-", "−", "<", "("}:
        return Kind.CURRENCY
    if after == " " and line[start + 2 : start + 3].isdigit() and line[max(start - 1, 0) : start] in {"", " ", "="}:
        return Kind.CURRENCY
    return Kind.DELIMITER
