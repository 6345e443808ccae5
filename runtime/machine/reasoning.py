"""Whether a trace has come to the end of its reasoning by itself: then there is nothing left to stop."""

from __future__ import annotations

import re

from ..trace import Piece

_CLOSING_TAG = re.compile(r"(<|\[)/([^<>\[\]\s]{1,100})(>|\])")


class Reasoning:
    """Follows the tags around reasoning, as the text that closes it tells them.

    The trace is read when somebody asks, each part of it once, and again after a cut. Text that is closed without a
    tag is never taken for closed.
    """

    __slots__ = ("_at_first", "_close", "_closed", "_open", "_read")

    def __init__(self, closing: str, prompt: str) -> None:
        tags = _CLOSING_TAG.findall(closing)
        before, name, after = tags[-1] if tags else ("", "", "")
        self._open = before + name + after
        self._close = f"{before}/{name}{after}" if name else ""
        self._at_first = bool(name) and prompt.rfind(self._close) > prompt.rfind(self._open)
        self._closed = self._at_first
        self._read = 0

    def over(self, tip: Piece) -> bool:
        """Whether the last of the tags in the prompt and the text closes the reasoning."""
        if self._close and self._read < tip.end:
            start = max(self._read - len(self._close) + 1, 0)  # a tag may have been cut in two
            text = tip.read_without_notes(start, tip.end)
            opened, closed = text.rfind(self._open), text.rfind(self._close)
            if opened != closed:
                self._closed = closed > opened
            self._read = tip.end
        return self._closed

    def forget(self, offset: int) -> None:
        """Text from `offset` on is gone."""
        if offset < self._read:
            self._read, self._closed = 0, self._at_first
