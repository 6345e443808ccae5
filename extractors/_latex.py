"""What a LaTeX macro means in an arithmetic expression."""

from __future__ import annotations

import re

from ._tokens import Kind

_MACRO_OPERATORS = {"times": "*", "cdot": "*", "div": "/", "ast": "*"}
_MACRO_TERMS = {"frac": "frac", "dfrac": "frac", "tfrac": "frac", "cfrac": "frac", "sqrt": "sqrt", "boxed": "boxed"}
_MACRO_SPACES = {"quad", "qquad", "left", "right", "displaystyle", "bigl", "bigr"}
_MACRO_RELATIONS = {"implies", "Rightarrow", "rightarrow", "to", "neq", "ne", "leq", "geq", "le", "ge", "iff",
                    "approx", "therefore", "Longrightarrow", "sim", "equiv", "lt", "gt", "longrightarrow"}  # fmt: skip
_TEXT = re.compile(r"\{([^{}\n]{0,60})\}")


def macro(line: str, name: str, end: int) -> tuple[Kind, str, int]:
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
