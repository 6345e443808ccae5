"""Calls of tools in text, once they are complete: `<tool_call>{...}</tool_call>`, or JSON with a name and arguments."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from midtrace import Span, View

from .json_values import Json, JsonObjects

_WRAPPED = ("function", "tool_call", "function_call")
_ARGUMENTS = ("arguments", "parameters", "args", "input")


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The name of a tool, what it is called with, and where the call stands in the generated text."""

    name: str
    arguments: Mapping[str, Json]
    span: Span


ToolCalls: TypeAlias = tuple[ToolCall, ...]
"""The calls of a text, in text order."""


@dataclass(frozen=True, slots=True)
class ToolCallsInText:
    """Reads objects that have a `name` and `arguments` (or `parameters`, `args`, `input`), bare, in tags or in fences.

    Arguments may be an object, or an object written as text, as several servers send them. With `tools` only calls of
    these are read; everything else with such keys might be data.
    """

    tools: tuple[str, ...] = ()

    inline: ClassVar[bool] = False

    def extract(self, view: View, /) -> ToolCalls | None:
        """The complete calls of the unit, or None if it has none. Time is linear in the unit's length."""
        return tuple(self._calls(view)) or None

    def _calls(self, view: View) -> Iterator[ToolCall]:
        for value in JsonObjects(lists=True).extract(view) or ():
            for each in value.value if isinstance(value.value, list) else (value.value,):
                found = _call(each)
                if found is not None and (not self.tools or found[0] in self.tools):
                    yield ToolCall(found[0], found[1], value.span)


def _call(value: Json) -> tuple[str, dict[str, Json]] | None:
    if not isinstance(value, dict):
        return None
    for key in _WRAPPED:
        inner = value.get(key)
        if isinstance(inner, dict):
            return _call(inner)
    name = value.get("name")
    arguments = next((value[key] for key in _ARGUMENTS if key in value), None)
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except (ValueError, RecursionError):
            return None
    return (name, arguments) if isinstance(name, str) and isinstance(arguments, dict) else None
