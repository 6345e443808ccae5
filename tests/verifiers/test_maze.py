from __future__ import annotations

import heapq
import random
import re
from collections.abc import Callable
from itertools import pairwise, product

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from midtrace import Pass, Unknown, UsageError, Verdict, View, Violation
from midtrace.extractors.maze import MazeClaims
from midtrace.testing import check_extractor, check_verifier, hostile_texts
from midtrace.verifiers.maze import Maze

GRID = ("########", "#S...#.#", "#.##.#.#", "#....#.#", "####...#", "#....#E#", "########")


def lettered(rows: tuple[str, ...], start: str = "S", goal: str = "E", wall: str = "#", free: str = ".") -> str:
    grid = "\n".join(rows)
    return (
        f"Navigate from '{start}' (start) to '{goal}' (goal):\n\n```\n{grid}\n```\n"
        f"Legend: '{wall}' = Wall, '{free}' = Passage\n\n"
        "What is the minimum number of steps to reach the goal?\nGive only the number of steps as your final answer."
    )


ASCII = """Below is a maze, where '#' are walls, ' ' is free, 'X' the path, S the start and E the exit.
#######
#S# # #
#X# # #
#XXX  #
###X###
#EXX  #
#######
Please answer: How many {} are there in the provided path from S to E? Available options: A. 1, B. 2, C. 3, D. 4"""
# Down, down, right, right, down, down, left, left: left turn, right turn, right turn.
WALK = [
    ("DOWN", (1, 1), (2, 1), "STRAIGHT", 0, 0), ("DOWN", (2, 1), (3, 1), "STRAIGHT", 0, 0),
    ("RIGHT", (3, 1), (3, 2), "LEFT_TURN", 0, 1), ("RIGHT", (3, 2), (3, 3), "STRAIGHT", 0, 1),
    ("DOWN", (3, 3), (4, 3), "RIGHT_TURN", 1, 1), ("DOWN", (4, 3), (5, 3), "STRAIGHT", 1, 1),
    ("LEFT", (5, 3), (5, 2), "RIGHT_TURN", 2, 1), ("LEFT", (5, 2), (5, 1), "STRAIGHT", 2, 1),
]  # fmt: skip
TURNS = Maze.of(ASCII.format("right turns"))


def walked(
    steps: list[tuple[str, tuple[int, int], tuple[int, int], str, int, int]] = WALK, letter: str | None = "B"
) -> str:
    lines = [
        ">>> LOCATE START AND EXIT (0-indexed, top-left is (0,0)):",
        "    S position: (1, 1)",
        "    E position: (5, 1)",
    ]
    before = "—"
    for number, (direction, origin, target, turn, right, left) in enumerate(steps, start=1):
        lines += [
            "", f">>> STEP {number}: Move {direction} from {origin} to {target}", f"    Current position: {target}",
            f"    Previous direction: {before}", f"    Current direction: {direction}", f"    Turn type: {turn}",
            f"    Running count: Right={right}, Left={left}, Total={right + left}",
        ]  # fmt: skip
        before = direction
    if letter is not None:
        lines += ["", ">>> FINAL ANSWER:", f"    \\boxed{{{letter}}}"]
    return "\n".join(lines) + "\n"


def judge(text: str, maze: Maze, *, final: bool = True) -> Verdict:
    state = MazeClaims().extract(View(text, final=final))
    return Pass(0) if state is None else maze.check(state)


def wrong(text: str, maze: Maze, *, final: bool = True) -> str:
    verdict = judge(text, maze, final=final)
    assert isinstance(verdict, Violation), (text, verdict)
    return verdict.message


