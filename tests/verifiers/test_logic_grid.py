"""Logic grids: clues as people write them, grids as models write them, explanations that hold."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator

import pytest

from midtrace import Pass, UsageError, Verdict, View, Violation
from midtrace.extractors import parse_term
from midtrace.testing import check_extractor, check_verifier
from midtrace.verifiers import LogicGrid

PUZZLE = """There are 3 houses, numbered 1 to 3 from left to right, as seen from across the street.
 - Each person has a unique name: `Eric`, `Peter`, `Arnold`
 - People own unique car models: `ford f150`, `tesla model 3`, `bmw 3 series`
 - People have unique hair colors: `red`, `black`, `brown`
 - Each person has a favorite color: `red`, `blue`, `white`
 - Each mother is accompanied by their child: `Fred`, `Alice`, `Arnold`

## Clues:
1. Eric is directly left of the person who owns a Ford F-150.
2. The person's child is named Arnold is Peter.
3. The person who has red hair is somewhere to the right of the person whose favorite color is red.
4. There is one house between Peter and the person who owns a Ford F-150.
5. Peter is not in the third house.
6. The person who loves blue and the person who has red hair are next to each other.
7. The person who has brown hair is not the person who loves white.
8. The person who is the mother of Alice is in the second house.
"""


def judge(text: str, grid: LogicGrid | None = None) -> Verdict:
    grid = grid or LogicGrid.of(PUZZLE)
    return grid.check(grid.claims.extract(View(text, final=True)) or ())


def test_clues_are_read() -> None:
    clues = dict(LogicGrid.of(PUZZLE).clues)
    written = {
        "clue 1": "`0: Eric` + 1 = `1: ford f150`",
        "clue 2": "`4: Arnold` = `0: Peter`",
        "clue 3": "`3: red` < `2: red`",
        "clue 4": "abs(`0: Peter` - `1: ford f150`) = 2",
        "clue 5": "`0: Peter` != 3",
        "clue 6": "abs(`3: blue` - `2: red`) = 1",
        "clue 7": "`2: brown` != `3: white`",
        "clue 8": "`4: Alice` = 2",
    }
    assert clues == {name: parse_term(text) for name, text in written.items()}


SOLUTION = {
    "House 1": {"Name": "Peter", "CarModel": "bmw 3 series", "Child": "Arnold"},
    "House 2": {"Name": "Eric", "CarModel": "ford f150"},
}


def test_wrong_cells_are_named_with_the_clues_that_exclude_them() -> None:
    verdict = judge('{"House 3": {"Name": "Peter"}}')
    assert isinstance(verdict, Violation)
    assert verdict.message == "Peter in house 3 cannot be, given clue 5"
    assert verdict.hint is None


def test_a_hint_is_given_only_on_request() -> None:
    grid = LogicGrid(LogicGrid.of(PUZZLE).categories, LogicGrid.of(PUZZLE).clues, reveal=True)
    verdict = judge('{"House 2": {"Name": "Peter"}}', grid)
    assert isinstance(verdict, Violation)
    assert verdict.hint == "0: Peter is 1"


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ('{"House 1": {"Name": "Peter", "HairColor": "red"}}', [(1, 0, "Peter"), (1, 2, "red")]),
        ('{"House 1": {"FavoriteColor": "Red"}}', [(1, 3, "red")]),
        ('{"House 1": {"Colour": "blue"}}', [(1, 3, "blue")]),
        ('{"House 1": {"Car": "Ford F-150"}}', [(1, 1, "ford f150")]),
        ('{"House 1": {"Name": "Eric"}} no: {"House 1": {"Name": "Peter"}}', [(1, 0, "Peter")]),
        (
            "| House | Name | Hair |\n|---|---|---|\n| 1 | Eric | red |\n| 2 | ? | black |",
            [(1, 0, "Eric"), (1, 2, "red"), (2, 2, "black")],
        ),
        ("| | House 1 | House 2 |\n|---|---|---|\n| Name | Eric | Peter |", [(1, 0, "Eric"), (2, 0, "Peter")]),
        ("So Peter is in house 1.", [(1, 0, "Peter")]),
        ("Eric must be in the second house.", [(2, 0, "Eric")]),
        ("Suppose Peter is in house 1.", []),
        ("If Peter is in house 1, then Eric is in house 2.", []),
        ("Peter is not in house 1.", []),
        ("Peter is in house 1 or 2.", []),
        ("Peter is in house 9.", []),
        ("Arnold is in house 1.", [(1, 0, "Arnold")]),
        ("Red is in house 1.", []),
        ('{"House 1": {"Name": "Zoe"}}', []),
        ('{"House 7": {"Name": "Eric"}}', []),
    ],
)
def test_cells_are_read(text: str, cells: list[tuple[int, int, str]]) -> None:
    state = LogicGrid.of(PUZZLE).claims.extract(View(text, 5, final=True)) or ()
    assert [(cell.house, cell.category, cell.value) for cell in state] == cells
    for cell in state:
        assert 5 <= cell.span.start < cell.span.end <= 5 + len(text)


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        ("Who owns the zebra?", "expected lines such as"),
        (" - Names: A, B\n - Pets: cat\n", "'Pets': expected 2 values, got 1"),
        (" - Names: Ann, Bob\n1. Carl is in the first house.\n", "it is not clear what 'Carl' is"),
        (" - Names: Ann, Bob\n1. Ann dances.\n", "it says nothing of a known form"),
        (" - Names: Ann, Bob\n - Friends: Ann, Cid\n1. Ann is in the first house.\n", "it is not clear what 'Ann' is"),
    ],
)
def test_a_puzzle_that_cannot_be_read_is_told(problem: str, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        LogicGrid.of(problem)
    assert message in str(raised.value)


def worlds() -> Iterator[dict[str, int]]:
    """Every way to fill a grid of three houses and two kinds of things."""
    for names in itertools.permutations((1, 2, 3)):
        for pets in itertools.permutations((1, 2, 3)):
            yield dict(zip(("ann", "bob", "cid", "cat", "dog", "owl"), names + pets, strict=True))


WORLDS = list(worlds())
THINGS = ("ann", "bob", "cid", "cat", "dog", "owl")
PHRASES = {
    "{a} is {b}": lambda a, b: a == b,
    "{a} is not {b}": lambda a, b: a != b,
    "{a} is directly left of {b}": lambda a, b: a + 1 == b,
    "{a} is somewhere to the right of {b}": lambda a, b: a > b,
    "{a} and {b} are next to each other": lambda a, b: abs(a - b) == 1,
    "There is one house between {a} and {b}": lambda a, b: abs(a - b) == 2,
}


@pytest.mark.parametrize("seed", range(60))
def test_verdicts_and_clues_named_are_those_of_trying_every_grid(seed: int) -> None:
    source = random.Random(seed)
    clues = []
    for _ in range(source.randint(1, 4)):
        phrase, (a, b) = source.choice(list(PHRASES)), source.sample(THINGS, 2)
        clues.append((phrase.format(a=f"the {a}", b=f"the {b}"), phrase, a, b))
    text = " - Names: ann, bob, cid\n - Pets: cat, dog, owl\n"
    text += "".join(f"{number}. {clue[0][0].upper()}{clue[0][1:]}.\n" for number, clue in enumerate(clues, 1))
    grid = LogicGrid.of(text)

    def held(world: dict[str, int], number: int) -> bool:
        _, phrase, a, b = clues[number]
        return bool(PHRASES[phrase](world[a], world[b]))

    left = [world for world in WORLDS if all(held(world, number) for number in range(len(clues)))]
    cells = {thing: source.randint(1, 3) for thing in source.sample(THINGS, source.randint(1, 4))}
    filled = {
        f"House {n}": {("N" if t in THINGS[:3] else "P"): t for t, h in cells.items() if h == n} for n in (1, 2, 3)
    }
    kept = {t: h for t, h in cells.items() if filled[f"House {h}"].get("N" if t in THINGS[:3] else "P") == t}
    verdict = judge(json.dumps(filled), grid)

    if not left:
        assert verdict.reason.startswith("the rules cannot all hold")  # type: ignore[union-attr]
    elif any(all(world[thing] == house for thing, house in kept.items()) for world in left):
        assert verdict == Pass(checked=len(kept))
    else:
        assert isinstance(verdict, Violation)
        for each in (verdict, *verdict.also):
            numbers = [
                int(name.split()[1]) - 1 for name in each.evidence["rules"].split(", ") if name.startswith("clue")
            ]
            said = [part.split(" in house ") for part in each.evidence["claims"].split("; ")]
            for world in WORLDS:
                assert not all(held(world, n) for n in numbers) or any(world[t] != int(h) for t, h in said)


def test_conformance() -> None:
    grid = LogicGrid.of(PUZZLE)
    read = grid.claims.extract
    right, wrong = read(View('{"House 1": {"Name": "Peter"}}')), read(View('{"House 3": {"Name": "Peter"}}'))
    assert right is not None
    check_verifier(grid, passes=[right], violates=[wrong], hostile=[right * 500])
    check_extractor(
        grid.claims,
        examples={'{"House 1": {"Name": "Peter"}}': right, "nothing": None},
        hostile=[
            '{"House 1": {"Name": "Peter", ',
            "| House | Name |\n",
            "Peter is in house 1. ",
            '"House 1":{"',
            "|" * 50,
        ],
        longest=30_000,
    )
