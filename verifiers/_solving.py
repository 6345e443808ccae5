"""A solver that stays warm: the rules are stated once, claims come and go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import z3

from midtrace.extractors import Sort, Term, Value, equals

from ._answers import Answer, Conflict, Undecided, Unencodable
from ._encodings import Formula, encode

EFFORT = 2_000_000
"""What one question may cost, in z3's own count of steps; up to a second or so. The same on every machine."""

QUESTIONS = 60
"""Questions asked to make one explanation shorter."""

MOST_CONFLICTS = 8
"""Conflicts that are told of one state; the rest of a text that is as wrong as that can wait."""

# Else a check that runs swallows an interrupt from the keyboard.
z3.set_param("ctrl_c", False)  # noqa: FBT003


class Session:
    """The rules of one problem, solved once. Not for several threads at a time."""

    def __init__(self, sorts: Mapping[str, Sort], rules: Mapping[str, Term]) -> None:
        self._encoding = encode(sorts, rules.values())
        self._solver = self._encoding.solver()
        self._explaining = self._encoding.solver()
        self._switches: dict[str, Formula] = {}
        for solver in (self._solver, self._explaining):
            solver.set("rlimit", EFFORT)
            solver.add(*self._encoding.domains)
        for index, (name, term) in enumerate(rules.items()):
            formula = self._encoding.formula(term)
            switch = self._switches[name] = z3.Bool(f"r{index}", self._encoding.context)
            self._solver.add(formula)
            self._explaining.add(z3.Implies(switch, formula))
        self._possible: bool | None = None

    def possible(self) -> bool:
        """Whether the rules can all hold. Raises `Undecided`."""
        if self._possible is None:
            self._possible = _sat(self._solver)
        return self._possible

    def contradictory(self) -> tuple[str, ...]:
        """Rules that cannot hold together, where the rules cannot; as few as a bounded search finds."""
        return self._fewest(())

    def answer(self, term: Term) -> Answer:
        """What the rules say of one claim. Raises `Undecided` and `Unencodable`."""
        formula = self._encoding.formula(term)
        if not self._with(formula):
            return "contradicted"
        return "open" if self._with(z3.Not(formula)) else "entailed"

    def encodable(self, term: Term) -> bool:
        """Whether a claim can be asked about."""
        try:
            self._encoding.formula(term)
        except Unencodable:
            return False
        return True

    def conflicts(self, terms: Sequence[Term]) -> list[Conflict]:
        """What is wrong with claims that are made together; nothing, if they can all hold. Raises `Undecided`.

        A claim that is impossible by itself is named alone. At most eight conflicts are told.
        """
        formulas = [self._encoding.formula(term) for term in terms]
        if self._with(*formulas):
            return []
        found: list[Conflict] = []
        remaining = dict(enumerate(formulas))
        self._explaining.push()
        try:
            switches = {index: self._switch(index, formula) for index, formula in remaining.items()}
            while len(found) < MOST_CONFLICTS and not self._with(*remaining.values()):
                core = self._core([*switches.values(), *self._switches.values()])
                among = [index for index in remaining if switches[index].get_id() in core]
                alone = [index for index in among if not self._with(remaining[index])]
                groups: list[tuple[int, ...]] = [(index,) for index in alone]
                groups = groups or [tuple(self._shortest(among, remaining))]
                for group in groups[: MOST_CONFLICTS - len(found)]:
                    found.append(Conflict(group, self._fewest([switches[index] for index in group])))
                    for index in group:
                        del remaining[index], switches[index]
        finally:
            self._explaining.pop()
        return sorted(found, key=lambda conflict: conflict.claims)

    def forced(self, name: str) -> Value | None:
        """The one value that the rules leave to a variable; None where there are several or the solver gives up."""
        try:
            if not self.possible() or not _sat(self._solver):
                return None
            value = self._encoding.value(self._solver.model(), name)
            if value is None:
                return None
            return None if self._with(z3.Not(self._encoding.formula(equals(name, value)))) else value
        except (Undecided, Unencodable):
            return None

    def _switch(self, index: int, formula: Formula) -> Formula:
        """What stands for a claim in an explanation: itself, if it is a single boolean."""
        if formula.decl().kind() == z3.Z3_OP_UNINTERPRETED:
            return formula
        switch = z3.Bool(f"c{index}", self._encoding.context)
        self._explaining.add(z3.Implies(switch, formula))
        return switch

    def _with(self, *formulas: Formula) -> bool:
        """Whether the rules can hold along with these."""
        if all(formula.decl().kind() == z3.Z3_OP_UNINTERPRETED for formula in formulas):
            return _sat(self._solver, *formulas)
        self._solver.push()
        try:
            self._solver.add(*formulas)
            return _sat(self._solver)
        finally:
            self._solver.pop()

    def _shortest(self, among: Sequence[int], formulas: Mapping[int, Formula]) -> list[int]:
        """Claims of `among` that are impossible together; none can be spared, if the search for that was short."""
        kept = list(among)
        for index in kept[:QUESTIONS]:
            fewer = [each for each in kept if each != index]
            if fewer and not self._with(*(formulas[each] for each in fewer)):
                kept = fewer
        return kept

    def _fewest(self, claims: Iterable[Formula]) -> tuple[str, ...]:
        """Rules that exclude these claims: none can be spared, if the search for that was short enough."""
        given = list(claims)
        core = self._core([*given, *self._switches.values()])
        kept = [name for name, switch in self._switches.items() if switch.get_id() in core]
        needed = 0
        for _ in range(QUESTIONS):
            if needed == len(kept):
                break
            fewer = kept[:needed] + kept[needed + 1 :]
            try:
                if _sat(self._explaining, *given, *(self._switches[each] for each in fewer)):
                    needed += 1
                    continue
            except Undecided:
                break
            core = frozenset(each.get_id() for each in self._explaining.unsat_core())
            kept = [name for name in fewer if self._switches[name].get_id() in core]
        return tuple(kept)

    def _core(self, assumptions: Sequence[Formula]) -> frozenset[int]:
        if _sat(self._explaining, *assumptions):
            raise Undecided  # the two solvers are at odds: nothing is said
        return frozenset(each.get_id() for each in self._explaining.unsat_core())


def _sat(solver: Any, *assumptions: Formula) -> bool:  # noqa: ANN401  (z3 ships no types)
    try:
        answer = solver.check(*assumptions)
    except z3.Z3Exception as error:
        raise Undecided from error
    if answer == z3.sat:
        return True
    if answer == z3.unsat:
        return False
    raise Undecided
