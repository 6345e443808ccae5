"""Terms as z3 formulas, in one of two ways: one boolean a value of each variable, or numbers.

The first is several times as fast and has no long tail, and can be used where all variables have few values and no
comparison involves many at a time.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any, Protocol, TypeAlias, assert_never

import z3

from midtrace.extractors import (
    Apply,
    Boolean,
    Choice,
    Constant,
    Integer,
    Real,
    Sort,
    Term,
    Value,
    Variable,
    variables_of,
)

from ._answers import Unencodable
from ._evaluation import Undefined, evaluate

MAX_VALUES = 64
"""Values of a variable that gets a boolean for each."""

MAX_CASES = 4096
"""Combinations of values that one comparison may have to be spelt out."""

Formula: TypeAlias = Any  # z3 ships no types


class Encoding(Protocol):
    """Makes formulas in one context; `domains` say what values the variables have, and `solver` makes a solver."""

    context: Any
    domains: list[Formula]

    def solver(self) -> Any:  # noqa: ANN401
        """A solver that suits the formulas, empty."""
        ...

    def formula(self, term: Term, /) -> Formula:
        """A truth-valued term. Raises `Unencodable`."""
        ...

    def value(self, model: Any, name: str, /) -> Value | None:  # noqa: ANN401
        """What a variable is in a model; None where that is no rational number."""
        ...


def encode(sorts: Mapping[str, Sort], terms: Iterable[Term]) -> Encoding:
    """The better way for these variables and terms."""
    try:
        booleans = Booleans(sorts)
        for term in terms:
            booleans.formula(term)
    except Unencodable:
        return Numbers(sorts)
    return booleans


def values_of(sort: Sort) -> tuple[Value, ...]:
    """All values of a sort. Raises `Unencodable` where there are too many to list."""
    match sort:
        case Boolean():
            return (False, True)
        case Choice(values):
            found: tuple[Value, ...] = values
        case Integer(int(low), int(high)) if high - low < MAX_VALUES:
            found = tuple(Fraction(each) for each in range(low, high + 1))
        case Integer() | Real():
            raise Unencodable
        case _:
            assert_never(sort)
    if len(found) > MAX_VALUES:
        raise Unencodable
    return found


class Booleans:
    """One boolean for each value of each variable. Formulas are made once a term."""

    def __init__(self, sorts: Mapping[str, Sort]) -> None:
        self.context = z3.Context()
        self._values = {name: values_of(sort) for name, sort in sorts.items()}
        self._literals: dict[tuple[str, Value], Formula] = {}
        self._made: dict[Term, Formula] = {}
        self.domains: list[Formula] = []
        for index, (name, values) in enumerate(self._values.items()):
            if isinstance(sorts[name], Boolean):
                literal = z3.Bool(f"v{index}", self.context)
                self._literals[name, True] = literal
                self._literals[name, False] = z3.Not(literal)
                continue
            literals = [z3.Bool(f"v{index}.{number}", self.context) for number in range(len(values))]
            self._literals.update({(name, value): literal for value, literal in zip(values, literals, strict=True)})
            self.domains.append(_exactly(literals, 1))

    def solver(self) -> Any:  # noqa: ANN401
        return z3.SolverFor("QF_FD", ctx=self.context)

    def formula(self, term: Term, /) -> Formula:
        found = self._made.get(term)
        if found is None:
            found = self._formula(term)
            if len(self._made) < MAX_CASES:  # what claims bring does not end
                self._made[term] = found
        return found

    def value(self, model: Any, name: str, /) -> Value | None:  # noqa: ANN401
        for value in self._values[name]:
            if z3.is_true(model.eval(self._literals[name, value], model_completion=True)):
                return value
        return None

    def _formula(self, term: Term) -> Formula:
        match term:
            case Constant(value):
                return z3.BoolVal(bool(value), self.context)
            case Variable(name):
                return self._literals[name, True]
            case Apply("not", (inner,)):
                return z3.Not(self.formula(inner))
            case Apply("and", arguments):
                return z3.And([self.formula(each) for each in arguments])
            case Apply("or", arguments):
                return z3.Or([self.formula(each) for each in arguments])
            case Apply("implies", (left, right)):
                return z3.Implies(self.formula(left), self.formula(right))
            case Apply("iff", (left, right)):
                return self.formula(left) == self.formula(right)
            case Apply("==", (Variable(name), Constant(value))) | Apply("==", (Constant(value), Variable(name))):
                literal = self._literals.get((name, value))
                return z3.BoolVal(False, self.context) if literal is None else literal  # noqa: FBT003
            case Apply("distinct", arguments) if all(isinstance(each, Variable) for each in arguments):
                return self._distinct([each.name for each in arguments if isinstance(each, Variable)])
            case Apply("==" | "!=" | "<" | "<=" | ">" | ">=" as operator, (Apply("count", counted), Constant(value))):
                return _counted([self.formula(each) for each in counted], operator, Fraction(value))
            case Apply():
                return self._spelt_out(term)
            case _:
                assert_never(term)

    def _distinct(self, names: Sequence[str]) -> Formula:
        values = dict.fromkeys(value for name in names for value in self._values[name])
        full = len(values) == len(names)
        rows = [[self._literals[name, value] for name in names if (name, value) in self._literals] for value in values]
        # Where there are as many values as variables, each value is used: saying so helps the solver much.
        return z3.And([_exactly(row, 1) if full else z3.AtMost(*row, 1) for row in rows])

    def _spelt_out(self, term: Apply) -> Formula:
        """A comparison as the list of what it excludes, or of what it admits."""
        names = list(dict.fromkeys(variables_of(term)))
        choices = [self._values[name] for name in names]
        if math.prod(len(each) for each in choices) > MAX_CASES:
            raise Unencodable
        good: list[tuple[Value, ...]] = []
        bad: list[tuple[Value, ...]] = []
        for case in itertools.product(*choices):
            try:
                held = evaluate(term, dict(zip(names, case, strict=True)))
            except Undefined:
                raise Unencodable from None
            (good if held else bad).append(case)
        if not names:
            return z3.BoolVal(bool(good), self.context)
        if len(good) < len(bad):
            return z3.Or([self._case(names, case) for case in good] + [z3.BoolVal(False, self.context)])  # noqa: FBT003
        return z3.And([z3.Not(self._case(names, case)) for case in bad] + [z3.BoolVal(True, self.context)])  # noqa: FBT003

    def _case(self, names: Sequence[str], case: Sequence[Value]) -> Formula:
        return z3.And([self._literals[name, value] for name, value in zip(names, case, strict=True)])


class Numbers:
    """Numbers as numbers; a choice's values are numbered."""

    def __init__(self, sorts: Mapping[str, Sort]) -> None:
        self.context = z3.Context()
        self._sorts = dict(sorts)
        self._symbols: dict[str, Formula] = {}
        self.domains: list[Formula] = []
        self._codes = {
            name: code
            for code, name in enumerate(
                dict.fromkeys(value for sort in sorts.values() if isinstance(sort, Choice) for value in sort.values)
            )
        }
        for index, (name, sort) in enumerate(sorts.items()):
            self._symbols[name] = self._symbol(f"v{index}", sort)

    def solver(self) -> Any:  # noqa: ANN401
        return z3.SimpleSolver(ctx=self.context)

    def formula(self, term: Term, /) -> Formula:
        match term:
            case Constant(bool(value)):
                return z3.BoolVal(value, self.context)
            case Constant(str(value)):
                return z3.IntVal(self._codes.get(value, -1), self.context)
            case Constant(value):
                number = Fraction(value)
                if number.denominator == 1:
                    return z3.IntVal(number.numerator, self.context)
                return z3.Q(number.numerator, number.denominator, self.context)
            case Variable(name):
                return self._symbols[name]
            case Apply(operator, arguments):
                return _OPERATIONS[operator]([self.formula(each) for each in arguments])
            case _:
                assert_never(term)

    def value(self, model: Any, name: str, /) -> Value | None:  # noqa: ANN401
        found = model.eval(self._symbols[name], model_completion=True)
        match self._sorts[name]:
            case Boolean():
                return bool(z3.is_true(found))
            case Choice(values):
                return next((value for value in values if self._codes[value] == found.as_long()), None)
            case Integer() | Real():
                if z3.is_int_value(found) or z3.is_rational_value(found):
                    return Fraction(found.as_string())
                return None

    def _symbol(self, name: str, sort: Sort) -> Formula:
        match sort:
            case Boolean():
                return z3.Bool(name, self.context)
            case Choice(values):
                symbol = z3.Int(name, self.context)
                self.domains.append(z3.Or([symbol == self._codes[value] for value in values]))
                return symbol
            case Integer(low, high) | Real(low, high):
                symbol = (z3.Int if isinstance(sort, Integer) else z3.Real)(name, self.context)
                for bound, above in ((low, True), (high, False)):
                    if bound is not None:
                        limit = self.formula(Constant(Fraction(bound)))
                        self.domains.append(symbol >= limit if above else symbol <= limit)
                return symbol
            case _:
                assert_never(sort)


