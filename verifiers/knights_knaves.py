"""Knights and knaves: some people always tell the truth, the others always lie, and who is which follows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Self

from midtrace import Pass, Unknown, UsageError, Verdict, Violation
from midtrace.extractors import Apply, Constant, Term, Variable, variables_of
from midtrace.extractors.knights_knaves import Assignment, ClaimedRoles, RoleClaim

from ._entailment import Standing, standing, standings, truth
from ._findings import together
from ._knights_puzzles import read_knights
from ._web_of_lies import read_web

MAX_PEOPLE = 200
_EVERYBODY = frozenset({"both", "all", "everyone", "everybody"})
_NOBODY = frozenset({"neither", "none", "nobody"})
_HONEST = frozenset({"truthful", "honest", "truth-teller", "telling the truth", "tell the truth", "tells the truth"})
_LYING = frozenset({"liar", "lie", "lies", "lying", "dishonest"})
_WORDS: dict[Standing, str] = {"entailed": "yes", "contradicted": "no", "open": "unknown"}


@dataclass(frozen=True, slots=True)
class KnightsKnaves:
    """Checks what is said of the people of such a puzzle.

    Args:
        people: Everybody in it, by name.
        statements: Who says what, as a formula in which a person's name means that this person tells the truth. A
            statement of nobody's (None) is a fact.
        truthful: What those who tell the truth are called.
        lying: What the others are called.
        asked: The people whom the answer is about, where it is a list of yes, no and unknown.
        reveal: Whether a hint gives the solution away.

    A claim is wrong only if it fits no solution; an answer must fit one, and leave nobody out. A list of yes, no and
    unknown must say for everybody asked what all solutions together say. Raises `UsageError` for a statement about
    somebody unknown.
    """

    people: tuple[str, ...]
    statements: tuple[tuple[str | None, Term], ...]
    truthful: str = "knight"
    lying: str = "knave"
    asked: tuple[str, ...] = ()
    reveal: bool = False

    def __post_init__(self) -> None:
        if not 0 < len(self.people) <= MAX_PEOPLE:
            raise UsageError(f"KnightsKnaves: expected 1 to {MAX_PEOPLE} people, got {len(self.people)}")
        named = {name for speaker, term in self.statements for name in (speaker, *variables_of(term)) if name}
        for name in sorted(named | set(self.asked)):
            if name not in self.people:
                raise UsageError(f"KnightsKnaves: {name!r} is none of the people")

    @classmethod
    def of(cls, problem: str, *, reveal: bool = False) -> Self:
        """The puzzle that a text tells: knights and knaves by whatever names, or who says of whom that he lies.

        Raises `UsageError` where it cannot be read for certain.
        """
        if "always tell the truth" in " ".join(problem.split()).replace("tells", "tell") and "inhabit" in problem:
            puzzle = read_knights(problem)
            return cls(puzzle.people, puzzle.statements, puzzle.truthful, puzzle.lying, reveal=reveal)
        web = read_web(problem)
        return cls(web.people, web.statements, "truth-teller", "liar", web.asked, reveal)

    def check(self, state: ClaimedRoles, /) -> Verdict:
        """Pass with the number of claims that fit, or the first that does not with the others in `also`."""
        violations: list[Violation] = []
        unknown: Unknown | None = None
        decided = 0
        for claim in state:
            match self._judged(claim):
                case Violation() as violation:
                    violations.append(violation)
                case Unknown() as reason:
                    unknown = reason
                case Pass(checked):
                    decided += checked
        if violations:
            return together(violations)
        return unknown or Pass(checked=decided)

    def _judged(self, claim: RoleClaim) -> Verdict:
        if claim.words:
            return self._listed(claim)
        if claim.none:
            found = self._standing(Constant(value=True))
            return _undecided(found) or (
                Pass() if found == "inconsistent" else _violation(claim, "there is a solution")
            )
        terms = [term for each in claim.assignments for term in self._terms(each)]
        if not terms:
            return Unknown(f"the answer {claim.text[:60]!r} says nothing of the people") if claim.answer else Pass(0)
        conjunction = Apply("and", tuple(terms))
        if standing((), conjunction) == "contradicted":
            return self._hinted(_violation(claim, f"somebody would be both a {self.truthful} and a {self.lying}"))
        found = self._standing(conjunction)
        if found == "inconsistent":
            return Unknown("the statements have no solution")
        if found == "contradicted":
            return self._hinted(_violation(claim, self._reason(claim, terms)))
        missing = sorted(set(self.asked or self.people) - set(variables_of(conjunction)))
        if claim.answer and claim.complete and missing:
            return _violation(claim, f"the answer leaves out {', '.join(missing[:5])}")
        return _undecided(found) or Pass()

    def _listed(self, claim: RoleClaim) -> Verdict:
        """A list of yes, no and unknown."""
        if len(claim.words) != len(self.asked):
            if not self.asked:
                return Unknown(f"the answer {claim.text[:60]!r} says nothing of the people")
            return _violation(claim, f"expected an answer for each of {len(self.asked)}, got {len(claim.words)}")
        found = self._standings(self.asked)
        if "inconsistent" in found:
            return Unknown("the statements have no solution")
        if "undecided" in found:
            return Unknown("too hard to say within the limits who tells the truth")
        told = zip(self.asked, claim.words, found, strict=True)
        wrong = [name for name, word, right in told if word != _WORDS[right]]
        if not wrong:
            return Pass(checked=len(self.asked))
        listed = ", ".join(claim.words)
        message = f"{listed} does not follow from the statements"
        return self._hinted(replace(_violation(claim, message), evidence={"wrong": ", ".join(wrong)}))

    def _terms(self, assignment: Assignment) -> Iterator[Term]:
        """What an assignment says of whom; nothing where its name or its role is not of the puzzle."""
        role = assignment.role
        forms = {role, role.removesuffix("s"), role.removesuffix("es")}
        honest = bool(forms & {self.truthful.lower(), *_HONEST})
        if not honest and not forms & {self.lying.lower(), *_LYING}:
            return
        name = assignment.name
        everybody = name.lower() in _EVERYBODY | _NOBODY
        denied = assignment.denied != (name.lower() in _NOBODY)
        for person in self.people if everybody else (name,):
            if person in self.people:
                yield Variable(person) if honest != denied else Apply("not", (Variable(person),))

    def _reason(self, claim: RoleClaim, terms: list[Term]) -> str:
        """Which statement does not fit where everybody is assigned, and else only that some do not."""
        assigned = {str(name): int(isinstance(term, Variable)) for term in terms for name in variables_of(term)}
        for speaker, says in self.statements:
            if speaker is not None and assigned.keys() >= {speaker, *variables_of(says)}:
                value = truth(says, assigned, 1)
                if value != assigned[speaker]:
                    role, tells = (self.lying, "true") if value else (self.truthful, "false")
                    return f"{speaker} cannot be a {role} here: what {speaker} says would be {tells}"
        return f"{' '.join(claim.text.split())[:80]!r} does not fit what is said"

    def _standing(self, claim: Term) -> Standing:
        return standing(self._premises(), claim)

    def _standings(self, people: Sequence[str]) -> list[Standing]:
        return standings(self._premises(), [Variable(name) for name in people])

    def _premises(self) -> list[Term]:
        return [_said(speaker, says) for speaker, says in self.statements]

    def _hinted(self, violation: Violation) -> Violation:
        if not self.reveal:
            return violation
        found = self._standings(self.asked or self.people)
        if self.asked:
            return replace(violation, hint=", ".join(_WORDS.get(each, "unknown") for each in found))
        roles = {"entailed": self.truthful, "contradicted": self.lying}
        told = [f"{name} is a {roles[each]}" for name, each in zip(self.people, found, strict=True) if each in roles]
        return replace(violation, hint=", ".join(told)) if told else violation


def _said(speaker: str | None, says: Term) -> Term:
    """What a statement comes to: it holds just if whoever makes it tells the truth."""
    return says if speaker is None else Apply("iff", (Variable(speaker), says))


def _undecided(found: Standing) -> Unknown | None:
    return Unknown("too hard to say within the limits whether the claim fits") if found == "undecided" else None


def _violation(claim: RoleClaim, message: str) -> Violation:
    return Violation(message, span=claim.span)
