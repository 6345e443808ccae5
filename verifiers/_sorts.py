"""Which sort every term has: names resolved, mistakes told before anything is solved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias, assert_never

from midtrace.extractors import Apply, Boolean, Choice, Constant, Integer, Real, Sort, Term, TermError, Variable

Kind: TypeAlias = Literal["truth", "number"] | tuple[str, ...]
"""What a term's values are: truth values, numbers, or the names of a choice."""


def resolved(term: Term, sorts: Mapping[str, Sort]) -> Term:
    """The same truth-valued term, with each bare name that is no variable read as a choice's value.

    Raises `TermError` for an unknown name or an operator on what it does not apply to.
    """
    found, kind = _resolve(term, sorts, None)
    if kind != "truth":
        raise TermError("expected something that is true or false, such as a comparison")
    return found


def _resolve(term: Term, sorts: Mapping[str, Sort], hoped: Kind | None) -> tuple[Term, Kind]:
    match term:
        case Constant(value):
            if isinstance(value, str):
                return term, _choice_with(value, sorts, hoped)
            return term, "truth" if isinstance(value, bool) else "number"
        case Variable(name):
            sort = sorts.get(name)
            if sort is None:
                return Constant(name), _choice_with(name, sorts, hoped)
            return term, _kind(sort)
        case Apply():
            return _applied(term, sorts)
        case _:
            assert_never(term)


def _kind(sort: Sort) -> Kind:
    match sort:
        case Boolean():
            return "truth"
        case Integer() | Real():
            return "number"
        case Choice(values):
            return values
        case _:
            assert_never(sort)


def _choice_with(name: str, sorts: Mapping[str, Sort], hoped: Kind | None) -> Kind:
    """The choice that a value belongs to: the one beside it, else the only one that has it."""
    if isinstance(hoped, tuple):
        if name in hoped:
            return hoped
        raise TermError(f"{name!r} is none of {', '.join(hoped)}")
    choices = {sort.values for sort in sorts.values() if isinstance(sort, Choice) and name in sort.values}
    if len(choices) == 1:
        return choices.pop()
    if choices:
        return (name,)
    raise TermError(f"{name!r} is neither a variable nor a value of one; variables are {', '.join(sorts) or 'none'}")


def _applied(term: Apply, sorts: Mapping[str, Sort]) -> tuple[Term, Kind]:
    operator = term.operator
    match operator:
        case "+" | "-" | "*" | "/" | "neg" | "abs":
            return Apply(operator, _all(term, sorts, "number")), "number"
        case "<" | "<=" | ">" | ">=":
            return Apply(operator, _all(term, sorts, "number")), "truth"
        case "not" | "and" | "or" | "implies" | "iff":
            return Apply(operator, _all(term, sorts, "truth")), "truth"
        case "count":
            return Apply(operator, _all(term, sorts, "truth")), "number"
        case "==" | "!=" | "distinct":
            arguments, _ = _alike(term.arguments, sorts, operator)
            return Apply(operator, arguments), "truth"
        case "if":
            condition, kind = _resolve(term.arguments[0], sorts, "truth")
            if kind != "truth":
                raise TermError("if: expected a condition first")
            branches, kind = _alike(term.arguments[1:], sorts, operator)
            return Apply(operator, (condition, *branches)), kind
        case _:
            assert_never(operator)


def _all(term: Apply, sorts: Mapping[str, Sort], wanted: Literal["truth", "number"]) -> tuple[Term, ...]:
    arguments: list[Term] = []
    for argument in term.arguments:
        found, kind = _resolve(argument, sorts, wanted)
        if kind != wanted:
            what = "numbers" if wanted == "number" else "what is true or false"
            raise TermError(f"{term.operator!r} applies to {what} only")
        arguments.append(found)
    return tuple(arguments)


def _alike(terms: Sequence[Term], sorts: Mapping[str, Sort], operator: str) -> tuple[tuple[Term, ...], Kind]:
    """Terms that are compared with each other: all of one kind, which the clear ones give to the others."""
    clear: Kind | None = None
    for term in terms:
        if not isinstance(term, Constant | Variable) or (isinstance(term, Variable) and term.name in sorts):
            clear = _resolve(term, sorts, None)[1]
            break
    arguments: list[Term] = []
    for term in terms:
        found, kind = _resolve(term, sorts, clear)
        if clear is None:
            clear = kind
        elif kind != clear:
            shared = isinstance(kind, tuple) and isinstance(clear, tuple) and set(kind) & set(clear)
            if not shared:
                raise TermError(f"{operator!r}: {_named(clear)} cannot be compared with {_named(kind)}")
        arguments.append(found)
    assert clear is not None
    return tuple(arguments), clear


def _named(kind: Kind) -> str:
    if isinstance(kind, tuple):
        return f"one of {', '.join(kind)}"
    return "a number" if kind == "number" else "what is true or false"
