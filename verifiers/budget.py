"""Budgets: amounts of money or anything else, what each may be, and what they may come to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from midtrace import UsageError, Verdict
from midtrace.extractors import Apply, Assignments, Claims, Constant, Real, Sort, Term, Variable

from .constraints import Constraints
from .symbols import Number, Symbolic, exact


@dataclass(frozen=True, slots=True)
class Budget:
    """Amounts that must stay within a limit; claimed amounts are wrong if no allowed allocation has them.

    Args:
        items: What is spent on.
        limit: What all items together may come to.
        fixed: Amounts that are given, by item.
        least: The least that goes to an item. Default: 0.
        most: The most that goes to an item.
        rules: Further constraints by name, as for `Constraints`: `"food >= 2 * fun"`.
        total: What the sum of all items is called in texts.

    Raises `UsageError` for items that are none and for rules that are none.
    """

    items: Sequence[str]
    limit: Number
    fixed: Mapping[str, Number] = field(default_factory=dict)
    least: Mapping[str, Number] = field(default_factory=dict)
    most: Mapping[str, Number] = field(default_factory=dict)
    rules: Mapping[str, str | Term | Symbolic] = field(default_factory=dict)
    total: str = "total"
    _constraints: Constraints = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name in (*self.fixed, *self.least, *self.most):
            if name not in self.items:
                raise UsageError(f"Budget: {name!r}: expected one of {', '.join(self.items)}")
        if not self.items or self.total in self.items:
            raise UsageError(f"Budget(items={list(self.items)!r}): expected items, and none called {self.total!r}")
        sorts: dict[str, Sort] = {name: Real(exact(self.least.get(name, 0))) for name in self.items}
        sorts[self.total] = Real()
        rules = {**dict(self._given()), **self.rules}
        object.__setattr__(self, "_constraints", Constraints(sorts, rules))

    def __hash__(self) -> int:
        return hash(self._constraints)

    @property
    def claims(self) -> Assignments:
        """What reads amounts from text."""
        return self._constraints.claims

    def check(self, state: Claims, /) -> Verdict:
        """All amounts together; `Unknown` if the rules allow no allocation at all."""
        return self._constraints.check(state)

    def _given(self) -> Iterator[tuple[str, Term]]:
        total: Term = Variable(self.items[0])
        for name in self.items[1:]:
            total = Apply("+", (total, Variable(name)))
        yield "the sum", Apply("==", (Variable(self.total), total))
        yield "the limit", Apply("<=", (Variable(self.total), Constant(exact(self.limit))))
        for name, amount in self.fixed.items():
            yield f"{name} is given", Apply("==", (Variable(name), Constant(exact(amount))))
        for name, amount in self.most.items():
            yield f"the most for {name}", Apply("<=", (Variable(name), Constant(exact(amount))))
