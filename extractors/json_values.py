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

_COUNTED = 1_000
"""Characters whose line ends are counted in the time that it takes to look at one."""


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
        opening = "{[" if self.lists else "{"
        effort = _EFFORT * len(text)
        at = count = 0
        while count < MAX_VALUES and effort > 0:
            starts = [place for mark in opening if (place := text.find(mark, at)) >= 0]
            if not starts:
                return
            at = min(starts)
            try:
                value, end = _DECODER.raw_decode(text, at)
            except json.JSONDecodeError as error:
                # The error counts the lines before its place, though nobody asked: that is a little work as well.
                effort -= error.pos - at + 1 + at // _COUNTED
                at += 1
            except (ValueError, RecursionError):  # an enormous number, or nesting without end
                effort -= len(text)
                at += 1
            else:
                yield JsonValue(value, Span(view.start + at, view.start + end))
                count += 1
                at = end


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)


_DECODER = json.JSONDecoder(parse_constant=_refuse)
