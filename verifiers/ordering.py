"""Fixed orders: a claim is wrong if no order that fits the statements agrees with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self, assert_never

from midtrace import Pass, Span, Unknown, UsageError, Verdict, Violation
from midtrace.extractors.ordering import (
    MAX_OBJECTS,
    Before,
    ClaimedOrder,
    Fact,
    OrderClaim,
    Placed,
    StatedAnswer,
    Statement,
    chosen,
    order_problem,
)

from ._findings import in_text_order, together
from ._ordering_search import Orders, OutOfSteps, opposite


@dataclass(frozen=True, slots=True)
class Ordering:
    """Checks claims about an order against every order that fits the statements.

    Args:
        objects: What stands in the order.
        statements: What the problem says of it.
        options: Letters of the answers to choose from, and what each says.
        reveal: Hints may name the right answer. Otherwise they name the statements that speak against a claim.

    Raises `UsageError` for too many objects and for facts about others.
    """

    objects: tuple[str, ...]
    statements: tuple[Statement, ...]
    options: tuple[tuple[str, Statement], ...] = ()
    reveal: bool = False

    def __post_init__(self) -> None:
        if len(set(self.objects)) != len(self.objects) or not 0 < len(self.objects) <= MAX_OBJECTS:
            raise UsageError(f"Ordering(objects={self.objects!r}): expected 1 to {MAX_OBJECTS} different names")
        for each in (*self.statements, *(statement for _, statement in self.options)):
            if not _names(each.fact) <= set(self.objects):
                raise UsageError(f"Ordering: {each.text!r} is about something else than {', '.join(self.objects)}")

    @classmethod
    def of(cls, problem: str) -> Self:
        """Read a logical deduction problem: a list of objects, statements about their order, and options.

        Raises `UsageError` without a list of objects, and for a statement that cannot be read for sure.
        """
        read = order_problem(problem)
        return cls(read.objects.names, read.statements, read.options)

    def check(self, state: ClaimedOrder, /) -> Verdict:
        """Pass with the number of sentences and answers that some order agrees with, or the first that none does.

        An answer must hold in every order. Unknown if the statements contradict each other, if the answer is open, or
        if a search takes too long.
        """
        try:
            return self._checked(state)
        except OutOfSteps:
            return Unknown("there are too many orders to go through")

    def _checked(self, state: ClaimedOrder) -> Verdict:
        orders = Orders.all(self.objects).that(each.fact for each in self.statements)
        if not orders.exist():
            return Unknown("the statements contradict each other")
        known = [claim for claim in state.claims if all(_names(each.fact) <= set(self.objects) for each in claim.facts)]
        wrong = [
            self._wrong(orders, claim) for claim in known if not orders.that(each.fact for each in claim.facts).exist()
        ]
        judged = [self._answered(orders, answer) for answer in state.answers] if self.options else []
        wrong += [verdict for verdict in judged if isinstance(verdict, Violation)]
        if wrong:
            return together(in_text_order(wrong))
        if None in judged:
            return Unknown("the statements leave the answer open")
        return Pass(checked=len(known) + sum(verdict for verdict in judged if isinstance(verdict, int)))

    def _wrong(self, orders: Orders, claim: OrderClaim) -> Violation:
        """The first fact that no order agrees with, or the first that none agrees with beside those before it."""
        alone = [each for each in claim.facts if not orders.that([each.fact]).exist()]
        if alone:
            culprit = alone[:1]
        else:
            until = next(n for n in range(len(claim.facts)) if not orders.that(_facts(claim, n)).exist())
            culprit = [
                each for each in claim.facts[:until] if not orders.that([each.fact, claim.facts[until].fact]).exist()
            ]
            culprit = [*(culprit[:1] or claim.facts[:until]), claim.facts[until]]
        against = self._against([each.fact for each in culprit])
        said = " and ".join(repr(each.text) for each in culprit)
        missing = [rank for each in culprit for rank in _ranks(each.fact) if not 0 < rank <= len(self.objects)]
        size = len(self.objects)
        why = f"there are only {size} places" if missing else "fits no order that the statements allow"
        if len(culprit) > 1:
            why = "fit no order together"
        return Violation(
            f"{said}: {why}" if missing else f"{said} {why}",
            span=Span(culprit[0].span.start, culprit[-1].span.end),
            hint=f"it contradicts: {'; '.join(against)}" if against else f"each of the {size} places has one object",
            evidence={"statements": "; ".join(against)},
        )

    def _answered(self, orders: Orders, answer: StatedAnswer) -> Violation | int | None:
        """A violation for an answer that need not hold, 1 for one that must, None if the statements decide for none.

        0 for an answer that cannot be read.
        """
        letters = dict(self.options)
        if answer.letter is not None and answer.letter not in letters:
            return Violation(
                f"there is no option ({answer.letter})", span=answer.span, hint=f"options: {', '.join(letters)}"
            )
        said = chosen(answer, [(letter, statement.text) for letter, statement in self.options])
        if said is None:
            return 0
        facts = {statement.text: statement.fact for _, statement in self.options}
        verdicts = {text: self._certain(orders, fact) for text, fact in facts.items()}
        certain = [(letter, statement.text) for letter, statement in self.options if verdicts[statement.text] is True]
        only = [text for text, verdict in verdicts.items() if verdict is not False] == [said]
        if verdicts[said] is True or only:
            return 1
        if verdicts[said] is None and not certain:
            return None
        against = self._against([facts[said]])
        reason = "cannot hold" if against or verdicts[said] is False else "need not hold"
        hint = f"it contradicts: {'; '.join(against)}" if against else "another option holds in every order"
        return Violation(
            f"the answer {said!r} {reason}",
            span=answer.span,
            hint=f"the answer is ({certain[0][0]}) {certain[0][1]}" if self.reveal and certain else hint,
            evidence={"statements": "; ".join(against)},
        )

    @staticmethod
    def _certain(orders: Orders, fact: Fact) -> bool | None:
        """True if the fact holds in every order, False if in none, None if in some."""
        if not orders.that([fact]).exist():
            return False
        otherwise = opposite(fact)
        return True if otherwise is not None and not orders.that([otherwise]).exist() else None

    def _against(self, facts: list[Fact]) -> tuple[str, ...]:
        """A smallest set of statements with which the facts cannot hold: none can be left out. Empty if they can."""
        needed = list(self.statements)
        claimed = Orders.all(self.objects).that(facts)
        if claimed.that(each.fact for each in needed).exist():
            return ()
        for each in self.statements:
            fewer = [other for other in needed if other is not each]
            if not claimed.that(other.fact for other in fewer).exist():
                needed = fewer
        return tuple(each.text for each in needed)


def _facts(claim: OrderClaim, until: int) -> Iterable[Fact]:
    return (each.fact for each in claim.facts[: until + 1])


def _names(fact: Fact) -> set[str]:
    match fact:
        case Before(first, second):
            return {first, second}
        case Placed(objects):
            return set(objects)
        case _:
            assert_never(fact)


def _ranks(fact: Fact) -> tuple[int, ...]:
    return fact.ranks if isinstance(fact, Placed) and not fact.negated else ()