def _exactly(literals: Sequence[Formula], count: int) -> Formula:
    return z3.PbEq([(literal, 1) for literal in literals], count)


def _counted(literals: Sequence[Formula], operator: str, value: Fraction) -> Formula:
    context = literals[0].ctx
    weighted = [(literal, 1) for literal in literals]
    whole = value.denominator == 1
    match operator:
        case "==":
            return z3.PbEq(weighted, int(value)) if whole else z3.BoolVal(False, context)  # noqa: FBT003
        case "!=":
            return z3.Not(_counted(literals, "==", value))
        case "<" | "<=":
            most = math.floor(value) if operator == "<=" else math.ceil(value) - 1
            return z3.PbLe(weighted, most) if most >= 0 else z3.BoolVal(False, context)  # noqa: FBT003
        case _:
            least = math.ceil(value) if operator == ">=" else math.floor(value) + 1
            return z3.PbGe(weighted, least) if least > 0 else z3.BoolVal(True, context)  # noqa: FBT003


def _quotient(left: Formula, right: Formula) -> Formula:
    # Between whole numbers z3 would divide without remainder, and by zero it would take any value.
    if not z3.is_int_value(right) and not z3.is_rational_value(right):
        raise Unencodable
    if z3.is_int(left):
        left = z3.ToReal(left)
    return left / (z3.ToReal(right) if z3.is_int(right) else right)


_OPERATIONS: dict[str, Callable[[list[Formula]], Formula]] = {
    "+": lambda parts: parts[0] + parts[1],
    "-": lambda parts: parts[0] - parts[1],
    "*": lambda parts: parts[0] * parts[1],
    "/": lambda parts: _quotient(parts[0], parts[1]),
    "neg": lambda parts: -parts[0],
    "abs": lambda parts: z3.If(parts[0] >= 0, parts[0], -parts[0]),
    "==": lambda parts: parts[0] == parts[1],
    "!=": lambda parts: parts[0] != parts[1],
    "<": lambda parts: parts[0] < parts[1],
    "<=": lambda parts: parts[0] <= parts[1],
    ">": lambda parts: parts[0] > parts[1],
    ">=": lambda parts: parts[0] >= parts[1],
    "not": lambda parts: z3.Not(parts[0]),
    "and": z3.And,
    "or": z3.Or,
    "implies": lambda parts: z3.Implies(parts[0], parts[1]),
    "iff": lambda parts: parts[0] == parts[1],
    "distinct": z3.Distinct,
    "count": lambda parts: z3.Sum([z3.If(part, 1, 0) for part in parts]),
    "if": lambda parts: z3.If(parts[0], parts[1], parts[2]),
}
