"""Cells of a logic grid as texts write them: JSON by house, a table, `House 2: Eric`, `Eric is in house 2`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, TypeAlias

from midtrace import Span, View

from ._context import standing

MAX_CELLS = 400
"""Cells that are read from one view."""


@dataclass(frozen=True, slots=True)
class GridCell:
    """One value in one house (counted from 1); `category` counts the puzzle's categories from 0."""

    house: int
    category: int
    value: str
    span: Span

    @property
    def shown(self) -> str:
        """The cell in words."""
        return f"{self.value} in house {self.house}"


Grid: TypeAlias = tuple[GridCell, ...]
"""The cells that a text fills, in text order."""


class _Entry(NamedTuple):
    house: int
    key: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class GridCells:
    """Reads what a text puts into which house. `categories` are headings with their values.

    The last JSON object or table of a text counts, not the ones that it supersedes. In prose only plain statements
    count: nothing that is supposed, asked, denied or withdrawn.
    """

    categories: tuple[tuple[str, tuple[str, ...]], ...]

    inline: ClassVar[bool] = False

    def extract(self, view: View, /) -> Grid | None:
        """The cells of the unit, or None if it has none. Time is linear in the unit's length."""
        entries = [*_object(view.text), *_table(view.text)]
        cells = list(self._cells(view, entries))
        cells += self._statements(view)
        cells.sort(key=lambda cell: cell.span)
        return tuple(cells[:MAX_CELLS]) or None

    def _cells(self, view: View, entries: Sequence[_Entry]) -> Iterator[GridCell]:
        """The entries as cells; a key's category is the one that has most of its values, and the likest heading."""
        texts: dict[str, list[str]] = {}
        for entry in entries:
            texts.setdefault(entry.key, []).append(_plain(entry.text))
        category_of = {key: self._category(key, found) for key, found in texts.items()}
        for entry in entries:
            category = category_of[entry.key]
            if category is None:
                continue
            values = {_plain(value): value for value in self.categories[category][1]}
            value = values.get(_plain(entry.text))
            if value is not None and 1 <= entry.house <= len(values):
                yield GridCell(entry.house, category, value, Span(view.start + entry.start, view.start + entry.end))

    def _category(self, key: str, found: Sequence[str]) -> int | None:
        words = {_root(word) for word in re.findall(r"[a-z]{3,}", re.sub(r"([A-Z])", r" \1", key).lower())}
        ranked: list[tuple[int, int, int]] = []
        for index, (heading, values) in enumerate(self.categories):
            plain = {_plain(value) for value in values}
            hits = sum(text in plain for text in found)
            likeness = len(words & {_root(word) for word in re.findall(r"[a-z]{3,}", heading.lower())})
            if hits:
                ranked.append((hits, likeness, -index))
        if not ranked:
            return None
        best = max(ranked)
        if sum(each[:2] == best[:2] for each in ranked) > 1:
            return None  # two kinds of things have these values: it is not known which are meant
        return -best[2]

    def _statements(self, view: View) -> Iterator[GridCell]:
        houses = len(self.categories[0][1])
        unique = self._unique()
        if not unique:
            return
        names = "|".join(re.escape(value) for value in sorted(unique, key=len, reverse=True))
        pattern = re.compile(
            rf"(?<![\w-])(?P<value>{names}) (?:is|lives|must be|belongs) in (?:the )?(?:house |house number |house #)?"
            rf"(?P<house>[1-9][0-9]?|{'|'.join(_ORDINALS)})(?: house)?(?![\w-])",
            re.IGNORECASE,
        )
        for match in pattern.finditer(view.text):
            if "house" not in match.group().lower() or not standing(view.text, *match.span(), view.before):
                continue
            written = match["house"].lower()
            house = int(written) if written.isdigit() else _ORDINALS.index(written) + 1
            if match.end() == len(view.text) and not view.final:
                continue
            before = view.text[max(match.start() - 80, 0) : match.start()].rpartition("\n")[2]
            if (
                house > houses
                or _CONDITIONAL.search(before)
                or _CONDITIONAL.search(view.text[match.end() : match.end() + 40])
            ):
                continue
            category, value = unique[match["value"].lower()]
            yield GridCell(house, category, value, Span(view.start + match.start(), view.start + match.end()))

    def _unique(self) -> dict[str, tuple[int, str]]:
        """Values by their name in lower case: those that only one category has, and people's own names."""
        found: dict[str, list[tuple[int, str]]] = {}
        for index, (_, values) in enumerate(self.categories):
            for value in values:
                found.setdefault(value.lower(), []).append((index, value))
        own = {name: [place for place in places if self._is_own_name(place[0])] for name, places in found.items()}
        return {name: (own[name] or places)[0] for name, places in found.items() if 1 in {len(places), len(own[name])}}

    def _is_own_name(self, category: int) -> bool:
        """Whether a bare name means this category: not somebody's child or mother of that name."""
        words = self.categories[category][0].lower()
        return "name" in words and "mother" not in words and "child" not in words


_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_CONDITIONAL = re.compile(r"\b(?:if|when|whether|unless|either|or|then|could|might|may|would|maybe|perhaps|possibl\w*"
                          r"|case|option|scenario|let|say|clue|who|that|not|nor|neither)\b", re.IGNORECASE)  # fmt: skip
_HOUSE_KEY = re.compile(r'"[Hh]ouse ?(?P<house>[1-9][0-9]?)"\s{0,20}:\s{0,20}\{(?P<body>[^{}]{0,4000})\}')
_PAIR = re.compile(r'"(?P<key>[^"\n]{1,60})"\s{0,20}:\s{0,20}"(?P<value>[^"\n]{0,100})"')
_ROW = re.compile(r"^[ \t]*\|(?P<cells>[^\n]{1,2000})\|[ \t]*$", re.MULTILINE)
_CELL = re.compile(r"[^|]+")
_NUMBER = re.compile(r"[1-9][0-9]?")


def _object(text: str) -> list[_Entry]:
    """The entries of the last JSON object that has a house for its first key."""
    found: list[_Entry] = []
    for house in _HOUSE_KEY.finditer(text):
        number = int(house["house"])
        if number == 1:
            found.clear()  # another attempt begins
        base = house.start("body")
        found += [
            _Entry(number, pair["key"], pair["value"], base + pair.start(), base + pair.end())
            for pair in _PAIR.finditer(house["body"])
        ]
    return found


def _table(text: str) -> list[_Entry]:
    """The entries of the last table whose rows, or whose columns, are houses."""
    found: list[_Entry] = []
    header: list[str] = []
    last = -2
    for row in _ROW.finditer(text):
        base = row.start("cells")
        cells = [
            (part.group().strip(" \t*`_"), base + part.start(), base + part.end())
            for part in _CELL.finditer(row["cells"])
        ]
        if row.start() > last + 2 or not header:
            header = [name for name, _, _ in cells]
            found = []
        elif header[0].lower().startswith("house"):
            if (number := _NUMBER.search(cells[0][0])) is not None:
                named = zip(header[1:], cells[1:], strict=False)
                found += [_Entry(int(number.group()), key, *cell) for key, cell in named]
        else:
            for name, cell in zip(header[1:], cells[1:], strict=False):
                if "house" in name.lower() and (number := _NUMBER.search(name)) is not None:
                    found.append(_Entry(int(number.group()), cells[0][0], *cell))
        last = row.end()
    return found


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.lower())


def _root(word: str) -> str:
    return word.removesuffix("s")
