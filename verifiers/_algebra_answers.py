"""Whether a final answer lists the solutions of an equation, or is the value of an expression."""

from __future__ import annotations

from midtrace import Unknown, Violation
from midtrace.extractors.algebra import AlgebraAnswer, AlgebraEquation, Alternatives, Readings, Symbol

from ._algebra_forms import Form, Forms, constant, shown
from ._algebra_polynomials import ONE, Polynomial, difference, evaluated, names_in
from ._algebra_rewriting import is_plain, placed, points
from ._algebra_solutions import agrees, has_value, is_rounding, said, satisfies, solutions
from ._values import Undecidable
from ._wording import exact

MAX_QUOTED = 60


def judged_solutions(claim: AlgebraAnswer, equation: Alternatives, name: str) -> Violation | Unknown | None:
    """None if the answer lists every real solution and nothing else.

    A decimal may be a rounding within one unit of its last digit where the solution has more of them.
    """
    if claim.values is None or not all(has_value(reading) for value in claim.values for reading in value):
        return _unread(claim)
    roots, complete = solutions(equation, name)
    if not complete:
        return _judged_by_trial(claim, claim.values, equation, name)
    hint = " or ".join(f"{name} = {said(root)}" for root in roots) or "there is no real solution"
    missing = list(roots)
    for value in claim.values:
        fitting = [root for root in roots if any(agrees(root, reading, whole=False) for reading in value)]
        if not fitting:
            one = len(claim.values) == 1
            message = f"{_quoted(claim)} is not the solution" if one else f"{_quoted(claim)} lists what is no solution"
            return Violation(message, span=claim.span, hint=hint)
        missing = [root for root in missing if root not in fitting]
    if missing and not claim.whole:
        return Unknown(f"{_quoted(claim)} is a solution; {name} = {said(missing[0])} is one as well")
    if missing:
        return Violation(f"the solution {name} = {said(missing[0])} is missing", span=claim.span, hint=hint)
    return None


def _judged_by_trial(
    claim: AlgebraAnswer, values: tuple[Readings, ...], equation: Alternatives, name: str
) -> Violation | None:
    """Put the values into an equation that may have more solutions than are known."""
    for value in values:
        tried = (AlgebraEquation((Symbol(name),), (reading,)) for reading in value)
        roots = [root for each in tried for root in solutions((each,), name).roots]
        if not any(satisfies(root, equation, name) for root in roots):
            return Violation(f"{_quoted(claim)} lists what is no solution", span=claim.span)
    raise Undecidable


def judged_value(claim: AlgebraAnswer, expression: Readings, *, real: bool) -> Violation | Unknown | None:
    """None if the answer is equal to the expression, and multiplied out if that was left to do."""
    if claim.values is None or len(claim.values) > 1:
        return _unread(claim)
    if not claim.values:
        return Violation("the answer is empty", span=claim.span)
    found: Violation | None = None
    for asked in expression:
        for answer in claim.values[0]:
            forms = Forms(imaginary=not real)
            left, right = forms.reduced(forms.form(asked)), forms.reduced(forms.form(answer))
            apart = difference(*forms.crossed(left, right))
            if not apart or is_rounding(left, right, answer):
                polynomial = constant(Form(left.lower, ONE)) is not None
                if is_plain(answer) or is_plain(asked) or not polynomial or names_in(left.upper) <= {"i"}:
                    return None
                return Unknown(f"{_quoted(claim)} is equal to what was asked, but not multiplied out")
            if forms.atoms:
                raise Undecidable
            found = found or Violation(_apart(claim, left, right, apart), span=claim.span, hint=shown(left))
    return found


def _apart(claim: AlgebraAnswer, left: Form, right: Form, apart: Polynomial) -> str:
    names = sorted((names_in(left.upper) | names_in(left.lower) | names_in(apart)) - {"i"})
    if not names or "i" in names_in(apart):
        return f"{_quoted(claim)} is not the value of what was asked"
    for point in points(names):
        lowers = evaluated(left.lower, point), evaluated(right.lower, point)
        if all(lowers) and evaluated(apart, point):
            due, given = evaluated(left.upper, point) / lowers[0], evaluated(right.upper, point) / lowers[1]
            return f"at {placed(point)} the expression is {exact(due)}, the answer {exact(given)}"
    raise Undecidable


def _unread(claim: AlgebraAnswer) -> Unknown:
    return Unknown(f"the answer {_quoted(claim)} cannot be read", "unparsed")


def _quoted(claim: AlgebraAnswer) -> str:
    text = " ".join(claim.text.split())
    return text if len(text) <= MAX_QUOTED else f"{text[:MAX_QUOTED]}..."
