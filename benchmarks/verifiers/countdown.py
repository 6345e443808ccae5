"""Number puzzles: GPT-4's samples and searches in the game of 24, and puzzles with answers that a program scored.

What is right is decided here by another algorithm than the verifier's: regular expressions and Python's own parser read
the text, a step is looked up by the numbers that must have been there before it, and solutions are found by trying all
pairs.
"""

from __future__ import annotations

import ast
import random
import re
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import TypeAlias

from midtrace import Pass, Unknown, Verdict, Verifier, View, Violation
from midtrace.extractors.countdown import CountdownTrace, CountdownWork
from midtrace.verifiers.countdown import Countdown, Game24

from .measured import Half, Measured, Record, records

Numbers: TypeAlias = tuple[Fraction, ...]

_NUMBER = r"-?\d+(?:\.\d+)?(?:/\d+)?"
_STEP = re.compile(
    rf"~?({_NUMBER}|\(-\d+\)) ([-+*/]) ~?({_NUMBER}|\({_NUMBER}\)) [=≈] (?:approx\. )?~?({_NUMBER})"
    r"(?: \(approx\.?\))? \(left: ([-\d./~ ]+)\)"
)
_ANY_STEP = re.compile(r"(.*\d ?[-+*/] ?.*\d.*?) ?(?:[=≈] ?(.*))?\(left: ([-\d./~ ]+)\)")
_REMARK = re.compile(r"\b(?:not|if|ignore|invalid|wrong|no)\b", re.IGNORECASE)
_REFUSAL = re.compile(r"\b(?:no|not|cannot|can't|none|invalid|unable|unfortunately|sorry|without)\b", re.IGNORECASE)


def measure(data: Path, half: Half) -> Iterator[Measured]:
    """All rows of the domain."""
    yield _samples(data, half)
    yield from _searches(data, half)
    for name in ("rg_eval_games__countdown", "rg_eval_games__puzzle24"):
        yield from _scored(data, half, name)


def _samples(data: Path, half: Half) -> Measured:
    measured = Measured("Game24", "GPT-4 samples, steps and answer")
    for record in records(data, "game24_gpt4_cot", half):
        numbers = _numbers(record["numbers"])
        verifier = Game24.of(record["numbers"])
        for n, text in enumerate(record["samples"]):
            _compare(
                measured,
                verifier,
                f"{record['gid']} {n}",
                View(text, final=True),
                _first_fault(text, numbers, final=True),
            )
    return measured


def _searches(data: Path, half: Half) -> Iterator[Measured]:
    partial = Measured("Game24", "GPT-4 search, steps so far")
    final = Measured("Game24", "GPT-4 search, final texts")
    for record in records(data, "game24_gpt4_tot_search", half):
        numbers = _numbers(record["numbers"])
        verifier = Game24.of(record["numbers"])
        for level in record["levels"]:
            for n, text in enumerate(level["new_ys"]):
                name = f"{record['gid']} level {level['step']} {n}"
                _compare(partial, verifier, name, View(text), _first_fault(text, numbers, final=False))
        for n, text in enumerate(record["final"]):
            _compare(
                final, verifier, f"{record['gid']} {n}", View(text, final=True), _first_fault(text, numbers, final=True)
            )
    yield from (partial, final)


def _compare(measured: Measured, verifier: Verifier[CountdownWork], name: str, view: View, fault: int | None) -> None:
    """Count one text, whose first wrong line is `fault`."""
    verdict = measured.timed(lambda: _verdict(verifier, view))
    line = None
    if isinstance(verdict, Violation) and verdict.span is not None:
        line = view.text.count("\n", 0, verdict.span.start)
    shown = f"{name}: line {fault} expected, got {verdict} of {view.text!r}"
    measured.unknown += isinstance(verdict, Unknown)
    if fault is None:
        measured.right += 1
        if isinstance(verdict, Violation):
            measured.flagged.append(shown)
    else:
        measured.wrong += 1
        if line != fault:
            measured.missed.append(shown)


def _verdict(verifier: Verifier[CountdownWork], view: View) -> Verdict:
    state = CountdownTrace().extract(view)
    return Pass(0) if state is None else verifier.check(state)


def _first_fault(text: str, numbers: Numbers, *, final: bool) -> int | None:
    """The number of the first wrong line: a step that nothing explains, or an answer that is none."""
    exact: dict[Numbers, dict[Fraction, Fraction]] = {numbers: {number: number for number in numbers}}
    lines = text.split("\n")
    filled = [n for n, line in enumerate(lines) if line.strip()]
    gap = False
    left: Numbers | None = None
    for n, line in enumerate(lines):
        if not (final or n < len(lines) - 1 or line.endswith(")")) or "Answer:" in line:
            continue
        step, other = _STEP.match(line), _ANY_STEP.match(line)
        if step is not None:
            left = _numbers(step[5])
            state = _explained(step, left, exact)
        elif other is not None:
            left = _numbers(other[3])
            state = {number: number for number in left} if _other_step(other, exact) else None
        else:
            # Numbers may be made here that no list shows.
            gap = gap or re.search(r"\d [=≈] ~?-?\d|left:", line) is not None
            continue
        if state is None and not gap and not _REMARK.search(line):
            return n
        exact[left] = state or exact.get(left) or {number: number for number in left}
    answers = [n for n in filled if "Answer:" in lines[n] and (final or n < len(lines) - 1)]
    if answers:
        return None if _is_answer(lines[answers[-1]], numbers) else answers[-1]
    if not final or not filled:
        return None
    return None if _ends_well(lines[filled[-1]], numbers, left, exact) else filled[-1]


