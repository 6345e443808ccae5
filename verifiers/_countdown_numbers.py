"""The numbers of a puzzle and what is made of them: each with its exact value and the one that the text wrote."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import islice, product
from typing import Literal, NamedTuple, TypeAlias, assert_never

from midtrace.extractors import Binary, Expression, Group, Mixed, Negative, Number, Percent, Quantity, Root
from midtrace.extractors.countdown import WrittenNumber

from ._wording import exact as shown

MAX_FORMS = 9
"""Readings of one expression; with more of them only the plain one counts."""


class Item(NamedTuple):
    """A number that is there: 10/3, written as 3.33."""

    exact: Fraction
    written: Fraction


Pool: TypeAlias = tuple[Item, ...]
Leaves: TypeAlias = tuple[WrittenNumber, ...]


class Fault(Exception):  # noqa: N818  (control flow inside this package, not an error)
    """What is wrong with an expression or a step, as a predicate: `uses 5`.

    `stage` counts what was right before it. `outcome` is what the step really makes and the numbers left beside it,
    where that is what the text got wrong. The message is put together only when it is asked for: most faults are
    forgotten, since another reading is right.
    """

    def __init__(
        self, form: str, *parts: Fraction | Pool, stage: int = 0, outcome: tuple[Item, Pool] | None = None
    ) -> None:
        super().__init__(form)
        self.form = form
        self.parts = parts
        self.stage = stage
        self.outcome = outcome

    @property
    def message(self) -> str:
        """The predicate in words."""
        return self.form.format(*(listed(part) if isinstance(part, tuple) else shown(part) for part in self.parts))


def foreign(operation: str) -> Fault:
    """What is said of an operation that is not one of the four."""
    return Fault(f"uses {operation}, which is not allowed", stage=1)


def named(numbers: Iterable[WrittenNumber]) -> Pool:
    """Numbers of which nothing is known but how they are written."""
    return tuple(Item(number.value, number.value) for number in numbers)


def given(numbers: Iterable[int]) -> Pool:
    """The numbers of the problem."""
    return tuple(Item(Fraction(number), Fraction(number)) for number in sorted(numbers))


def listed(pool: Pool) -> str:
    """The numbers as a text shows them."""
    return " ".join(shown(item.written) for item in pool)


def stands_for(number: WrittenNumber, value: Fraction) -> bool:
    """Whether the number is the value, rounded or cut off: 3.33 and 3.34 stand for 10/3, 3.76 not for 15/4."""
    if number.value == value:
        return True
    if not number.decimals and not number.about:
        return False
    grain = Fraction(1, 10**number.decimals)
    return abs(value - number.value) < grain and (value / grain).denominator != 1


def taken(pool: Pool, leaves: Leaves) -> tuple[list[Item], Pool]:
    """The items that the leaves name, and those that are left. Raises `Fault` for a leaf that is not there."""
    rest = list(pool)
    items: list[Item] = []
    for leaf in leaves:
        item = _named(leaf, rest)
        if item is None:
            often = any(leaf.value in each for each in pool)
            how = " more often than it is" if often else ", which is not"
            raise Fault(f"uses {{}}{how} among {{}}", leaf.value, pool)
        rest.remove(item)
        items.append(_negative(item) if leaf.value < 0 < item.exact else item)
    return items, tuple(rest)


def _named(leaf: WrittenNumber, items: Sequence[Item]) -> Item | None:
    for item in items:
        if leaf.value in item:
            return item
    for item in items:
        if stands_for(leaf, item.exact):
            return item
    if leaf.value < 0:  # -3 + 8, of a 3 and an 8
        return _named(WrittenNumber(-leaf.value, leaf.decimals, leaf.about), [item for item in items if item.exact > 0])
    return None


def _negative(item: Item) -> Item:
    return Item(-item.exact, -item.written)


def literal(expression: Expression) -> WrittenNumber | None:
    """The number that an expression is, sign, brackets and fraction included; None if it computes."""
    match expression:
        case Number(value, decimals):
            return WrittenNumber(value, decimals)
        case Group(inner):
            return literal(inner)
        case Negative(operand):
            number = literal(operand)
            return None if number is None else WrittenNumber(-number.value, number.decimals)
        case Binary("/", left, right, _):
            upper, lower = literal(left), literal(right)
            if upper is None or lower is None or not lower.value:
                return None
            whole = upper.value.denominator == lower.value.denominator == 1 and not upper.decimals + lower.decimals
            return WrittenNumber(upper.value / lower.value) if whole else None
        case _:
            return None


def forms(expression: Expression) -> list[Expression]:
    """The expression, and what it is if fractions in it, such as `(4/3)`, are numbers rather than operations."""
    found = list(islice(_forms(expression), MAX_FORMS))
    return found[:1] if len(found) == MAX_FORMS else found


def _forms(node: Expression) -> Iterator[Expression]:
    match node:
        case Binary(operator, left, right, implied):
            for one, other in product(forms(left), forms(right)):
                yield Binary(operator, one, other, implied)
        case Group(inner):
            yield from (Group(form) for form in forms(inner))
            number = literal(node)
            if number is not None and isinstance(inner, Binary):
                yield Number(number.value)
        case Negative(operand):
            yield from (Negative(form) for form in forms(operand))
        case Number() | Mixed() | Percent() | Quantity() | Root():
            yield node


def leaves(node: Expression) -> Leaves:
    """The numbers that an expression uses, in the order in which it is read."""
    match node:
        case Number(value, decimals):
            return (WrittenNumber(value, decimals),)
        case Negative(Number(value, decimals)):
            return (WrittenNumber(-value, decimals),)
        case Binary(_, left, right, _) | Mixed(left, right):
            return leaves(left) + leaves(right)
        case Group(inner) | Negative(inner) | Percent(inner) | Quantity(inner, _) | Root(inner):
            return leaves(inner)
        case _:
            assert_never(node)


def evaluated(node: Expression, numbers: Iterator[Fraction], *, bound: bool = False) -> Fraction:
    """The exact value with `numbers` in the place of its leaves.

    `bound` reads products without a sign the other way: `24/2(3)` as 24/(2 * 3), `2 1/3` as a sum. Raises `Fault` for a
    division by zero and for any operation that is not one of the four.
    """
    match node:
        case Number() | Negative(Number()):
            return next(numbers)
        case Group(inner):
            return evaluated(inner, numbers, bound=bound)
        case Negative(operand):
            return -evaluated(operand, numbers, bound=bound)
        case Binary("*", Binary("/", upper, lower, _), factor, True) if bound:
            over = evaluated(upper, numbers, bound=True)
            return _quotient(over, evaluated(lower, numbers, bound=True) * evaluated(factor, numbers, bound=True))
        case Binary(operator, left, right, _):
            return _result(operator, evaluated(left, numbers, bound=bound), evaluated(right, numbers, bound=bound))
        case Mixed(whole, part):
            one, other = evaluated(whole, numbers, bound=bound), evaluated(part, numbers, bound=bound)
            return one + other if bound else one * other
        case Percent() | Quantity():
            raise foreign("%")
        case Root():
            raise foreign("a root")
        case _:
            assert_never(node)


def _result(operator: Literal["+", "-", "*", "/", "^"], left: Fraction, right: Fraction) -> Fraction:
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            return _quotient(left, right)
        case "^":
            raise foreign("a power")
        case _:
            assert_never(operator)


def _quotient(upper: Fraction, lower: Fraction) -> Fraction:
    if not lower:
        raise Fault("divides by zero", stage=1)
    return upper / lower