def fewest(rows: tuple[str, ...]) -> int | None:
    """Dijkstra over edges relaxed from a heap: another search than the verifier's."""
    cells = {(r, c): each for r, row in enumerate(rows) for c, each in enumerate(row) if each != "#"}
    start = next(cell for cell, each in cells.items() if each == "S")
    heap, done = [(0, start)], {}
    while heap:
        cost, cell = heapq.heappop(heap)
        if cell in done:
            continue
        done[cell] = cost
        r, c = cell
        for beside in ((r + 1, c), (r - 1, c), (r, c + 1), (r, c - 1)):
            if beside in cells and beside not in done:
                heapq.heappush(heap, (cost + 1, beside))
    return next((cost for cell, cost in done.items() if cells[cell] == "E"), None)


@st.composite
def grids(draw: st.DrawFn) -> tuple[str, ...]:
    height, width = draw(st.integers(2, 8)), draw(st.integers(2, 8))
    cells = [[draw(st.sampled_from("...#")) for _ in range(width)] for _ in range(height)]
    places = draw(st.permutations([(r, c) for r in range(height) for c in range(width)]))
    for symbol, (r, c) in zip("SE", places, strict=False):
        cells[r][c] = symbol
    return ("#" * (width + 2), *(f"#{''.join(row)}#" for row in cells), "#" * (width + 2))


def shortest(rows: tuple[str, ...]) -> list[tuple[int, int]] | None:
    cells = {(r, c): each for r, row in enumerate(rows) for c, each in enumerate(row) if each != "#"}
    start = next(cell for cell, each in cells.items() if each == "S")
    ways, seen = [[start]], {start}
    for way in ways:
        r, c = way[-1]
        if cells[way[-1]] == "E":
            return way
        for beside in ((r - 1, c), (r, c + 1), (r + 1, c), (r, c - 1)):
            if beside in cells and beside not in seen:
                seen.add(beside)
                ways.append([*way, beside])
    return None


@settings(max_examples=60, deadline=None)
@given(grids())
def test_the_number_is_compared_with_another_search(rows: tuple[str, ...]) -> None:
    maze, right = Maze.of(lettered(rows)), fewest(rows)

    assert maze.rows == rows
    for number in range(30):
        verdict = judge(f"It takes a while.\n<answer>{number}</answer>", maze)
        assert isinstance(verdict, Pass if number == right else Violation)
    assert isinstance(judge("<answer>impossible</answer>", maze), Pass if right is None else Violation)


Writing = Callable[[int, int, int], tuple[int, int]]
seeds = st.integers(0, 2**32).map(random.Random)
WRITTEN: list[Writing] = [
    lambda r, c, height: (r, c), lambda r, c, height: (r + 1, c + 1), lambda r, c, height: (c, r),
    lambda r, c, height: (c + 1, r + 1), lambda r, c, height: (c, height - 1 - r),
    lambda r, c, height: (c + 1, height - r),
]  # fmt: skip
DELTAS = {(-1, 0): "up", (1, 0): "down", (0, -1): "left", (0, 1): "right"}


def moves_of(way: list[tuple[int, int]]) -> list[str]:
    return [DELTAS[b[0] - a[0], b[1] - a[1]] for a, b in pairwise(way)]


@settings(deadline=None)
@given(grids(), st.sampled_from(WRITTEN))
def test_a_right_solution_passes_in_every_convention(rows: tuple[str, ...], write: Writing) -> None:
    way = shortest(rows)
    assume(way is not None and len(way) > 2)
    assert way is not None
    cells = [write(r, c, len(rows)) for r, c in way]
    moves = moves_of(way)
    listed = "\n".join(
        f"{n}. Move {move} to {cell}" for n, (move, cell) in enumerate(zip(moves, cells[1:], strict=True), 1)
    )
    text = (
        f"Start position is {cells[0]}, and 'E' is at {cells[-1]}.\n\nThe path is:\n{' → '.join(map(str, cells))}\n\n"
        f"In words:\n{listed}\n\nFollow this route: {', '.join(moves)}\n\n<answer>{len(moves)}</answer>"
    )

    assert isinstance(judge(text, Maze.of(lettered(rows))), Pass)