def _explained(
    step: re.Match[str], left: Numbers, exact: dict[Numbers, dict[Fraction, Fraction]]
) -> dict[Fraction, Fraction] | None:
    """The exact values behind the numbers left, if taking the result out and the operands in gives a known set."""
    one, other = (_fraction(step[n].strip("()")) for n in (1, 3))
    result = _fraction(step[4])
    rest = Counter(left)
    if not rest[result]:
        return None
    rest.subtract([result])
    before = tuple(sorted((rest + Counter([one, other])).elements()))
    known = exact.get(before)
    if known is None:
        return None
    value = _operated(step[2], known[one], known[other])
    written = _operated(step[2], one, other)
    about = any(sign in step[0] for sign in ("≈", "~", "approx"))
    if value is None or not any(_rounds(each, step[4], about=about) for each in (value, written)):
        return None
    return {number: known.get(number, number) for number in rest.elements()} | {result: value}


def _other_step(step: re.Match[str], exact: dict[Numbers, dict[Fraction, Fraction]]) -> bool:
    """Whether a step of several operations is right: its operands are there, and what is left is what it leaves."""
    parsed = _parsed(step[1])
    if parsed is None:
        return False
    value, used = parsed
    after = Counter(_numbers(step[3]))
    last = (step[2] or "").rpartition("=")[2].strip()
    if (last and _value(last) != value) or not after[value]:
        return False
    after.subtract([value])
    return tuple(sorted((after + Counter(used)).elements())) in exact


def _is_answer(line: str, numbers: Numbers) -> bool:
    """Whether the line announces a solution, or nothing that could be wrong."""
    line = line.partition("Answer:")[2].strip()
    sides = [side.strip() for side in re.split(r"=|≈|≠|!=", re.sub(r"\([^()\d]+.*", "", line))]
    if any(_solves(side, numbers) for side in sides):
        return True
    if any(_parsed(side) is not None for side in sides) or _REFUSAL.search(line):
        return False  # there is a solution, for all of these puzzles
    return not re.fullmatch(r"[\d.]+", line) or line == "24"


def _ends_well(
    line: str, numbers: Numbers, left: Numbers | None, exact: dict[Numbers, dict[Fraction, Fraction]]
) -> bool:
    """Whether a last line without an announced answer is a solution, or says nothing that could be wrong."""
    if _ANY_STEP.match(line):
        values = exact[left or ()]
        return _REMARK.search(line) is not None or _reaches(
            tuple(sorted(values.get(each, each) for each in left or ()))
        )
    if _REFUSAL.search(line) and not re.search(r"\d [-+*/] \d", line):
        return False
    if re.fullmatch(r"[-+*/\d ().]+(?:= 24)?", line) and re.search(r"\d [-+*/] ", line):
        return _solves(line.partition("=")[0], numbers)
    return True


def _numbers(text: str) -> Numbers:
    return tuple(sorted(_fraction(part) for part in text.replace("~", "").split()))


def _fraction(text: str) -> Fraction:
    upper, _, lower = text.partition("/")
    return Fraction(upper) / Fraction(lower or 1)


def _operated(sign: str, one: Fraction, other: Fraction) -> Fraction | None:
    if sign == "/":
        return one / other if other else None
    return {"+": one + other, "-": one - other, "*": one * other}[sign]


def _rounds(value: Fraction | None, written: str, *, about: bool) -> bool:
    """Whether the literal is the value, or what rounding or cutting makes of it."""
    if value is None:
        return False
    number = _fraction(written)
    places = len(written.partition(".")[2]) if "/" not in written else 0
    if number == value or (value * 10**places).denominator == 1:
        return number == value
    return (places > 0 or about) and abs(number - value) * 10**places < 1


def _parsed(text: str) -> tuple[Fraction, list[Fraction]] | None:
    """Value and numbers of an expression; None if it is none."""
    try:
        tree = ast.parse(text.strip(), mode="eval")
        used: list[Fraction] = []
        value = _walked(tree.body, used)
    except (SyntaxError, ValueError, ZeroDivisionError):
        return None
    return (value, used) if len(used) > 1 else None


def _value(text: str) -> Fraction | None:
    try:
        return _walked(ast.parse(text, mode="eval").body, [])
    except (SyntaxError, ValueError, ZeroDivisionError):
        return None


