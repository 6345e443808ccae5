"""Problems about places, from their text: statements, question and options."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from midtrace import UsageError

from ._named_claims import MAX_NAMES, lettered, plain
from ._spatial_relations_stories import Relation, relation
from ._spatial_relations_words import DIRECTIONS, Direction, direction


@dataclass(frozen=True, slots=True)
class WhichDirection:
    """Where is `subject`, seen from `object`?"""

    subject: str
    object: str


@dataclass(frozen=True, slots=True)
class WhichObject:
    """What lies in `direction` of `object`?"""

    direction: Direction
    object: str


@dataclass(frozen=True, slots=True)
class HowMany:
    """How many things lie in `direction` of `object`?"""

    direction: Direction
    object: str


Question: TypeAlias = WhichDirection | WhichObject | HowMany


@dataclass(frozen=True, slots=True)
class SpatialProblem:
    """A problem as it was read. `names` are all that it names; with `grid` each statement is one step on a grid."""

    names: tuple[str, ...]
    relations: tuple[Relation, ...]
    grid: bool = False
    question: Question | None = None
    options: tuple[tuple[str, str], ...] = ()


_ASKED = re.compile(r"What is the relation of the agent ([A-Z]) (?:to|with) the agent ([A-Z])\?")
_SENTENCE = re.compile(r"(?<=[.?])\s+")
_SAYS_NOTHING = re.compile(r"The objects? [A-Z] and [A-Z] are (?:over )?there\.")
_WAY = (
    r"(?:(?:north|south)[ -]?(?:east|west)|north|south|east|west"
    r"|(?:upper|lower|top|bottom)[ -](?:left|right)|left|right)"
)
_STATED = re.compile(
    rf" (?:is|are|lies) (?:located |situated |positioned |placed |directly ){{0,2}}"
    rf"((?:(?:to|in|on|at) (?:the )?)?{_WAY}(?: side| corner)? of|(?:to the )?(?:left|right) of"
    rf"|(?:above|below|over|under|beneath|on top of)(?: and to the (?:left|right) of)?) (?:the )?",
    re.IGNORECASE,
)
_END = re.compile(r"\.\s+|\.?\s*\n\s*|\.?\s*\Z")
_IN_THE_MAP = re.compile(r"\A(?:.*(?:\n|: ?))?(?:The )?([^\n:]{1,80}?) is (?:in|on) the map\Z", re.DOTALL)
_ABBREVIATED = re.compile(r"(?:\A|[\s(])(?:St|Dr|Mr|Mrs|Ms|Mt|Ft|No)\Z|[\s(][A-Z]\Z")
_QUESTION = re.compile(
    r"(?P<which>In which direction is (?:the )?(?P<subject>.{1,80}?)"
    r" (?:relative to|from|of) (?:the )?(?P<from>.{1,80}?)\?)"
    rf"|(?P<many>How many|Which) (?:objects?|things?|places?|entit(?:y|ies)) (?:is|are) (?:located )?(?:in|to|on) the"
    rf" (?P<way>{_WAY}) of (?:the )?(?P<object>.{{1,80}}?)\?",
    re.IGNORECASE,
)
_STATEMENTS_END = re.compile(
    r"please answer|(?:^|\n)\s*(?:question|q):|\b(?:in which direction|how many|which object)\b", re.IGNORECASE
)


@lru_cache(maxsize=32)
def spatial_problem(problem: str) -> SpatialProblem:
    """Read a StepGame story with its question, or statements such as "X is to the Northeast of Y." with or without one.

    Raises `UsageError` for a text without a statement, and for a sentence that cannot be read for sure.
    """
    asked = _ASKED.search(problem)
    read = _map(problem) if asked is None else _story(problem[: asked.start()], WhichDirection(asked[1], asked[2]))
    if len(read.names) > MAX_NAMES:
        raise UsageError(f"SpatialRelations.of(problem): {len(read.names)} names; expected at most {MAX_NAMES}")
    return read


def _story(text: str, question: WhichDirection) -> SpatialProblem:
    found: list[Relation] = []
    for part in _SENTENCE.split(text.strip()):
        read = relation(part)
        if read is not None:
            found.append(read)
        elif _SAYS_NOTHING.fullmatch(part) is None and len(set(re.findall(r"\b[A-Z]\b", part))) > 1:
            raise UsageError(f"SpatialRelations.of(problem): cannot read the statement {part[:120]!r}")
    named = [name for each in found for name in (each.subject, each.object)]
    names = tuple(dict.fromkeys([*named, question.subject, question.object]))
    return SpatialProblem(names, tuple(found), grid=True, question=question)


def _map(problem: str) -> SpatialProblem:
    text = plain(problem)
    asked = _QUESTION.search(text)
    end = _STATEMENTS_END.search(text)
    facts = text[: end.start()] if end else text
    stated = list(_STATED.finditer(facts))
    if not stated:
        raise UsageError("SpatialRelations.of(problem): found no statement such as 'X is to the left of Y.'")
    pieces = [
        facts[left.end() if left else 0 : right.start() if right else len(facts)]
        for left, right in zip([None, *stated], [*stated, None], strict=True)
    ]
    relations: list[Relation] = []
    mapped: list[str] = []
    subject, extra = _opening(pieces[0])
    mapped += extra
    for match, piece in zip(stated, pieces[1:], strict=True):
        way = direction(match[1].lower())
        other, following, extra = _parted(piece, last=match is stated[-1])
        if way is None:
            raise UsageError(f"SpatialRelations.of(problem): cannot read the direction {match[1]!r}")
        relations.append(Relation(subject, way, other))
        mapped += extra
        subject = following
    names = tuple(dict.fromkeys([*mapped, *(name for each in relations for name in (each.subject, each.object))]))
    question = _question(asked, names) if asked is not None else None
    return SpatialProblem(names, tuple(relations), question=question, options=_options(text))


def _opening(piece: str) -> tuple[str, list[str]]:
    """The first subject, and what the text says before it to be in the map."""
    *earlier, subject = _sentences(piece)
    return _name(subject.rpartition(":")[2]), _mapped(earlier)


def _parted(piece: str, *, last: bool) -> tuple[str, str, list[str]]:
    """What stands between two relations: the object of the first, the subject of the second, and what is in the map."""
    parts = _sentences(piece)
    if last:
        return _name(parts[0]), "", []
    if len(parts) < 2:
        raise UsageError(f"SpatialRelations.of(problem): cannot tell the names apart in {piece[:120]!r}")
    between = _mapped(parts[1:-1])
    if len(between) < len(parts) - 2:
        raise UsageError(f"SpatialRelations.of(problem): cannot read the statement in {piece[:120]!r}")
    return _name(parts[0]), _name(parts[-1]), between


def _sentences(piece: str) -> list[str]:
    """`piece` cut at its sentence ends; the period of an abbreviation ends none."""
    parts: list[str] = []
    begin = 0
    for stop in _END.finditer(piece):
        if _ABBREVIATED.search(piece[begin : stop.start()]) and not stop.group().endswith("\n"):
            continue
        parts.append(piece[begin : stop.start()].strip())
        begin = stop.end()
    return [part for part in parts if part] or [""]


def _mapped(parts: list[str]) -> list[str]:
    return [_name(match[1]) for match in map(_IN_THE_MAP.match, parts) if match is not None]


def _name(text: str) -> str:
    name = re.sub(r"\A(?:the|-|\*|\d{1,3}[.)])\s+", "", text.strip(), flags=re.IGNORECASE)
    if not name or len(name) > 80 or "\n" in name:
        raise UsageError(f"SpatialRelations.of(problem): expected a name, got {text[:120]!r}")
    return name


def _question(asked: re.Match[str], names: tuple[str, ...]) -> Question:
    for name in filter(None, (asked["subject"], asked["from"], asked["object"])):
        if name not in names:
            raise UsageError(
                f"SpatialRelations.of(problem): the question asks about {name!r}, which no statement names"
            )
    if asked["which"]:
        return WhichDirection(asked["subject"], asked["from"])
    way = direction(asked["way"].lower())
    if way not in DIRECTIONS:
        raise UsageError(f"SpatialRelations.of(problem): cannot read the direction {asked['way']!r}")
    kind = HowMany if asked["many"].lower() == "how many" else WhichObject
    return kind(way, asked["object"])


_INLINE = re.compile(r"[Oo]ptions(?: are)?:\s*([^\n]+)")


def _options(text: str) -> tuple[tuple[str, str], ...]:
    """The options, which may stand in one line: "Available options: A. 1, B. 0, C. 2, D. 3."."""
    line = _INLINE.search(text)
    if line is None:
        return lettered(text)
    marks = list(re.finditer(r"(?:\A|(?<=[,|;] ))\(?([A-Z])[.)] ", line[1]))
    if [mark[1] for mark in marks] != [chr(ord("A") + n) for n in range(len(marks))] or len(marks) < 2:
        return lettered(text)
    ends = [*(mark.start() for mark in marks[1:]), len(line[1])]
    return tuple(
        (mark[1], line[1][mark.end() : end].rstrip(" ,|;").removesuffix("."))
        for mark, end in zip(marks, ends, strict=True)
    )
