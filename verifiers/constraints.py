"""Claims against constraints: what they exclude, by SMT."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from midtrace import Pass, Unknown, UsageError, Verdict, Violation
from midtrace.extractors import (
    Apply,
    Assignments,
    Boolean,
    Choice,
    Claim,
    Claims,
    Constant,
    Integer,
    Real,
    Sort,
    Term,
    TermError,
    Value,
    Variable,
    parse_term,
    variables_of,
)

from ._answers import Conflict, Undecided, Unencodable
from ._findings import in_text_order, together
from ._sorts import resolved
from ._specification import specification
from .symbols import Symbolic

if TYPE_CHECKING:
    from ._solving import Session

MAX_NAMED = 6
"""Rules that a message names; where it takes more to exclude a claim, it says so."""

SESSIONS = 16
"""Problems that a worker keeps solved."""


class Problem(NamedTuple):
    """Variables and rules as they are solved; found again by `key`."""

    key: str
    sorts: Mapping[str, Sort]
    rules: Mapping[str, Term]

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Problem) and other.key == self.key


@dataclass(frozen=True, slots=True)
class Constraints:
    """What variables may be, and what must hold between them.

    A claim is wrong if the rules exclude it; claims that are made together are wrong if the rules exclude them
    together, though each were possible. What the rules leave open passes: a guess is no mistake.

    Args:
        variables: Their sorts by name: `Boolean()`, `Integer(0, 9)`, `Real()`, `Choice(("red", "green"))`.
        rules: By name: text such as `"2 * a + b <= 10"`, or terms made of `symbol(...)`. Names appear in messages.
        follows: Whether a claim must follow from the rules: what is merely possible is wrong too.
        reveal: Whether a hint gives the value that the rules leave to a variable, where there is one.

    Raises `UsageError` for a rule that is none.
    """

    variables: Mapping[str, Sort]
    rules: Mapping[str, str | Term | Symbolic]
    follows: bool = False
    reveal: bool = True
    _problem: Problem = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        rules: dict[str, Term] = {}
        for name, rule in self.rules.items():
            try:
                rules[name] = resolved(_term(rule), self.variables)
            except TermError as error:
                raise UsageError(f"constraint {name!r}: {error}") from error
        for name, sort in self.variables.items():
            _check(name, sort)
        content = repr((list(self.variables.items()), list(rules.items())))
        key = hashlib.sha256(content.encode()).hexdigest()
        object.__setattr__(self, "_problem", Problem(key, dict(self.variables), rules))

    def __hash__(self) -> int:
        return hash((self._problem, self.follows, self.reveal))

    @classmethod
    def of(cls, problem: str) -> Constraints:
        """Constraints from YAML or JSON; `docs/verifiers/constraints.md` shows the form. Raises `UsageError`."""
        return cls(*specification(problem))

    @property
    def claims(self) -> Assignments:
        """What reads claims about these variables from text."""
        return Assignments(dict(self.variables))

    def check(self, state: Claims, /) -> Verdict:
        """All claims together; `Unknown` where the solver gives up, or the rules themselves are contradictory."""
        session = _session(self._problem)
        try:
            if not session.possible():
                rules = ", ".join(session.contradictory())
                return Unknown(f"the rules cannot all hold, whatever is claimed: {rules}")
            claims = [(claim, term) for claim in state if (term := self._asked(session, claim)) is not None]
            conflicts = session.conflicts([term for _, term in claims])
            violations = list(self._violations(session, claims, conflicts))
            if self.follows:
                violations += self._loose(session, claims, conflicts)
        except Undecided:
            return Unknown("the solver gave up within its limits")
        return together(in_text_order(violations)) if violations else Pass(checked=len(claims))

    def _asked(self, session: Session, claim: Claim) -> Term | None:
        """A claim's term, if it is about this problem."""
        try:
            term = resolved(claim.term, self._problem.sorts)
        except TermError:
            return None
        return term if session.encodable(term) else None

    def _violations(
        self, session: Session, claims: Sequence[tuple[Claim, Term]], conflicts: Sequence[Conflict]
    ) -> Iterator[Violation]:
        for conflict in conflicts:
            involved = [claims[index] for index in conflict.claims]
            last, term = involved[-1]
            texts = [" ".join(claim.text.split()) for claim, _ in involved]
            why = _why(conflict.rules)
            if len(texts) == 1:
                message = f"{texts[0]} cannot be{why}"
            else:
                message = f"{', '.join(texts[:-1])} and {texts[-1]} cannot all be{why}"
            yield Violation(
                message,
                span=last.span,
                hint=self._hint(session, term),
                evidence={"rules": ", ".join(conflict.rules), "claims": "; ".join(texts)},
            )

    def _loose(
        self, session: Session, claims: Sequence[tuple[Claim, Term]], conflicts: Sequence[Conflict]
    ) -> Iterator[Violation]:
        wrong = {index for conflict in conflicts for index in conflict.claims}
        for index, (claim, term) in enumerate(claims):
            if index not in wrong and session.answer(term) == "open":
                text = " ".join(claim.text.split())
                yield Violation(f"{text} does not follow: the rules leave it open", span=claim.span)

    def _hint(self, session: Session, term: Term) -> str | None:
        names = dict.fromkeys(variables_of(term))
        if not self.reveal or len(names) != 1:
            return None
        name = next(iter(names))
        value = session.forced(name)
        return None if value is None else f"{name} is {shown(value)}"


def shown(value: Value) -> str:
    """A value as one writes it."""
    match value:
        case bool():
            return "true" if value else "false"
        case Fraction():
            return str(value)
        case str():
            return value


@functools.lru_cache(maxsize=SESSIONS)
def _session(problem: Problem) -> Session:
    from ._solving import Session  # noqa: PLC0415  (the process that only describes a problem needs no solver)

    try:
        return Session(problem.sorts, problem.rules)
    except Unencodable as error:
        raise UsageError("a rule divides by something that is not a number: expected that multiplied out") from error


def _term(rule: str | Term | Symbolic) -> Term:
    match rule:
        case str():
            return parse_term(rule)
        case Symbolic():
            return rule.term
        case Constant() | Variable() | Apply():
            return rule
    raise TermError(f"expected text or a term, got {type(rule).__name__}")


def _check(name: str, sort: Sort) -> None:
    match sort:
        case Integer(low, high) | Real(low, high):
            if low is not None and high is not None and low > high:
                raise UsageError(f"variable {name!r}: expected bounds in order, got {low} and {high}")
        case Choice(values):
            if not values or len(set(values)) < len(values):
                raise UsageError(f"variable {name!r}: expected a choice of different values, got {values!r}")
        case Boolean():
            pass
        case other:
            raise UsageError(f"variable {name!r}: expected Boolean, Integer, Real or Choice, got {other!r}")


def _why(rules: Sequence[str]) -> str:
    if not rules:
        return ": it is outside what the variable may be"
    if len(rules) > MAX_NAMED:
        return f", given {len(rules)} of the rules together"
    return f", given {', '.join(rules)}"