def _walked(node: ast.expr, used: list[Fraction]) -> Fraction:
    match node:
        case ast.Constant(value=int() | float() as value):
            used.append(Fraction(str(value)))
            return used[-1]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_walked(operand, used)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div() as operator, right=right):
            one, other = _walked(left, used), _walked(right, used)
            return {ast.Add: one.__add__, ast.Sub: one.__sub__, ast.Mult: one.__mul__, ast.Div: one.__truediv__}[
                type(operator)
            ](other)
        case _:
            raise ValueError(ast.dump(node))


def _solves(text: str, numbers: Numbers, target: int = 24) -> bool:
    parsed = _parsed(text)
    return parsed is not None and parsed[0] == target and tuple(sorted(parsed[1])) == numbers


@cache
def _reaches(numbers: Numbers, target: int = 24) -> bool:
    """Whether some order of combining two numbers at a time ends at the target."""
    if len(numbers) == 1:
        return numbers[0] == target
    for i, one in enumerate(numbers):
        for j, other in enumerate(numbers):
            if i != j:
                rest = [number for k, number in enumerate(numbers) if k not in {i, j}]
                for value in (_operated(sign, one, other) for sign in "+-*/"):
                    if value is not None and _reaches(tuple(sorted([*rest, value])), target):
                        return True
    return False


def _scored(data: Path, half: Half, name: str) -> Iterator[Measured]:
    short = name.partition("__")[2]
    kind = "Countdown" if short == "countdown" else "Game24"
    gold = Measured(kind, f"{short}: expected answers, and mutations of them")
    answers = Measured(kind, f"{short}: model outputs with a tagged answer")
    seen: set[str] = set()
    for record in records(data, name, half):
        verifier = Countdown.of(record["question"])
        if record["gid"] not in seen:
            seen.add(record["gid"])
            _mutated(gold, verifier, record)
        if record["model_answer"] is None:
            continue  # scored by its missing tag, whatever it says
        right = record["score"] == 1.0
        verdict = answers.timed(lambda: _verdict(verifier, View(record["response"], final=True)))  # noqa: B023
        answers.right, answers.wrong = answers.right + right, answers.wrong + (not right)
        answers.unknown += isinstance(verdict, Unknown)
        shown = f"{record['id']}: {verdict} of {record['model_answer']!r}, scored {record['score']}"
        if right and isinstance(verdict, Violation):
            answers.flagged.append(shown)
        elif not right and not isinstance(verdict, Violation):
            answers.missed.append(shown)
    yield from (gold, answers)


def _mutated(measured: Measured, verifier: Countdown, record: Record) -> None:
    """The expected answer in several notations, and everything near it that is wrong by Python's own arithmetic."""
    expected = record["expected_answer"]
    for text in _notations(expected):
        measured.right += 1
        verdict = measured.timed(lambda: _verdict(verifier, View(text, final=True)))  # noqa: B023
        if verdict != Pass(1):
            measured.flagged.append(f"{record['gid']}: {verdict} of {text!r}")
    numbers = tuple(sorted(Fraction(number) for number in verifier.numbers))
    for mutation in _mutations(expected):
        if _solves(mutation, numbers, verifier.target) or _parsed(mutation) is None:
            continue
        measured.wrong += 1
        text = f"<answer>{mutation}</answer>"
        verdict = measured.timed(lambda: _verdict(verifier, View(text, final=True)))  # noqa: B023
        if not isinstance(verdict, Violation):
            measured.missed.append(f"{record['gid']}: {verdict} of {mutation}, expected {expected}")


def _notations(expression: str) -> Iterator[str]:
    tex = expression.replace("*", r"\times ").replace("/", r"\div ").replace("(", r"\left(").replace(")", r"\right)")
    yield f"<answer>{expression}</answer>"
    yield f"Answer: {expression} = ..."
    yield f"So the result is\n\\[\n\\boxed{{{tex}}}\n\\]"
    yield f"**Answer:** ${tex}$."
    yield expression.replace("*", "×").replace("/", "÷").replace("-", "−")
    yield f"<answer>{re.sub(r'[*](?=[(])', '', expression)}</answer>"


def _mutations(expression: str) -> Iterator[str]:
    """A number changed, dropped or used twice, a sign changed."""
    numbers = [*re.finditer(r"\d+", expression)]
    for match in numbers:
        before, after = expression[: match.start()], expression[match.end() :]
        yield f"{before}{int(match.group()) + 1}{after}"
        yield f"{before}{match.group()}{random.Random(before).randint(0, 9)}{after}"
        yield f"{before}({match.group()} + {match.group()}){after}"
        other = numbers[(numbers.index(match) + 1) % len(numbers)].group()
        yield f"{before}{other}{after}"
        if re.match(r"\s*[-+*/]", after):
            yield before + re.sub(r"^\s*[-+*/]", "", after)
        elif re.search(r"[-+*/]\s*\Z", before):
            yield re.sub(r"[-+*/]\s*\Z", "", before) + after
    for match in re.finditer(r"[-+*/]", expression):
        for sign in "+-*/":
            if sign != match.group():
                yield f"{expression[: match.start()]}{sign}{expression[match.end() :]}"
