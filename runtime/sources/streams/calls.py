"""Calls of tools that come in pieces, and how a complete one is written into the trace."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, NoReturn

from ...errors import SourceError
from ..http.endpoints import without

MAX_ARGUMENTS = 1_000_000
"""Characters of one call's name and arguments; more of them is a fault of the server's."""

MAX_OPEN = 128
"""Calls that may be incomplete at a time."""

_MARKS = re.compile(r'["{}\[\]]')
_IN_STRING = re.compile(r'["\\]')


@dataclass(frozen=True, slots=True)
class Piece:
    """What one frame says of one call; None and empty where it says nothing."""

    index: int | None = None
    id: str | None = None
    name: str = ""
    arguments: str = ""

    @property
    def empty(self) -> bool:
        """Whether it begins nothing."""
        return self.id is None and not self.name and not self.arguments.strip()


class Written(NamedTuple):
    """A complete call, as a tool-calling model would have written it; no text in it can close its tag."""

    name: str
    arguments: str

    @property
    def text(self) -> str:
        """The call between its tags; arguments that are no JSON object are given as a string."""
        arguments = self.arguments.strip()
        if arguments in ("", "null"):
            arguments = "{}"
        elif not _is_object(arguments):
            arguments = json.dumps(self.arguments, ensure_ascii=False)
        call = f'{{"name": {json.dumps(self.name, ensure_ascii=False)}, "arguments": {arguments}}}'
        # In JSON this character stands in strings only, where its escape means the same.
        return f"<tool_call>\n{call.replace('<', LESS)}\n</tool_call>\n"


LESS = "\\u003c"


class Calls:
    """Assembles calls. One is complete once its arguments are a whole object, whatever is still to come."""

    def __init__(self, secrets: Sequence[str] = ()) -> None:
        self._secrets = secrets
        self._open: list[_Call] = []
        self._done: dict[int | str, _Call] = {}

    def add(self, piece: Piece) -> list[Written]:
        """The calls that are complete with this piece and follow no incomplete one, in order.

        Raises `SourceError` for a call without bounds, and for one that goes on after its end.
        """
        call = self._known(piece)
        if call is None and piece.empty:
            return []
        if call is None or call.ended_by(piece):
            if len(self._open) == MAX_OPEN:
                raise SourceError(f"the server began more than {MAX_OPEN} calls of tools and completed none of them")
            call = _Call(piece.index, piece.id)
            self._open.append(call)
        if call.add(piece).strip():
            name = without("".join(call.name), self._secrets)[:80]
            raise SourceError(f"the server sent more arguments for the call of {name!r} than one object")
        written: list[Written] = []
        while self._open and self._open[0].complete:
            written.append(self._close(self._open.pop(0)))
        return written

    def end(self) -> list[Written]:
        """The calls that nothing has completed: their arguments are as far as they came."""
        written = [self._close(call) for call in self._open]
        self._open.clear()
        return written

    def _close(self, call: _Call) -> Written:
        for key in (call.index, call.id):
            if key is not None:
                self._done[key] = call
        return Written("".join(call.name), "".join(call.arguments))

    def _known(self, piece: Piece) -> _Call | None:
        """The call that a piece belongs to: by its index, else by its id, else the one that began last."""
        if piece.index is not None:
            same = [call for call in self._open if call.index == piece.index]
            return same[-1] if same else self._done.get(piece.index)
        if piece.id is not None:
            same = [call for call in self._open if call.id == piece.id]
            return same[-1] if same else self._done.get(piece.id)
        return self._open[-1] if self._open else None


@dataclass
class _Call:
    index: int | None
    id: str | None
    name: list[str] = field(default_factory=list)
    arguments: list[str] = field(default_factory=list)
    size: int = 0
    scan: _Object = field(init=False)

    def __post_init__(self) -> None:
        self.scan = _Object()

    @property
    def complete(self) -> bool:
        return self.scan.ended and bool(self.name)

    def ended_by(self, piece: Piece) -> bool:
        """Whether a piece for this place begins a new call: a server may give all calls the same index, or none."""
        if piece.id is not None and self.id is not None and piece.id != self.id:
            return True
        if not piece.name:
            return False
        if self.complete and (piece.index is None or piece.arguments.strip()):
            return True
        return bool(self.arguments) and piece.name != "".join(self.name)

    def add(self, piece: Piece) -> str:
        """Take a piece; gives what follows the end of the arguments."""
        if self.id is None:
            self.id = piece.id
        if piece.name and not self.arguments:  # what is repeated beside the arguments says nothing new
            self.name.append(piece.name)
        self.size += len(piece.name) + len(piece.arguments)
        if self.size > MAX_ARGUMENTS:
            raise SourceError(f"name and arguments of a call of a tool are longer than {MAX_ARGUMENTS} characters")
        if piece.arguments:
            self.arguments.append(piece.arguments)
        return self.scan.feed(piece.arguments)


class _Object:
    """Finds the end of a JSON object that comes in pieces, in time linear in their length."""

    def __init__(self) -> None:
        self.ended = False
        self._depth = 0
        self._begun = False
        self._in_string = False
        self._escaped = False

    def feed(self, text: str) -> str:
        """What follows the end of the object; nothing before its end, nor for text that is no object."""
        if self.ended:
            return text
        if not self._begun:
            stripped = text.lstrip()
            if not stripped:
                return ""
            self._begun = True
            if stripped[0] != "{":
                self._depth = -1
        if self._depth < 0:
            return ""
        at = 0
        while at < len(text):
            if self._escaped:
                self._escaped = False
                at += 1
                continue
            found = (_IN_STRING if self._in_string else _MARKS).search(text, at)
            if found is None:
                break
            at = found.end()
            match found[0]:
                case '"':
                    self._in_string = not self._in_string
                case "\\":
                    self._escaped = True
                case "{" | "[":
                    self._depth += 1
                case _:
                    self._depth -= 1
                    if self._depth == 0:
                        self.ended = True
                        return text[at:]
        return ""


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text, parse_constant=_refuse), dict)
    except (ValueError, RecursionError):
        return False


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)
