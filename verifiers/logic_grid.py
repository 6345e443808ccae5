"""Logic-grid puzzles ("zebra puzzles"): what stands in which house, against the clues."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from midtrace import UsageError, Verdict
from midtrace.extractors import Apply, Claim, Grid, GridCells, Integer, Term, Variable, equals

from ._clues import Category, read_puzzle, variable
from .constraints import Constraints


@dataclass(frozen=True, slots=True)
class LogicGrid:
    """Houses in a row, kinds of things of which each house has one, and clues.

    A cell is wrong if no solution has it, cells are wrong together if no solution has them all; the clues that exclude
    them are named. With `reveal` a hint says where a thing belongs, where only one house is left for it.

    Args:
        categories: What stands in the houses; each has as many values as there are houses.
        clues: By name; about variables called `"0: Eric"`, the number of the category and the value, each of which is
            a house's number, counted from 1.
        reveal: Whether hints may give a part of the solution away.
    """

    categories: tuple[Category, ...]
    clues: Mapping[str, Term | str]
    reveal: bool = False
    _constraints: Constraints = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        sizes = {len(values) for _, values in self.categories}
        if len(sizes) != 1:
            raise UsageError(f"LogicGrid: expected categories of one size, got {sorted(sizes)}")
        houses = sizes.pop()
        names = {
            heading: [variable(index, value) for value in values]
            for index, (heading, values) in enumerate(self.categories)
        }
        rules: dict[str, Term | str] = {
            f"one each ({heading})": Apply("distinct", tuple(Variable(name) for name in among))
            for heading, among in names.items()
        }
        rules.update(self.clues)
        sorts = {name: Integer(1, houses) for among in names.values() for name in among}
        object.__setattr__(self, "_constraints", Constraints(sorts, rules, reveal=self.reveal))

    def __hash__(self) -> int:
        return hash(self._constraints)

    @classmethod
    def of(cls, problem: str) -> LogicGrid:
        """The puzzle that a text poses, in the wording of ZebraLogic. Raises `UsageError`."""
        puzzle = read_puzzle(problem)
        return cls(puzzle.categories, puzzle.clues)

    @property
    def claims(self) -> GridCells:
        """What reads cells of this puzzle from text."""
        return GridCells(tuple((heading, values) for heading, values in self.categories))

    def check(self, state: Grid, /) -> Verdict:
        """All cells together; `Unknown` for a puzzle without a solution, and where the solver gives up."""
        return self._constraints.check(
            tuple(
                Claim(equals(variable(cell.category, cell.value), Fraction(cell.house)), cell.span, cell.shown)
                for cell in state
            )
        )
