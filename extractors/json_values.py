"""JSON in text: objects and lists, in fences or between words, once they are complete."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NoReturn, TypeAlias

from midtrace import Span, View

Json: TypeAlias = "None | bool | int | float | str | list[Json] | dict[str, Json]"

MAX_VALUES = 100
"""Values that are read from one view; the first ones."""

_EFFORT = 4
"""Characters that may be looked at, for each character of the text: broken JSON may hold much that is whole."""

_WINDOW = 20_000
"""Characters behind which the text is cut off: an error counts all line ends before its place, asked or not."""


@dataclass(frozen=True, slots=True)
class JsonValue:
    """An object or a list, and where it stands in the generated text."""

    value: Json
    span: Span


JsonValues: TypeAlias = tuple[JsonValue, ...]
"""The objects and lists of a text that stand in no other, in text order."""


@dataclass(frozen=True, slots=True)
class JsonObjects:
    """Reads the JSON objects of a text; with `lists` its lists as well, with `last` only the last of all.

    What is not complete, or not JSON (comments, single quotes, `NaN`), is left out: what a text means by it is not
    known.
    """

    lists: bool = False
    last: bool = False

    inline: ClassVar[bool] = False

    def extract(self, view: View, /) -> JsonValues | None:
        """The values of the unit, or None if it has none. Time is linear in the unit's length."""
        found = tuple(self._values(view))
        if not found:
            return None
        return found[-1:] if self.last else found

    def _values(self, view: View) -> Iterator[JsonValue]:
        text = view.text
        places = {mark: text.find(mark) for mark in ("{[" if self.lists else "{")}
        effort = _EFFORT * len(text)
        at = count = base = 0
        window = text
        while count < MAX_VALUES and effort > 0:
            for mark, place in places.items():
                if 0 <= place < at:  # one that is nowhere is not looked for again
                    places[mark] = text.find(mark, at)
            at = min((place for place in places.values() if place >= 0), default=-1)
            if at < 0:
                return
            if at - base > _WINDOW:
                base, window = at, text[at:]
            try:
                value, end = _DECODER.raw_decode(window, at - base)
            except json.JSONDecodeError as error:
                effort -= base + error.pos - at + 1
                at += 1
            except (ValueError, RecursionError):  # an enormous number, or nesting without end
                effort -= len(text)
                at += 1
            else:
                yield JsonValue(value, Span(view.start + at, view.start + base + end))
                count += 1
                at = base + end


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)


_DECODER = json.JSONDecoder(parse_constant=_refuse)
