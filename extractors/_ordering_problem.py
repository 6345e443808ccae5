"""Problems about a fixed order, from their text: objects, statements and options."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from midtrace import UsageError

from ._named_claims import lettered, plain
from ._ordering_facts import Fact, Objects, facts, tokens
from ._ordering_words import SCALES

MAX_OBJECTS = 20
"""Objects that an order may have."""


@dataclass(frozen=True, slots=True)
class Statement:
    """Something that holds of the order, and how the problem says it."""

    text: str
    fact: Fact


@dataclass(frozen=True, slots=True)
class OrderProblem:
    """A problem as it was read; no options if one of them says nothing of the order."""

    objects: Objects
    statements: tuple[Statement, ...]
    options: tuple[tuple[str, Statement], ...] = ()


_NUMBERS = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11,
    "twelve": 12,
}  # fmt: skip
_INTRODUCED = re.compile(
    rf"\b(?:there (?:are|were)|sells|has|have|holds)\s+(?P<count>{'|'.join(_NUMBERS)}|\d{{1,2}})\s+(?P<kind>[a-z]+):\s+"
    r"(?P<names>[^.\n]{1,600})\.",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r",\s+(?:and\s+)?|\s+and\s+")
_ARTICLE = re.compile(r"\A(?:an?|the)\s+", re.IGNORECASE)
_QUESTION = re.compile(r"(?:\n|\A|(?<=\. ))\s*(?:Q:|Question:|Options:|Which\b|What\b|Who\b)")
_SENTENCE = re.compile(r"(?:\A|(?<=\s))[\s*•-]*([^\s*•-][^.\n]*)(?:\.(?=\s|\Z)|(?=\n)|\Z)")
_NEARER = re.compile(
    r"\b(?:directly|immediately|adjacent|next to|just|exactly|between|or|if|not|neither)\b", re.IGNORECASE
)


@lru_cache(maxsize=32)
def order_problem(problem: str) -> OrderProblem:
    """Read a problem such as "On a shelf, there are three books: a red book, ... The red book is the leftmost.".

    Raises `UsageError` without a list of objects, for more than `MAX_OBJECTS`, and for a statement that cannot be read.
    """
    text = plain(problem)
    listed = _INTRODUCED.search(text)
    if listed is None:
        raise UsageError(
            "Ordering.of(problem): found no list of objects, such as 'there are three books: a red book, ...'"
        )
    names = tuple(_ARTICLE.sub("", part.strip()) for part in _BETWEEN.split(listed["names"]) if part.strip())
    count = listed["count"].lower()
    expected = _NUMBERS[count] if count in _NUMBERS else int(count)
    if len(names) != expected or len({name.lower() for name in names}) != expected or expected > MAX_OBJECTS:
        raise UsageError(
            f"Ordering.of(problem): expected {count} different objects, at most {MAX_OBJECTS}, got {', '.join(names)}"
        )
    kind = listed["kind"].lower()
    kinds = (kind, kind.removesuffix("s"))
    question = _QUESTION.search(text, listed.end())
    body = text[listed.end() : question.start() if question else len(text)]
    sentences = [match[1].strip() for match in _SENTENCE.finditer(body) if match[1].strip()]
    readings = [Objects(names, scale, kinds) for scale in SCALES]
    read = [[_statement(each, objects) for each in sentences] for objects in readings]
    objects, statements = max(
        zip(readings, read, strict=True), key=lambda pair: sum(each is not None for each in pair[1])
    )
    for said, statement in zip(sentences, statements, strict=True):
        if statement is None:
            raise UsageError(f"Ordering.of(problem): cannot read the statement {said[:120]!r}")
    if not statements:
        raise UsageError("Ordering.of(problem): found no statement behind the list of objects")
    return OrderProblem(objects, tuple(filter(None, statements)), _options(text, objects))


def _statement(said: str, objects: Objects) -> Statement | None:
    """The one fact that a whole sentence states, or None if it says anything else."""
    found = list(facts(said, objects, None, 0, len(said)))
    if len(found) != 1 or _NEARER.search(said) is not None:
        return None
    inside = sum(found[0].start <= token.start < found[0].end for token in tokens(said, objects, None, 0, len(said)))
    whole = inside == len(tokens(said, objects, None, 0, len(said)))
    return Statement(said, found[0].fact) if whole else None


def _options(text: str, objects: Objects) -> tuple[tuple[str, Statement], ...]:
    read = [(letter, _statement(said, objects)) for letter, said in lettered(text)]
    found = tuple((letter, statement) for letter, statement in read if statement is not None)
    return found if len(found) == len(read) else ()