@settings(max_examples=120, deadline=None)
@given(grids(), seeds)
def test_a_route_is_wrong_only_if_every_convention_says_so(rows: tuple[str, ...], source: random.Random) -> None:
    cell = (source.randrange(len(rows) + 1), source.randrange(len(rows[0]) + 1))
    route = [cell]
    for _ in range(source.randrange(2, 7)):
        down, right = source.choice(list(DELTAS))
        route.append((max(route[-1][0] + down, 0), max(route[-1][1] + right, 0)))
    right = False
    for swapped, below, rise, shift in product((False, True), (False, True), (0, 1), (0, 1)):
        read = [((b, a) if swapped else (a, b)) for a, b in route]
        read = [(r - rise, c - shift) for r, c in read]
        read = [(len(rows) - 1 - r if below else r, c) for r, c in read]
        right = right or all(0 <= r < len(rows) and 0 <= c < len(rows[0]) and rows[r][c] != "#" for r, c in read)

    assert isinstance(judge(f"The path is:\n{' -> '.join(map(str, route))}\n", Maze.of(lettered(rows))), Pass) == right


@settings(deadline=None)
@given(grids(), seeds)
def test_moves_through_a_wall_are_found(rows: tuple[str, ...], source: random.Random) -> None:
    way = shortest(rows)
    assume(way is not None and len(way) > 4)
    assert way is not None
    r, c = way[source.randrange(1, len(way) - 1)]
    blocked = (*rows[:r], rows[r][:c] + "#" + rows[r][c + 1 :], *rows[r + 1 :])

    assert "runs into a wall" in wrong(f"Follow this route: {', '.join(moves_of(way))}\n", Maze.of(lettered(blocked)))


def test_a_cell_in_a_wall_is_named() -> None:
    maze = Maze.of(lettered(GRID))
    text = "Start: (1, 1)\nGoal: (5, 6)\n\nThe path is:\n(1, 1) → (1, 2) → (1, 3) → (2, 3) → (3, 3)\n"
    verdict = judge(text, maze)

    assert isinstance(verdict, Violation)
    assert verdict.message == "(2, 3) is a wall"
    assert verdict.span is not None
    assert text[verdict.span.start : verdict.span.end] == "(2, 3)"
    assert verdict.span.start == text.index("(2, 3)")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Start position is (4, 4) - 0-based indexing\n", "'S' is not at (4, 4)"),
        ("'E' is at row 2, column 6.\n", "'E' is not at (2, 6)"),
        ("Path: Down, down, down, right, right\n", "move 3 (down) from the start runs into a wall"),
        ("Trace: up → up → left → left\n", "move 1 (up) from the start runs into a wall"),
        ("So it is.\n<answer>8</answer>", "8 is not the fewest steps to the goal"),
        ("The answer is 11 steps.\n", "11 is not the fewest steps to the goal"),
        ("\\boxed{10}", "10 is not the fewest steps to the goal"),
        ("<answer>no path exists</answer>", "there is a way to the goal"),
        ("12", "12 is not the fewest steps to the goal"),
    ],
)
def test_what_is_wrong_is_found(text: str, message: str) -> None:
    assert wrong(text, Maze.of(lettered(GRID))) == message


@pytest.mark.parametrize(
    "text",
    [
        "A possible path could be: (1, 1) → (2, 2) → (9, 9) → (1, 1)\n",
        "From (1, 1) I can go: (1, 2), (2, 1)\n",
        "I can move up, down, left, right.\n",
        "Directions: down, down, down, down\n",
        "Trace: down, down, down, right\nWait, that is a wall.\n",
        "The path is (1, 1) → (2, 2) → (3, 3), but that is not possible.\n",
        "Suppose the start is at (7, 7).\n",
        "Start (9, 9) → (9, 8)\n",
        "- Up: (0, 1) = '#'\n- Down: (2, 1) = '.'\n- Left: (1, 0) = '#'\n",
        "1. Up to (0, 1), a wall\n2. Down to (2, 1)\n3. Right to (1, 2)\n",
        "```python\nstart = (0, 0)\ngoal = (9, 9)\n```\n",
        "The answer is not 8.\n",
        "Is the answer: 8?\n",
        "<answer>8",
        "The answer is 8",
    ],
)
def test_what_is_not_claimed_outright_is_left_out(text: str) -> None:
    assert judge(text, Maze.of(lettered(GRID)), final=False) == Pass(0)


