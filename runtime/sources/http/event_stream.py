"""Server-sent events, read from bytes as they come: no input or output here, and linear time for any chunking.

The format is that of the WHATWG standard: lines end in CR, LF or CRLF, an empty line ends an event, `data` lines of one
event are joined by line feeds, lines that begin with a colon are comments (keep-alives), one byte order mark may lead.
"""

from __future__ import annotations

from typing import NamedTuple

from ...errors import SourceError

LONGEST_LINE = 4 << 20
LONGEST_EVENT = 16 << 20
"""Bytes. A frame of a completion has some hundreds; one with many alternatives to each token, some thousands."""

MARK = b"\xef\xbb\xbf"


class ServerEvent(NamedTuple):
    """One event: its data, and its name if it has one."""

    data: str
    name: str = ""


class EventStream:
    """Reads events from bytes.

    `feed` and `close` raise `SourceError` for what is too long or no UTF-8. `comments` counts the comment lines so far.
    """

    __slots__ = ("_after_cr", "_data", "_held", "_held_bytes", "_name", "_size", "_start", "comments")

    def __init__(self) -> None:
        self._held: list[bytes] = []  # pieces of a line that has not ended
        self._held_bytes = 0
        self._data: list[bytes] = []  # of an event that has not ended
        self._size = 0
        self._name = ""
        self._after_cr = False
        self._start = True
        self.comments = 0

    def feed(self, piece: bytes) -> list[ServerEvent]:
        """The events that end in `piece`."""
        if (
            piece.endswith(b"\n\n")
            and piece.startswith(b"data: ")
            and piece.find(b"\n") == len(piece) - 2 <= LONGEST_LINE
            and not (self._held or self._data or self._name)
            and b"\r" not in piece
        ):  # one whole event, as most pieces are
            self._after_cr = self._start = False
            return [ServerEvent(_decoded(piece[6:-2]))]
        if not piece:
            return []
        if self._after_cr and piece[0] == 0x0A:
            piece = piece[1:]  # the second half of a CRLF whose first half has ended the line
        self._after_cr = piece[-1:] == b"\r" if piece else False
        lines = piece.splitlines()
        rest = b""
        if piece and piece[-1] not in b"\r\n":
            rest = lines.pop()
        if lines and self._held:
            self._held.append(lines[0])
            if self._held_bytes + len(lines[0]) > LONGEST_LINE:
                raise _too_long("a line", LONGEST_LINE)
            lines[0] = b"".join(self._held)
            self._held.clear()
            self._held_bytes = 0
        if rest:
            self._held.append(rest)
            self._held_bytes += len(rest)
            if self._held_bytes > LONGEST_LINE:
                raise _too_long("a line", LONGEST_LINE)
        events: list[ServerEvent] = []
        for line in lines:
            self._take(line, events)
        return events

    def close(self) -> list[ServerEvent]:
        """What is left at the end of the bytes: the standard drops an event without its empty line, servers do not."""
        events: list[ServerEvent] = []
        if self._held:
            self._take(b"".join(self._held), events)
            self._held.clear()
        self._take(b"", events)
        return events

    def _take(self, line: bytes, events: list[ServerEvent]) -> None:
        if self._start:
            self._start = False
            line = line.removeprefix(MARK)
        if line.startswith(b"data:"):
            self._hold(line[6:] if line[5:6] == b" " else line[5:])
        elif not line:
            if self._data:
                data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
                events.append(ServerEvent(_decoded(data), self._name))
                self._data.clear()
                self._size = 0
            self._name = ""
        elif line[0] == 0x3A:
            self.comments += 1
        else:
            name, _, value = line.partition(b":")
            if name == b"event":
                self._name = value.removeprefix(b" ")[:80].decode(errors="replace")
            elif name == b"error":  # older llama.cpp tells an error in a field of this name
                self._name = "error"
                self._hold(value.removeprefix(b" "))
            elif name == b"data":
                self._hold(b"")

    def _hold(self, value: bytes) -> None:
        self._data.append(value)
        self._size += len(value) + 1
        if self._size > LONGEST_EVENT:
            raise _too_long("an event", LONGEST_EVENT)


def _decoded(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise SourceError(f"expected UTF-8 in the event stream, got {data[:40]!r}", transient=True) from None


def _too_long(what: str, most: int) -> SourceError:
    return SourceError(f"{what} of the event stream has more than {most >> 20} MiB")
