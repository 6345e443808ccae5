"""Equations in a line of tokens: a computation, an equals sign, and a result that is a single literal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ._clauses import Side, ends_clean, side_after, side_before, starts_clean, words_after
from ._expressions import Binary, Expression, Group, Number, Quantity, bare, computes, is_result, subexpressions
from ._parser import parse
from ._tokens import Kind, Token
from ._units import comparable


class Equation(NamedTuple):
    """Where an equation stands in the tokens, how its left side can be read, and what it says comes out.

    `linked` says that the equation goes on a chain `a = b = c`.
    """

    left: Side
    right: Side
    readings: tuple[Expression, ...]
    result: Expression
    linked: bool


def equations(tokens: Sequence[Token], *, dashed: bool) -> Iterator[Equation]:
    """The equations in the tokens, by their relations. `dashed`: a dash, perhaps a sign, was taken off as a bullet."""
    for at, token in enumerate(tokens):
        if token.kind is Kind.EQUALS:
            found = _equation(tokens, at, dashed=dashed) or _share(tokens, at)
        elif token.kind is Kind.WORD and token.text in {"is", "equals"}:
            found = _share(tokens, at)
        else:
            continue
        if found is not None:
            yield found


def _equation(tokens: Sequence[Token], at: int, *, dashed: bool) -> Equation | None:
    left = side_before(tokens, at)
    if left is None or not starts_clean(tokens, left):
        return None
    right = _result(tokens, at)
    computation = parse(tokens[left.first : left.last])
    if right is None or computation is None or not computes(computation):
        return None
    side, result = right
    if side.last < len(tokens) and tokens[side.last].kind is Kind.EQUALS and _goes_on(tokens[side.first : side.last]):
        return None
    if not comparable(computation, result, words_after(tokens, side.last)) or _restates(computation, result):
        return None
    others = [computation, *_readings(tokens, left, dashed=dashed and left.first == 0)]
    before = tokens[left.first - 1] if left.first else None
    linked = before is not None and before.kind is Kind.EQUALS
    return Equation(left, side, tuple(others), result, linked)


def _goes_on(result: Sequence[Token]) -> bool:
    """Whether `5928 / 56` in `104 * 57 = 5928 / 56 = ...` continues the computation rather than states a fraction."""
    return any(token.text == "/" and not token.tight for token in result)


def _share(tokens: Sequence[Token], at: int) -> Equation | None:
    """`5% of 200 = 10` and `3/4 of 20 is 15`, nothing looser."""
    whole = side_before(tokens, at)
    if whole is None or whole.first < 2 or tokens[whole.first - 1].text != "of":
        return None
    part = side_before(tokens, whole.first - 1)
    right = _result(tokens, at, strict=tokens[at].kind is Kind.WORD)
    if part is None or right is None or not starts_clean(tokens, part):
        return None
    share, amount = parse(tokens[part.first : part.last]), parse(tokens[whole.first : whole.last])
    if share is None or amount is None or not _is_share(share) or not isinstance(bare(amount), Number):
        return None
    left = Binary("*", share, amount)
    if not comparable(left, right[1], words_after(tokens, right[0].last)):
        return None
    return Equation(Side(part.first, whole.last), right[0], (left,), right[1], linked=False)


def _is_share(expression: Expression) -> bool:
    node = bare(expression)
    if isinstance(node, Binary):
        return is_result(node) and node.operator == "/"
    return node is not expression and isinstance(node, Number) and not isinstance(expression, Quantity | Group)


def _result(tokens: Sequence[Token], at: int, *, strict: bool = False) -> tuple[Side, Expression] | None:
    """The single literal behind the relation at `at`, without the box around it."""
    boxed = [token.text for token in tokens[at + 1 : at + 3]] == ["boxed", "{"]
    side = side_after(tokens, at + 2 if boxed else at)
    if side is None:
        return None
    result = parse(tokens[side.first : side.last])
    if result is None or not is_result(result):
        return None
    last = side.last + 1 if boxed else side.last
    if boxed and (last > len(tokens) or tokens[side.last].text != "}"):
        return None
    end = Side(side.first, last)
    if not ends_clean(tokens, end):
        return None
    if strict and {"more", "less", "times", "fewer", "greater", "larger", "smaller", "of", "than"} & set(
        words_after(tokens, last)
    ):
        return None
    return end, result


def _restates(computation: Expression, result: Expression) -> bool:
    """Whether a lone fraction is named rather than computed: `1/4 container = 15 pints`, `1/3 = 10 students`."""
    if not is_result(computation):
        return False
    if any(isinstance(part, Quantity) for part in subexpressions(computation)):
        return True
    node = bare(computation)
    match node:
        case Binary("/", left, right, _):
            upper, lower = bare(left), bare(right)
            proper = isinstance(upper, Number) and isinstance(lower, Number) and upper.value < lower.value
            literal = bare(result)
            return proper and isinstance(literal, Number) and not literal.decimals and literal is result
        case _:
            return False


def _readings(tokens: Sequence[Token], side: Side, *, dashed: bool) -> Iterator[Expression]:
    """Other ways to read the computation: by its spacing, behind a dash, with a bullet as a sign."""
    span = list(tokens[side.first : side.last])
    operators = [token for token in span[1:] if token.kind is Kind.OPERATOR]
    if len({token.tight for token in operators}) > 1:
        grouped = parse(_by_spacing(span))
        if grouped is not None:
            yield grouped
    if len(operators) > 1 and len(span) > 3 and span[1].text == "-" and not span[1].tight and not span[2].tight:
        rest = parse(span[2:])
        if rest is not None and computes(rest):
            yield rest
    if dashed:
        negative = parse([Token(Kind.OPERATOR, "-", span[0].start, span[0].start, tight=True), *span])
        if negative is not None:
            yield negative


def _by_spacing(tokens: Sequence[Token]) -> list[Token]:
    """The tokens with brackets around every run that is written without spaces: `1/2 / 3/4`."""
    grouped: list[Token] = []
    run: list[Token] = []
    for token in (*tokens, None):
        if run and (token is None or not token.tight):
            closed = sum(t.kind is Kind.OPEN for t in run) == sum(t.kind is Kind.CLOSE for t in run)
            if len(run) > 2 and closed and run[0].kind is not Kind.OPERATOR and run[-1].kind is not Kind.OPERATOR:
                run = [run[0]._replace(kind=Kind.OPEN, text="("), *run, run[-1]._replace(kind=Kind.CLOSE, text=")")]
            grouped += run
            run = []
        if token is not None:
            run.append(token)
    return grouped
