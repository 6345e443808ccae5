"""Reads a logic-grid puzzle: how many houses there are, what is in them, and what each clue says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from midtrace import UsageError
from midtrace.extractors import Apply, Constant, Operator, Term, Variable

MAX_CHARACTERS = 50_000
"""Characters in a puzzle."""

_CATEGORY = re.compile(r"^[ \t]*[-*•] (?P<heading>[^:\n]{1,200}): (?P<values>[^\n]{1,2000})$", re.MULTILINE)
_CLUE = re.compile(r"^[ \t]*(?P<number>[0-9]{1,3})\. (?P<text>[^\n]{1,500}?)\.?[ \t]*$", re.MULTILINE)
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_CARDINALS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
           "november", "december")  # fmt: skip
_PEOPLES = {"brit": "british", "dane": "danish", "swede": "swedish", "pole": "polish", "spaniard": "spanish",
            "turk": "turkish", "finn": "finnish", "scot": "scottish"}  # fmt: skip
# Words that only a phrase about this kind of thing has, by a word of its heading; they tell equal values apart.
_CUES = {
    "hair": ("hair",),
    "color": ("color", "colour", "loves"),
    "colour": ("color", "colour", "loves"),
    "child": ("child", "mother of", "parent of"),
    "children": ("child", "mother of", "parent of"),
    "mothers": ("mother's name",),
    "pet": ("has a", "owns a", "pet", "aquarium"),
    "animals": ("lover", "owner", "keeper", "enthusiast"),
    "birthday": ("birthday",),
    "heights": ("who is", "height"),
    "drink": ("drink", "drinker", "drinks", "likes", "lover"),
    "smoothie": ("smoothie",),
    "flower": ("bouquet", "boquet", "vase", "arrangement", "flower"),
}

_HOUSE = rf"(?P<place>{'|'.join(_ORDINALS)}|[0-9]{{1,2}}(?:st|nd|rd|th))"
_EQUAL = re.compile(r" is (?P<not>not )?", re.IGNORECASE)
_SHAPES = tuple(
    re.compile(shape, re.IGNORECASE)
    for shape in (
        rf"(?P<left>.+?) (?:is|lives) (?P<not>not )?in the {_HOUSE} house",
        r"(?P<left>.+?) (?:is|lives) (?P<not>not )?in house (?:number )?(?P<number>[0-9]{1,2})",
        r"(?P<left>.+?) is (?P<adjacent>directly|immediately) (?:to the )?(?P<side>left|right) of (?P<right>.+)",
        r"(?P<left>.+?) is (?:somewhere )?to the (?P<side>left|right) of (?P<right>.+)",
        r"(?P<left>.+?) and (?P<right>.+?) (?:are|live) next to each other",
        r"(?P<left>.+?) (?:is|lives) next to (?P<right>.+)",
        r"there (?:is|are) (?P<between>\w+) houses? between (?P<left>.+?) and (?P<right>.+)",
    )
)


class Category(NamedTuple):
    """A kind of thing, of which each house has one."""

    heading: str
    values: tuple[str, ...]


class Puzzle(NamedTuple):
    """A puzzle as read; clues are about variables called after values, each of which is a house's number."""

    houses: int
    categories: tuple[Category, ...]
    clues: Mapping[str, Term]


def read_puzzle(text: str) -> Puzzle:
    """The puzzle that a text poses. Raises `UsageError` with the part that cannot be read."""
    if len(text) > MAX_CHARACTERS:
        raise UsageError(f"logic grid: expected at most {MAX_CHARACTERS} characters, got {len(text)}")
    categories = tuple(_categories(text))
    if not categories:
        raise UsageError("logic grid: expected lines such as ` - Each person has a unique name: Eric, Arnold`")
    houses = len(categories[0].values)
    for category in categories:
        if len(category.values) != houses:
            raise UsageError(f"logic grid: {category.heading!r}: expected {houses} values, got {len(category.values)}")
    names = Names(categories)
    clues = {f"clue {clue['number']}": _clue(clue["text"], names) for clue in _CLUE.finditer(text)}
    return Puzzle(houses, categories, clues)


def variable(category: int, value: str) -> str:
    """What the house of a value is called."""
    return f"{category}: {value}"


def _categories(text: str) -> Iterator[Category]:
    for line in _CATEGORY.finditer(text):
        quoted = re.findall(r"`([^`]+)`", line["values"])
        values = quoted or [value.strip(" .") for value in line["values"].split(",")]
        yield Category(line["heading"].strip(), tuple(values))