def test_the_last_place_that_is_named_counts() -> None:
    assert judge("Start is at (9, 9).\nNo: start is at (1, 1).\n", Maze.of(lettered(GRID)), final=False) == Pass(1)


def test_the_number_is_given_away_only_where_that_is_asked_for() -> None:
    for reveal, hint in ((False, None), (True, "9")):
        verdict = judge("<answer>5</answer>", Maze.of(lettered(GRID), reveal=reveal))
        assert isinstance(verdict, Violation)
        assert verdict.hint == hint
        assert "9" not in verdict.message


@pytest.mark.parametrize(
    ("start", "goal", "wall", "free"),
    [("@", "W", "s", "a"), ("'", "`", '"', " "), ("(", ")", "*", "."), ("\\", "|", "`", "#")],
)
def test_any_symbols_will_do(start: str, goal: str, wall: str, free: str) -> None:
    table = str.maketrans({"S": start, "E": goal, "#": wall, ".": free})
    maze = Maze.of(lettered(tuple(row.translate(table) for row in GRID), start, goal, wall, free))

    assert judge("<answer>9</answer>", maze) == Pass(1)
    assert judge(f"'{start}' is at (1, 1)\n", maze) == Pass(1)


MATRIX = """Your task is to find the shortest path from the start to the destination point in a grid.
- *: your starting point
- #: your destination point
- O: an open cell
- X: a blocked cell
If there is no path from * to #, simply write "infeasible" (without quotes).
Your output should be a sequence of directions, e.g. right right down
Now, find the length of the shortest path from * to # in the following grid:
* O X
X O O
X X #
"""


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("right down right down", None),
        ("RDRD", None),
        ("(0, 0) → (0, 1) → (1, 1) → (1, 2) → (2, 2)", None),
        ("(1,1), (2,1), (2,2), (3,2), (3,3)", None),
        ("(0, 0) → (0, 1) → (1, 1) → (1, 2)", "the cells do not lead from the start to the goal"),
        ("(0, 0) → (1, 0) → (1, 1) → (1, 2) → (2, 2)", "(1, 2) is a wall"),
        ("right → down → right → down", None),
        ("right right down down", "move 2 (right) from the start runs into a wall"),
        ("right down right", "the moves do not end at the goal"),
        ("right down up down right down", "there is a way with fewer than 6 moves"),
        ("up", "move 1 (up) from the start leaves the grid"),
        ("infeasible", "there is a way to the goal"),
        ("4", "expected the way itself, not a number"),
    ],
)
def test_a_way_is_replayed(answer: str, message: str | None) -> None:
    maze = Maze.of(MATRIX)

    if message is None:
        assert judge(f"<answer>{answer}</answer>", maze) == Pass(1)
    else:
        assert wrong(f"<answer>{answer}</answer>", maze) == message


def test_where_there_is_no_way_only_that_is_right() -> None:
    maze = Maze.of(MATRIX.replace("X O O", "X X O"))

    assert judge("<answer>infeasible</answer>", maze) == Pass(1)
    assert wrong("<answer>right down</answer>", maze) == "move 2 (down) from the start runs into a wall"


def test_a_right_walk_passes() -> None:
    assert judge(walked(), TURNS) == Pass(checked=2 + len(WALK) + 1)


