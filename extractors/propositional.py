"""Formulas that a trace claims to follow: "therefore ¬P ∨ Q", "so R must be false", and its answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias

from midtrace import Span, View

from ._assertions import Assertion, stands, with_answer
from ._formula_parser import FormulaParser, FormulaToken, NotAFormula, formula_tokens, read_formula
from ._stated_answers import stated_answer
from ._terms import Apply, Constant, Term, variables_of

__all__ = [
    "ClaimedFormulas",
    "FormulaClaim",
    "FormulaClaims",
    "FormulaParser",
    "FormulaToken",
    "NotAFormula",
    "formula_tokens",
    "read_formula",
]

MAX_READINGS = 4
"""Readings of a claim; one with more is left out."""


@dataclass(frozen=True, slots=True)
class FormulaClaim:
    """A formula that is said to follow.

    `span` is where it stands in the generated text and `text` what stands there. `readings` are the ways in which it
    can be read; none where an answer is no formula. `answer` says that the trace ends with it.
    """

    span: Span
    text: str
    readings: tuple[Term, ...]
    answer: bool = False


ClaimedFormulas: TypeAlias = tuple[FormulaClaim, ...]
"""The state that `FormulaClaims` reads: the claims in the order of the text, at most one answer, last."""


@dataclass(frozen=True, slots=True)
class FormulaClaims:
    """Reads what a trace concludes outside suppositions, and the answer that it states last."""

    def extract(self, view: View, /) -> ClaimedFormulas | None:
        """The claims of the view, or None if it makes none. Never raises; time is linear in its length."""
        return with_answer(view, _concluded, _answered(view))


_CONCLUDES = re.compile(
    r"[\s\d.)(*#-]{0,20}(?:therefore|thus|hence|so|consequently|∴|\\therefore"
    r"|(?:this|which)\ (?:means|implies)|we\ (?:can\ |may\ )?(?:conclude|deduce|infer)|it\ follows)"
    r"[\s,:*]{0,8}(?:(?:we\ )?(?:can\ |may\ )?(?:conclude|deduce|infer|have|know|get)\ )?(?:that\ )?",
    re.IGNORECASE | re.VERBOSE,
)
_REASON = re.compile(r"\s(?:because|since|as|from|by|due|given)\b|\s\((?:from|by|since|because)\b", re.IGNORECASE)
_LABEL = re.compile(
    r"(?:(?:the\s+)?(?:final\s+)?(?:conclusion|statement|formula|result)(?:\s+is)?\s*:?\s*|(?:that|both)\s+)",
    re.IGNORECASE,
)
_VALUE = re.compile(
    r"\s*(?:(?:is|are|must\s+be|must\s+both\s+be|has\s+to\s+be|have\s+to\s+be)\s+(?:both\s+|all\s+|also\s+)?|=\s*)"
    r"(true|false)\s*\Z|\s+(?:must\s+)?holds?\s*\Z",
    re.IGNORECASE,
)
_LIST = re.compile(r"\s*,\s*(?:and\s+)?|\s*;\s*|\s+and\s+", re.IGNORECASE)
_SYMBOL = re.compile(r"[A-Z][0-9]?|[p-z]")
_INCONSISTENT = re.compile(
    r"(?:(?:a|the)\s+)?contradiction|(?:the\s+)?premises\s+(?:are\s+(?:inconsistent|contradictory|unsatisfiable)"
    r"|contradict\s+each\s+other)|inconsistent|unsatisfiable",
    re.IGNORECASE,
)
_TAIL = " \t\r\n*.,;:`"


def _concluded(view: View, assertion: Assertion) -> FormulaClaim | None:
    """What a sentence concludes, if that is a formula and nothing else."""
    opening = _CONCLUDES.match(assertion.text)
    if opening is None or not stands(view, assertion):
        return None
    reason = _REASON.search(assertion.text, opening.end())
    text = assertion.text[opening.end() : None if reason is None else reason.start()]
    readings = _readings(text)
    if not _in_symbols(readings) or not any(True for reading in readings for _ in variables_of(reading)):
        return None
    return _claim(view, text, assertion.at + opening.end(), readings)


def _in_symbols(readings: tuple[Term, ...]) -> bool:
    """Whether all names are single letters: a word could be one of prose."""
    return all(_SYMBOL.fullmatch(name) is not None for reading in readings for name in variables_of(reading))


def _answered(view: View) -> FormulaClaim | None:
    found = stated_answer(view)
    if found is None:
        return None
    text = found.text
    if _INCONSISTENT.fullmatch(text.strip(_TAIL)) is not None:
        return _claim(view, text, found.at, (Constant(value=False),), answer=True)
    readings = _readings(text)
    if found.how != "marked" and not readings:
        return None
    if found.how == "last line" and not _in_symbols(readings):
        return None
    return _claim(view, text, found.at, readings, answer=True)


def _claim(view: View, text: str, at: int, readings: tuple[Term, ...], *, answer: bool = False) -> FormulaClaim:
    at += len(text) - len(text.lstrip())
    text = text.strip().rstrip(_TAIL)
    start = view.start + at
    return FormulaClaim(Span(start, start + len(text)), text, readings, answer)


def _readings(text: str) -> tuple[Term, ...]:
    """The ways in which a text is a formula, or several that are all said to hold."""
    text = _bare(text)
    whole = _single(text)
    if whole:
        return whole
    parts = [_single(_bare(part)) for part in _LIST.split(text)[:20]]
    if len(parts) < 2 or not all(parts):
        return ()
    readings = [Apply("and", choice) for choice in _choices(parts)]
    return tuple(readings) if len(readings) <= MAX_READINGS else ()


def _choices(parts: list[tuple[Term, ...]]) -> Iterator[tuple[Term, ...]]:
    for count, choice in enumerate(product(*parts)):
        if count > MAX_READINGS:
            return
        yield choice


def _single(text: str) -> tuple[Term, ...]:
    value = _VALUE.search(text)
    if value is None:
        return read_formula(text)
    readings = read_formula(text[: value.start()])
    if (value.group(1) or "true").lower() == "true":
        return readings
    return tuple(Apply("not", (reading,)) for reading in readings)


def _bare(text: str) -> str:
    text = text.strip(_TAIL + "$").replace("\\text", "").replace("\\mathrm", "")
    label = _LABEL.match(text)
    return text if label is None else text[label.end() :]
