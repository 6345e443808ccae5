"""What premises say of a formula of propositional logic: by truth table, or by a solver where that is too large."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Literal, TypeAlias

from midtrace.extractors import Apply, Boolean, Constant, Term, Variable, variables_of

from ._answers import Undecided

Standing: TypeAlias = Literal["entailed", "contradicted", "open", "inconsistent", "undecided"]
"""It holds, or fails, wherever the premises hold; it may do either; the premises never hold; the solver gave up."""

MAX_TABLE = 16
"""Variables up to which a truth table is used: 65,536 rows, each a bit of one number."""

MAX_VARIABLES = 400
"""Variables beyond which nothing is decided."""


def standing(premises: Sequence[Term], claim: Term) -> Standing:
    """What the premises say of the claim. Raises `ValueError` for a term that is no formula of propositional logic."""
    return standings(premises, (claim,))[0]


def standings(premises: Sequence[Term], claims: Sequence[Term]) -> list[Standing]:
    """What the premises say of each of the claims by itself; as `standing`."""
    names = sorted({name for term in (*premises, *claims) for name in variables_of(term)})
    if len(names) > MAX_VARIABLES:
        return ["undecided"] * len(claims)
    if len(names) > MAX_TABLE:
        return _solved(names, premises, claims)
    full, rows = _rows(len(names))
    columns = dict(zip(names, rows, strict=True))
    possible = full
    for premise in premises:
        possible &= truth(premise, columns, full)
    return [_tabled(possible, truth(claim, columns, full)) for claim in claims]


def _tabled(possible: int, holds: int) -> Standing:
    if not possible:
        return "inconsistent"
    if not possible & ~holds:
        return "entailed"
    return "open" if possible & holds else "contradicted"


def truth(term: Term, columns: Mapping[str, int], full: int) -> int:
    """The rows in which a formula holds, as bits; `columns` has those of its variables, `full` is all rows.

    Raises `ValueError` for a term that is no formula of propositional logic.
    """
    match term:
        case Constant(bool(value)):
            return full if value else 0
        case Variable(name):
            return columns[name]
        case Apply(operator, arguments):
            found = [truth(argument, columns, full) for argument in arguments]
            match operator, found:
                case "not", [operand]:
                    return full ^ operand
                case "implies", [left, right]:
                    return (full ^ left) | right
                case "iff", [left, right]:
                    return full ^ left ^ right
                case "and", _:
                    return _all(found, full)
                case "or", _:
                    return full ^ _all([full ^ each for each in found], full)
    raise ValueError(f"expected a formula of propositional logic, got {type(term).__name__}")


def _all(found: Sequence[int], full: int) -> int:
    for each in found:
        full &= each
    return full


@lru_cache(maxsize=MAX_TABLE + 1)
def _rows(count: int) -> tuple[int, tuple[int, ...]]:
    """All rows of a truth table as bits, and those in which each of `count` variables is true."""
    size = 1 << count
    full = (1 << size) - 1
    # Variable n is false in 2^n rows, true in as many, and so on: a geometric series of that pattern.
    return full, tuple(full // ((1 << (1 << n)) + 1) << (1 << n) for n in range(count))


def _solved(names: Sequence[str], premises: Sequence[Term], claims: Sequence[Term]) -> list[Standing]:
    from ._solving import Session  # noqa: PLC0415  (a solver is loaded only where one is needed)

    session = Session(dict.fromkeys(names, Boolean()), {str(n): premise for n, premise in enumerate(premises)})
    found: list[Standing] = []
    for claim in claims:
        try:
            found.append(session.answer(claim) if session.possible() else "inconsistent")
        except Undecided:
            found.append("undecided")
    return found
