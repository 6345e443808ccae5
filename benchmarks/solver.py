"""What a warm solver saves: a state of 15 claims about a grid, against a solver that is made for it.

`python -m benchmarks.solver [--json]`

Grids are generated: a random solution, and true clues until there is one solution only. Warm and fresh take turns on
the same states.
"""

from __future__ import annotations

import argparse
import functools
import random
import statistics
import time
from collections.abc import Callable
from fractions import Fraction

from midtrace.extractors import Apply, Constant, Integer, Sort, Term, Variable, equals
from midtrace.verifiers._solving import Session

from .figures import Figure, show

CLAIMS = 15
GRIDS = 8
BAR = 20.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    figures = [figure for size in (5, 6) for figure in measured(size)]
    show(figures, "none", as_json=parser.parse_args().json)


def measured(size: int) -> list[Figure]:
    warm: dict[str, list[float]] = {"right": [], "one wrong": []}
    fresh: dict[str, list[float]] = {"right": [], "one wrong": []}
    source = random.Random(size)
    for _ in range(GRIDS):
        sorts, rules, solution = grid(size, source)
        kept = Session(sorts, rules)
        kept.possible()
        for _ in range(5):
            for kind, taken in warm.items():
                claims = state(solution, size, source, wrong=kind == "one wrong")
                fresh[kind].append(seconds(functools.partial(_fresh, sorts, rules, claims)))
                taken.append(seconds(functools.partial(kept.conflicts, claims)))
    found = []
    for kind, taken in warm.items():
        quick, slow = statistics.median(taken), statistics.median(fresh[kind])
        ratio = slow / quick
        note = f"warm {quick * 1e3:.2f} ms, fresh {slow * 1e3:.2f} ms"
        what = f"{size}x{size} grid, {CLAIMS} claims, {kind}: fresh over warm"
        found.append(Figure(what, ratio, "x", f">= {BAR:g}", ratio >= BAR, note))
    return found


def _fresh(sorts: dict[str, Sort], rules: dict[str, Term], claims: list[Term]) -> None:
    Session(sorts, rules).conflicts(claims)


def seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def state(solution: dict[str, int], size: int, source: random.Random, *, wrong: bool) -> list[Term]:
    names = source.sample(sorted(solution), CLAIMS)
    houses = {name: solution[name] for name in names}
    if wrong:
        houses[names[0]] = houses[names[0]] % size + 1
    return [equals(name, Fraction(house)) for name, house in houses.items()]


def grid(size: int, source: random.Random) -> tuple[dict[str, Sort], dict[str, Term], dict[str, int]]:
    """A puzzle with one solution: its variables, its rules, and the solution."""
    kinds = [[f"{kind}{value}" for value in range(size)] for kind in range(size)]
    solution: dict[str, int] = {}
    for kind in kinds:
        solution.update(zip(kind, source.sample(range(1, size + 1), size), strict=True))
    sorts: dict[str, Sort] = {name: Integer(1, size) for name in solution}
    rules: dict[str, Term] = {
        f"kind {n}": Apply("distinct", tuple(map(Variable, kind))) for n, kind in enumerate(kinds)
    }
    while True:
        rules[f"clue {len(rules)}"] = clue(solution, source)
        if len(rules) < 3 * size:
            continue
        session = Session(sorts, rules)
        loose = [name for name in solution if session.forced(name) is None]
        if not loose:
            return sorts, rules, solution
        name = source.choice(loose)
        rules[f"clue {len(rules)}"] = equals(name, Fraction(solution[name]))


def clue(solution: dict[str, int], source: random.Random) -> Term:
    """Something true about two things."""
    one, other = source.sample(sorted(solution), 2)
    first, second = Variable(one), Variable(other)
    distance = solution[one] - solution[other]
    if distance == 0:
        return Apply("==", (first, second))
    if abs(distance) == 1:
        return Apply("==", (Apply("abs", (Apply("-", (first, second)),)), Constant(Fraction(1))))
    return Apply("<" if distance < 0 else ">", (first, second))


if __name__ == "__main__":
    main()