@pytest.mark.parametrize(("asked", "letter"), [("right turns", "B"), ("total turns", "C"), ("left turns", "A")])
def test_the_letter_is_compared_with_the_counts(asked: str, letter: str) -> None:
    maze = Maze.of(ASCII.format(asked))
    for each in "ABCD":
        assert isinstance(judge(walked(letter=each), maze), Pass if each == letter else Violation)
        assert isinstance(judge(f"The answer is {each}.\n", maze), Pass if each == letter else Violation)


def test_the_walk_must_reach_the_goal() -> None:
    assert wrong(walked(WALK[:4]), TURNS) == "the walk stops at (3, 3), before the goal is reached"
    assert judge(walked(WALK[:4], letter=None), TURNS, final=False) == Pass(2 + 4)


@pytest.mark.parametrize(
    ("index", "change", "message"),
    [
        (0, ("DOWN", (1, 2), (2, 2), "STRAIGHT", 0, 0), "step 1 starts at (1, 2), which is not the start"),
        (1, ("RIGHT", (2, 1), (2, 2), "LEFT_TURN", 0, 1), "(2, 2) is a wall"),
        (1, ("UP", (2, 1), (3, 1), "STRAIGHT", 0, 0), "(3, 1) is not one up of (2, 1)"),
        (2, ("RIGHT", (3, 1), (3, 2), "RIGHT_TURN", 1, 0), "step 3 is a left turn"),
        (3, ("RIGHT", (3, 2), (3, 3), "LEFT_TURN", 0, 2), "step 4 is no turn"),
        (6, ("LEFT", (5, 3), (5, 2), "RIGHT_TURN", 3, 1), "the right turns up to step 7 are 2, not 3"),
        (5, ("DOWN", (4, 3), (5, 3), "STRAIGHT", 1, 2), "the left turns up to step 6 are 1, not 2"),
        (4, ("DOWN", (3, 4), (4, 4), "RIGHT_TURN", 1, 1), "step 5 starts at (3, 4), which is not where step 4 ended"),
    ],
)  # fmt: skip
def test_every_part_of_a_step_is_replayed(index: int, change: tuple, message: str) -> None:  # type: ignore[type-arg]
    steps = [*WALK[:index], change, *WALK[index + 1 :]]

    assert wrong(walked(steps), TURNS) == message


def test_a_walk_keeps_to_the_marked_path() -> None:
    steps = [*WALK[:4], ("RIGHT", (3, 3), (3, 4), "STRAIGHT", 0, 1)]

    assert wrong(walked(steps, letter=None), TURNS) == "(3, 4) is not on the marked path"


def test_a_step_told_again_replaces_what_followed_it() -> None:
    bad = [*WALK[:3], ("RIGHT", (3, 2), (3, 4), "STRAIGHT", 0, 1)]
    fresh = walked().partition(">>> STEP 4")[2]

    assert isinstance(judge(walked(bad, letter=None), TURNS), Violation)
    assert isinstance(judge(walked(bad, letter=None) + ">>> STEP 4" + fresh, TURNS), Pass)


def test_counts_of_two_digits_are_read_whole() -> None:
    """A stair of eleven turns each way: however the text is cut, no count is read before it is complete."""
    size = 14
    rows = ["#" * (size + 2)]
    for r in range(size):
        row = ["#"] * (size + 2)
        row[r + 1] = "X"
        row[min(r + 2, size)] = "X"
        rows.append("".join(row))
    rows.append("#" * (size + 2))
    rows[1] = rows[1].replace("X", "S", 1)
    rows[size] = rows[size][:size] + "E#"
    maze = Maze(tuple(rows), mark="X", question="right turns")
    steps, right, left, at = [], 0, 0, (1, 1)
    for number in range(2 * (size - 1)):
        name = "RIGHT" if number % 2 == 0 else "DOWN"
        target = (at[0], at[1] + 1) if name == "RIGHT" else (at[0] + 1, at[1])
        if number:
            right, left = right + (name == "DOWN"), left + (name == "RIGHT")
        turn = "STRAIGHT" if not number else f"{'RIGHT' if name == 'DOWN' else 'LEFT'}_TURN"
        steps.append((name, at, target, turn, right, left))
        at = target
    text = walked(steps, letter="13").replace("E position: (5, 1)", f"E position: ({size}, {size})")

    assert right > 10
    assert left > 10
    assert isinstance(judge(text, maze), Pass)
    counts = [match.end() - 1 for match in re.finditer(r"(?:Right|Left|Total)=\d\d", text)]
    for end in (*counts, *range(0, len(text), 500)):
        assert isinstance(judge(text[:end], maze, final=False), Pass)
        assert not isinstance(judge(text[:end], maze, final=True), Violation) or "stops" in wrong(text[:end], maze)
    assert isinstance(judge(text.replace("Right=11", "Right=12", 1), maze), Violation)


