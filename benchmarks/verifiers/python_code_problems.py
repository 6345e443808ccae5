"""Small programming problems with solutions that are right and solutions that are wrong, all written for this."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

from midtrace.verifiers.python_code import PythonCode

from .measured import Half, Measured
from .python_code import count, judged


def measure(_data: Path, _half: Half) -> Iterator[Measured]:
    measured = Measured("PythonCode", "problems in the style of HumanEval, right and wrong solutions")
    for problem in PROBLEMS:
        verifier = PythonCode(problem.tests, problem.cases, undefined_names=True)
        for right, solutions in ((True, problem.right), (False, problem.wrong)):
            for code in solutions:
                text = f"Let me think about it.\n\n```python\n{code}\n```\n\nThis is O(n)."
                count(measured, f"{problem.name}: {code}", right, partial(judged, verifier, text))
    yield measured


class Problem(NamedTuple):
    name: str
    tests: tuple[str, ...]
    cases: tuple[tuple[str, str], ...]
    right: tuple[str, ...]
    wrong: tuple[str, ...]


def _problem(
    name: str,
    *,
    tests: tuple[str, ...] = (),
    cases: tuple[tuple[str, str], ...] = (),
    right: tuple[str, ...],
    wrong: tuple[str, ...],
) -> Problem:
    plain = [tuple(dedent(each).strip() for each in codes) for codes in (right, wrong)]
    return Problem(name, tuple(dedent(test).strip() for test in tests), cases, *plain)


PROBLEMS: tuple[Problem, ...] = (
    _problem(
        "close elements",
        tests=(
            """
            def check(candidate):
                assert candidate([1.0, 2.0, 3.9, 4.0, 5.0, 2.2], 0.3) == True
                assert candidate([1.0, 2.0, 3.9, 4.0, 5.0, 2.2], 0.05) == False
            check(has_close)
            """,
        ),
        right=(
            """
            def has_close(numbers, threshold):
                ordered = sorted(numbers)
                return any(b - a < threshold for a, b in zip(ordered, ordered[1:]))
            """,
            """
            from itertools import combinations
            from typing import List

            def has_close(numbers: List[float], threshold: float) -> bool:
                for a, b in combinations(numbers, 2):
                    if abs(a - b) < threshold:
                        return True
                return False
            """,
        ),
        wrong=(
            """
            def has_close(numbers, threshold):
                return any(abs(b - a) < threshold for a, b in zip(numbers, numbers[2:]))
            """,
            """
            def has_close(numbers, threshold):
                ordered = sort(numbers)
                return any(b - a < threshold for a, b in zip(ordered, ordered[1:]))
            """,
        ),
    ),
    _problem(
        "sort in place",
        tests=("xs = [3, 1, 2]\narrange(xs)\nassert xs == [1, 2, 3]",),
        right=(
            """
            def arrange(values):
                values.sort()
            """,
            """
            def arrange(values):
                for i in range(len(values)):
                    for j in range(i + 1, len(values)):
                        if values[j] < values[i]:
                            values[i], values[j] = values[j], values[i]
            """,
        ),
        wrong=(
            """
            def arrange(values):
                values = sorted(values)
                return values
            """,
            """
            def arrange(values):
                values.sort(reverse=True)
            """,
        ),
    ),
    _problem(
        "stack",
        tests=("s = Stack()\ns.push(1)\ns.push(2)\nassert s.pop() == 2\nassert len(s) == 1\nassert s.peek() == 1",),
        right=(
            """
            class Stack:
                def __init__(self):
                    self._items = []
                def push(self, item):
                    self._items.append(item)
                def pop(self):
                    return self._items.pop()
                def peek(self):
                    return self._items[-1]
                def __len__(self):
                    return len(self._items)
            """,
            """
            from dataclasses import dataclass, field

            @dataclass
            class Stack:
                items: list = field(default_factory=list)
                def push(self, item): self.items.append(item)
                def pop(self): return self.items.pop()
                def peek(self): return self.items[-1]
                def __len__(self): return len(self.items)
            """,
        ),
        wrong=(
            """
            class Stack:
                def __init__(self):
                    self._items = []
                def push(self, item):
                    self._items.append(item)
                def pop(self):
                    return self._items.pop(0)
                def peek(self):
                    return self._items[-1]
                def __len__(self):
                    return len(self._items)
            """,
        ),
    ),
    _problem(
        "primes",
        cases=(("[n for n in range(20) if is_prime(n)]", "[2, 3, 5, 7, 11, 13, 17, 19]"), ("is_prime(91)", "False")),
        right=(
            """
            def is_prime(n):
                return n > 1 and all(n % d for d in range(2, int(n ** 0.5) + 1))
            """,
            """
            def is_prime(n):
                if n < 2:
                    return False
                d = 2
                while d * d <= n:
                    if n % d == 0:
                        return False
                    d += 1
                return True
            """,
        ),
        wrong=(
            """
            def is_prime(n):
                return all(n % d for d in range(2, int(n ** 0.5) + 1))
            """,
            """
            def is_prime(n):
                return n > 1 and all(n % d for d in range(2, int(n ** 0.5)))
            """,
        ),
    ),
    _problem(
        "fibonacci generator",
        tests=("from itertools import islice\nassert list(islice(fibonacci(), 8)) == [0, 1, 1, 2, 3, 5, 8, 13]",),
        right=(
            """
            def fibonacci():
                a, b = 0, 1
                while True:
                    yield a
                    a, b = b, a + b
            """,
        ),
        wrong=(
            """
            def fibonacci():
                a, b = 1, 1
                while True:
                    yield a
                    a, b = b, a + b
            """,
        ),
    ),
    _problem(
        "word count",
        cases=(("count('a b a')", "{'a': 2, 'b': 1}"), ("count('')", "{}")),
        right=(
            """
            from collections import Counter
            def count(text):
                return Counter(text.split())
            """,
            """
            from collections import defaultdict
            def count(text):
                found = defaultdict(int)
                for word in text.split():
                    found[word] += 1
                return found
            """,
        ),
        wrong=(
            """
            def count(text):
                return {word: text.count(word) for word in text.split(' ')}
            """,
        ),
    ),
    _problem(
        "mean",
        cases=(("mean([0.1, 0.2, 0.3])", "0.2"), ("mean([1, 2])", "1.5")),
        right=(
            """
            def mean(xs):
                return sum(xs) / len(xs)
            """,
            """
            import statistics
            def mean(xs):
                return statistics.mean(xs)
            """,
        ),
        wrong=(
            """
            def mean(xs):
                return sum(xs) // len(xs)
            """,
            """
            def mean(xs):
                return sum(xs) / (len(xs) - 1)
            """,
        ),
    ),
    _problem(
        "refuses",
        tests=(
            "try:\n    root(-1)\nexcept ValueError:\n    pass\nelse:\n    assert False, 'expected ValueError'",
            "assert root(9) == 3",
        ),
        right=(
            """
            def root(n):
                if n < 0:
                    raise ValueError('negative')
                return int(n ** 0.5)
            """,
            """
            import math
            class Negative(ValueError): pass
            def root(n):
                if n < 0:
                    raise Negative(n)
                return math.isqrt(n)
            """,
        ),
        wrong=(
            """
            def root(n):
                if n < 0:
                    return None
                return int(n ** 0.5)
            """,
            """
            def root(n):
                if n < 0:
                    raise KeyError('negative')
                return int(n ** 0.5)
            """,
        ),
    ),
    _problem(
        "round trip property",
        tests=("for text in ('', 'a', 'aaab', 'xyzzy', 'aabbaa'):\n    assert decode(encode(text)) == text",),
        right=(
            """
            from itertools import groupby
            def encode(text):
                return [(letter, len(list(group))) for letter, group in groupby(text)]
            def decode(pairs):
                return ''.join(letter * count for letter, count in pairs)
            """,
        ),
        wrong=(
            """
            def encode(text):
                return [(letter, text.count(letter)) for letter in dict.fromkeys(text)]
            def decode(pairs):
                return ''.join(letter * count for letter, count in pairs)
            """,
        ),
    ),
    _problem(
        "unique in order",
        cases=(("unique([3, 1, 3, 2, 1])", "[3, 1, 2]"), ("unique([])", "[]")),
        right=(
            """
            def unique(items):
                seen = set()
                return [x for x in items if not (x in seen or seen.add(x))]
            """,
            """
            def unique(items):
                return list(dict.fromkeys(items))
            """,
        ),
        wrong=(
            """
            def unique(items):
                return sorted(set(items))
            """,
            """
            def unique(items):
                return [x for x in items if items.count(x) == 1]
            """,
        ),
    ),
    _problem(
        "factorial",
        cases=(("factorial(5)", "120"), ("factorial(0)", "1"), ("factorial(30)", "265252859812191058636308480000000")),
        right=(
            """
            def factorial(n):
                return 1 if n < 2 else n * factorial(n - 1)
            """,
            """
            from functools import lru_cache, reduce
            @lru_cache(maxsize=None)
            def factorial(n: int) -> int:
                return reduce(lambda a, b: a * b, range(1, n + 1), 1)
            """,
        ),
        wrong=(
            """
            def factorial(n):
                return n * factorial(n - 1)
            """,
            """
            def factorial(n):
                result = 0
                for i in range(1, n + 1):
                    result *= i
                return result
            """,
            """
            def factorial(n)
                return 1 if n < 2 else n * factorial(n - 1)
            """,
        ),
    ),
    _problem(
        "brackets",
        tests=("assert balanced('([]{})')", "assert not balanced('([)]')", "assert not balanced('((')"),
        right=(
            """
            def balanced(text):
                pairs = {')': '(', ']': '[', '}': '{'}
                stack = []
                for c in text:
                    if c in pairs.values():
                        stack.append(c)
                    elif c in pairs:
                        if not stack or stack.pop() != pairs[c]:
                            return False
                return not stack
            """,
        ),
        wrong=(
            """
            def balanced(text):
                return all(text.count(a) == text.count(b) for a, b in ('()', '[]', '{}'))
            """,
            """
            def balanced(text):
                pairs = {')': '(', ']': '[', '}': '{'}
                stack = []
                for c in text:
                    if c in pairs.values():
                        stack.append(c)
                    elif c in pairs and (not stack or stack.pop() != pairs[c]):
                        return False
                return True
            """,
        ),
    ),
    _problem(
        "transpose",
        cases=(("transpose([[1, 2, 3], [4, 5, 6]])", "[[1, 4], [2, 5], [3, 6]]"), ("transpose([])", "[]")),
        right=(
            """
            def transpose(rows):
                return [list(column) for column in zip(*rows)]
            """,
        ),
        wrong=(
            """
            def transpose(rows):
                return list(zip(*rows))
            """,
            """
            def transpose(rows):
                return [[row[i] for row in rows] for i in range(len(rows))]
            """,
        ),
    ),
    _problem(
        "later helper",
        cases=(("total('1,2,3')", "6"),),
        right=(
            """
            def total(text):
                return sum(numbers(text))

            def numbers(text):
                return [int(part) for part in text.split(',')]

            if __name__ == '__main__':
                print(total(input()))
            """,
        ),
        wrong=(
            """
            def total(text):
                return sum(numbers(text))
            """,
        ),
    ),
    _problem(
        "anagrams",
        cases=(("sorted(map(sorted, groups(['eat', 'tea', 'tan', 'ate'])))", "[['ate', 'eat', 'tea'], ['tan']]"),),
        right=(
            """
            def groups(words):
                found = {}
                for word in words:
                    found.setdefault(''.join(sorted(word)), []).append(word)
                return list(found.values())
            """,
            """
            def groups(words):
                found = {}
                for word in words:
                    found.setdefault(frozenset(word), set()).add(word)
                return [list(each) for each in found.values()]
            """,
        ),
        wrong=(
            """
            def groups(words):
                found = {}
                for word in words:
                    found.setdefault(len(word), []).append(word)
                return list(found.values())
            """,
        ),
    ),
)