def _clue(text: str, names: Names) -> Term:
    tried: list[str] = []
    for shape in _SHAPES:
        match = shape.fullmatch(text)
        if match is None:
            continue
        groups = match.groupdict()
        left = names.find(groups["left"])
        right = names.find(groups["right"]) if "right" in groups else left
        if left is not None and right is not None:
            return _said(groups, Variable(left), Variable(right))
        tried += [groups[side] for side in ("left", "right") if side in groups and names.find(groups[side]) is None]
    for link in _EQUAL.finditer(text):  # "the person whose mother's name is Penny is Eric" has two
        left, right = names.find(text[: link.start()]), names.find(text[link.end() :])
        if left is not None and right is not None:
            return Apply("!=" if link["not"] else "==", (Variable(left), Variable(right)))
    problem = f"it is not clear what {tried[0]!r} is" if tried else "it says nothing of a known form"
    raise UsageError(f"logic grid, clue {text!r}: {problem}")


def _said(groups: Mapping[str, str | None], left: Term, right: Term) -> Term:
    if groups.get("place") or groups.get("number"):
        equal: Operator = "!=" if groups.get("not") else "=="
        return Apply(equal, (left, _number(_place(groups))))
    if (side := groups.get("side")) is not None:
        first, second = (left, right) if side.lower() == "left" else (right, left)
        if groups.get("adjacent"):
            return Apply("==", (Apply("+", (first, _number(1))), second))
        return Apply("<", (first, second))
    if (between := groups.get("between")) is not None:
        count = int(between) if between.isdigit() else _CARDINALS.index(between.lower())
        return _apart(left, right, count + 1)
    return _apart(left, right, 1)


def _place(groups: Mapping[str, str | None]) -> int:
    written = groups.get("number") or groups.get("place") or ""
    digits = re.match(r"[0-9]+", written)
    return int(digits.group()) if digits else _ORDINALS.index(written.lower()) + 1


def _apart(left: Term, right: Term, distance: int) -> Term:
    return Apply("==", (Apply("abs", (Apply("-", (left, right)),)), _number(distance)))


def _number(value: int) -> Constant:
    return Constant(Fraction(value))


class Names:
    """Finds the value that a phrase such as "the person who owns a Ford F-150" is about."""

    def __init__(self, categories: Sequence[Category]) -> None:
        self._categories = categories
        self._forms = [
            (index, value, form)
            for index, category in enumerate(categories)
            for value in category.values
            for form in _forms(value)
        ]
        self._cues = [
            tuple(cue for word in _words(category.heading) for cue in _CUES.get(word, ())) for category in categories
        ]

    def find(self, phrase: str) -> str | None:
        """The variable of the one value that the phrase names best; None where there is none, or no best one."""
        lowered = phrase.lower()
        parts = [_stem(word) for word in _words(lowered)]
        alone = "".join(parts)
        best: dict[tuple[int, bool, int], set[str]] = {}
        for index, value, form in self._forms:
            if _occurs(form, parts):
                cues = self._cues[index]
                cued = 0 if not cues else 1 if any(cue in lowered for cue in cues) else -1
                rank = (cued, form == alone, len(form))
                best.setdefault(rank, set()).add(variable(index, value))
        if not best:
            return None
        found = best[max(best)]
        return found.pop() if len(found) == 1 else None


def _occurs(form: str, parts: Sequence[str]) -> bool:
    """Whether some words in a row make up the form: "f", "150" make up "f150"."""
    for start in range(len(parts)):
        joined = ""
        for part in parts[start:]:
            joined += part
            if joined == form:
                return True
            if len(joined) >= len(form):
                break
    return False


def _forms(value: str) -> set[str]:
    lowered = value.lower()
    forms = {lowered}
    if len(lowered) >= 3:
        forms |= {month for month in _MONTHS if month.startswith(lowered)}
    if lowered in _PEOPLES:
        forms.add(_PEOPLES[lowered])
    return {"".join(_stem(word) for word in _words(form)) for form in forms}


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower().replace("'s", "").replace("’s", ""))


def _stem(word: str) -> str:
    for ending, instead in (("ies", "y"), ("ing", ""), ("s", ""), ("e", "")):
        if word.endswith(ending) and len(word) - len(ending) + len(instead) >= 3 and not word.endswith("ss"):
            word = word[: len(word) - len(ending)] + instead
    return word