def test_turning_back_ends_the_count() -> None:
    steps = [*WALK[:2], ("UP", (3, 1), (2, 1), "U-TURN", 2, 0), ("DOWN", (2, 1), (3, 1), "U-TURN", 4, 0)]

    assert judge(walked(steps, letter=None), TURNS) == Pass(2 + 4)


@pytest.mark.parametrize(
    ("phrase", "right"),
    [
        ("directly below the starting point (S), with no horizontal displacement", True),
        ("directly above the starting point (S), with no horizontal displacement", False),
        ("directly to the left of the starting point (S), with no vertical displacement", False),
        ("to the bottom left of the starting point (S)", False),
        ("to the top right of the starting point (S)", False),
    ],
)
def test_where_the_goal_lies(phrase: str, right: bool) -> None:
    text = ASCII.partition("Please")[0] + f"Is the exit (E) {phrase}? Available options: A. Yes, B. No"
    maze = Maze.of(text)

    assert isinstance(judge("\\boxed{A}", maze), Pass if right else Violation)
    assert isinstance(judge("\\boxed{\\text{B}}", maze), Violation if right else Pass)
    assert isinstance(judge("\\boxed{B. No}", maze), Violation if right else Pass)


def test_without_a_marked_path_turns_are_those_of_the_walk() -> None:
    maze = Maze.of(ASCII.format("right turns").replace("X", " "))

    assert judge("\\boxed{B}", maze) == Unknown("the grid marks no single path, and the trace walks none to the goal")
    assert isinstance(judge(walked(letter="B"), maze), Pass)
    assert isinstance(judge(walked(letter="D"), maze), Violation)


@pytest.mark.parametrize(
    "problem",
    [
        "", "What is the shortest path?", lettered(("####", "#S.#", "####")), lettered(("#####", "#S?E#", "#####")),
        lettered(("#SE#", "#SE#")), "#####\n#S E#\n#####\nTell me a story.", "from 'S' (start) to 'E' (goal)",
        MATRIX.replace("* O X", "O O X"), MATRIX + "O O *\n",
    ],
)  # fmt: skip
def test_a_problem_that_cannot_be_read_is_refused_in_one_line(problem: str) -> None:
    with pytest.raises(UsageError) as refused:
        Maze.of(problem)
    assert "\n" not in str(refused.value)


def test_a_grid_that_is_too_large_is_refused() -> None:
    with pytest.raises(UsageError):
        Maze(("S" + "." * 1_000,) * 1_000)


def test_conformance() -> None:
    extractor = MazeClaims()
    right, bad = (extractor.extract(View(walked(letter=letter), final=True)) for letter in "BC")
    hostile = [
        state for text in hostile_texts(longest=10_000).values() if (state := extractor.extract(View(text, final=True)))
    ]

    check_verifier(TURNS, passes=[right], violates=[bad], hostile=hostile)
    check_extractor(
        extractor,
        examples={View(walked(), final=True): right, View("Nothing here.\n"): None},
        hostile=["(1,2) → ", "1. (1,2)\n", "start is at ", ">>> STEP 1: Move UP from (1, 2) to (1, 1)\n"],
        longest=30_000,
    )
