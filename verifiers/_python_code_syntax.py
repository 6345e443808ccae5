"""Whether text can be Python: by its grammar alone, nothing is compiled to code or run."""

from __future__ import annotations

import ast
import re
import sys
import warnings
from dataclasses import dataclass

MAX_CODE = 100_000
"""Characters of code; longer code is not judged."""

MAX_BRACKETS = 90
"""Brackets within brackets; Python's own limit is 200."""

MAX_CHAIN = 1_000
"""Operators in one line, without a comma between them; the parser goes a level deeper for each."""

_ALLOW_INCOMPLETE_INPUT = 0x4000  # as in the module codeop
_INCOMPLETE = "incomplete input"


@dataclass(frozen=True, slots=True)
class SyntaxFault:
    """What is wrong, in Python's words, and in which line, the first being 1."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Unjudged:
    """Why code was not judged."""

    reason: str


def parsed(code: str) -> ast.Module | SyntaxFault | Unjudged:
    """The tree of a complete piece of code, or why there is none."""
    return _compiled(code, 0)


def broken(code: str) -> SyntaxFault | Unjudged | None:
    """What is wrong with the start of a piece of code whatever follows its last complete line; None if nothing is.

    The parser has met the fault before it looked at the end, so that no continuation can mend it.
    """
    found = _compiled(code, _ALLOW_INCOMPLETE_INPUT)
    if isinstance(found, ast.Module) or (isinstance(found, SyntaxFault) and found.message == _INCOMPLETE):
        return None
    return found


def judgeable(code: str, before: str) -> bool:
    """Whether a fault in the code would be one: it is no session, no shell, no difference, no part of something.

    `before` is the text in front of it, which may say that it is wrong on purpose or only a sketch.
    """
    first = next((line for line in code.split("\n") if line.strip() and not line.lstrip().startswith("#")), "")
    return (
        _SESSION.search(code) is None
        and _PART.match(first) is None
        and _WRONG_ON_PURPOSE.search(before.rstrip().rpartition("\n\n")[2]) is None
    )


def plausible(fault: SyntaxFault, code: str) -> bool:
    """Whether the line at fault may be right after all: in a later Python, or as a place to be filled in."""
    lines = code.split("\n")[max(fault.line - 2, 0) : fault.line + 1]
    return any(pattern.search(line[:2_000]) for pattern in (_PLACEHOLDER, *_NEWER) for line in lines)


_SESSION = re.compile(r"^[ \t]*(?:>>>|In \[\d|[%!?$] ?\w|@@ |\+\+\+ |--- |pip install |Traceback \()", re.MULTILINE)
_PART = re.compile(r"[ \t]*(?:elif|else|except|finally|case)\b|[ \t]*[)\]}]")
_WRONG_ON_PURPOSE = re.compile(
    r"\b(?:wrong|incorrect|invalid|bug\w*|broken|errors?|pseudo-?\s?code|python\s?2|fails?|failed|instead of|bad"
    r"|not valid|mistake|original|sketch|outline|template|skeleton|syntax)\b",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(r"…|<[A-Za-z][\w .-]{0,60}>|`|\bTODO\b|\{\{|\}\}|\[\.\.\.\]|\.\.\.")
_NEWER = tuple(
    re.compile(pattern)
    for version, pattern in (
        ((3, 12), r"\b(?:[fF][rR]?|[rR][fF])[\"']|^\s*type\s+\w|\b(?:def|class)\s+\w+\s*\["),
        ((3, 14), r"\b(?:[tT][rR]?|[rR][tT])[\"']|\bexcept\b[^:]*,"),
    )
    if sys.version_info < version
)


def _compiled(code: str, flags: int) -> ast.Module | SyntaxFault | Unjudged:
    if len(code) > MAX_CODE:
        return Unjudged(f"longer than {MAX_CODE} characters")
    if _too_deep(code):
        return Unjudged("nested too deeply")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = compile(code, "<answer>", "exec", ast.PyCF_ONLY_AST | flags, dont_inherit=True)
    except SyntaxError as error:
        return SyntaxFault(error.lineno or 1, (error.msg or "invalid syntax").split("\n")[0][:200])
    except (
        ValueError,
        MemoryError,
        RecursionError,
        OverflowError,
    ) as error:  # NUL, lone surrogates, the parser's stack
        return Unjudged(f"the parser gave up: {type(error).__name__}")
    return tree if isinstance(tree, ast.Module) else Unjudged("no module")


_TOKEN = re.compile(r"[\[({]|[\])}]|\n|[-+~*/%@&|^<>.,]|\b(?:not|and|or|if|else|lambda|await|in|is)\b")


def _too_deep(code: str) -> bool:
    """Counts without regard to strings and comments: it errs towards too deep."""
    depth = chain = 0
    for token in _TOKEN.finditer(code):
        match token[0]:
            case "(" | "[" | "{":
                depth += 1
            case ")" | "]" | "}":
                depth = max(depth - 1, 0)
            case "\n" | ",":
                chain = 0
            case _:
                chain += 1
        if depth > MAX_BRACKETS or chain > MAX_CHAIN:
            return True
    return False
