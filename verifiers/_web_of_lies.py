"""Webs of lies, from their text: "Ava says Leo lies. Leo says exactly one of Ava and Mia tells the truth. ...\""""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from midtrace import UsageError
from midtrace.extractors import Apply, Term, Variable, variables_of

from ._knights_puzzles import exactly

MAX_GROUP = 6
"""People of whom one statement counts the honest ones."""


class Web(NamedTuple):
    """What a text says. A person as a variable means that he tells the truth; a statement of nobody's is a fact."""

    people: tuple[str, ...]
    statements: tuple[tuple[str | None, Term], ...]
    asked: tuple[str, ...]


_WHO = r"(?:[Tt]he\s+person\s+at\s+the\s+[a-z][a-z ]{1,40}?|[A-Z][\w'’-]{0,39})"
_NATURE = r"(?P<nature>tells?\s+the\s+truth|lies?)"
_GROUP = rf"(?P<group>{_WHO}(?:,\s*{_WHO}){{0,5}},?\s+and\s+{_WHO})"
_COUNTS = {"only one": 1, "exactly one": 1, "exactly two": 2, "two": 2, "none": 0, "one": 1, "all three": 3}
_COUNT = r"(?:only\s+one|exactly\s+one|exactly\s+two|two|one|all\s+three|none)"
_FACT = re.compile(rf"(?:(?P<who>{_WHO})\s+says\s+)?(?P<whom>{_WHO})\s+{_NATURE}\Z")
_ALL = re.compile(rf"(?P<who>{_WHO})\s+says\s+{_GROUP}\s+all\s+{_NATURE}\Z")
_COUNTED = re.compile(
    rf"(?P<who>{_WHO})\s+says\s+(?P<either>either\s+)?(?P<count>{_COUNT})\s+of\s+{_GROUP}(?:\s+{_NATURE})?"
    rf"(?P<other>,?\s+or\s+(?P<count2>{_COUNT})(?:\s+of\s+them)?(?:\s+(?P<nature2>tells?\s+the\s+truth|lies?))?)?\Z"
)
_ASKED = re.compile(rf"(?:Does|Do)\s+(?P<group>{_WHO}(?:,\s*{_WHO})*(?:,?\s+and\s+{_WHO})?)\s+tell\s+the\s+truth\Z")
_IDLE = re.compile(
    rf"In\s+this\s+question\b.*|Question:?|{_WHO}\s+is\s+at\s+the\s+[a-z ]+|{_WHO}\s+saw\s+an?\s+[a-z ]+"
    rf"|{_WHO}\s+thinks\s+their\s+[a-z]+\s+is\s+(?:lying|telling\s+the\s+truth)|Your\s+answer\s+should\b.*"
    r"|Each\s+of\s+them\s+must\s+be\b.*|For\s+example\b.*",
    re.DOTALL,
)


def read_web(problem: str) -> Web:
    """The web that a text tells. Raises `UsageError` for any sentence that it does not know."""
    statements: list[tuple[str | None, Term]] = []
    asked: list[str] = []
    text = re.sub(r"^\s*Question:\s*", "", problem)
    for piece in re.split(r"(?<=[.?])\s*(?=[A-Z]|\Z)", text):
        sentence = piece.strip().rstrip(".?").strip()
        if not sentence:
            continue
        if (question := _ASKED.match(sentence)) is not None:
            asked += _members(question["group"])
        elif (found := _statement(sentence)) is not None:
            statements.append(found)
        elif _IDLE.fullmatch(sentence) is None:
            raise UsageError(f"cannot read {sentence[:120]!r} in the problem")
    if not statements or not asked:
        raise UsageError(
            "expected statements such as 'Ava says Leo lies.' and a question such as 'Does Ava tell the truth?'"
        )
    people = dict.fromkeys(asked)
    for speaker, term in statements:
        people |= dict.fromkeys([*([speaker] if speaker else []), *variables_of(term)])
    return Web(tuple(people), tuple(statements), tuple(asked))


def _statement(sentence: str) -> tuple[str | None, Term] | None:
    if (fact := _FACT.match(sentence)) is not None:
        honest: Term = Variable(_person(fact["whom"]))
        speaker = _person(fact["who"]) if fact["who"] else None
        return speaker, Apply("not", (honest,)) if fact["nature"].startswith("lie") else honest
    if (everyone := _ALL.match(sentence)) is not None:
        group = _members(everyone["group"])
        return _person(everyone["who"]), exactly([_honest(len(group), group, everyone["nature"])], group)
    if (counted := _COUNTED.match(sentence)) is not None:
        group = _members(counted["group"])
        nature = counted["nature"] or counted["nature2"]
        if nature is None or len(group) > MAX_GROUP or (counted["either"] is None) != (counted["other"] is None):
            return None
        counts = [_honest(_count(counted["count"]), group, nature)]
        if counted["other"]:
            counts.append(_honest(_count(counted["count2"]), group, counted["nature2"] or nature))
        return _person(counted["who"]), exactly(counts, group)
    return None


def _count(words: str) -> int:
    return _COUNTS[" ".join(words.split())]


def _honest(count: int, group: Sequence[str], nature: str) -> int:
    """How many tell the truth where so many do that, or lie."""
    return len(group) - count if nature.startswith("lie") else count


def _members(text: str) -> list[str]:
    return [_person(name) for name in re.split(r",?\s+and\s+|,\s*", text)]


def _person(text: str) -> str:
    text = " ".join(text.split())
    return text[0].lower() + text[1:] if text.lower().startswith("the person") else text
