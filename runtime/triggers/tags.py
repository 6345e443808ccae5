"""Pairs of tags such as `<think>` and `</think>`: reading along, wherever chunks cut them."""

from __future__ import annotations

from typing import NamedTuple

from ..errors import UsageError

LONGEST = 100


class Crossing(NamedTuple):
    """A tag that ends at offset `end`; after it the text is `inside` the pair, or not."""

    end: int
    inside: bool


class Pair(NamedTuple):
    """Where a reader of a pair of tags is; costs no more than the tags are long, whatever was read."""

    opening: str
    closing: str
    inside: bool
    matched: int  # characters at the end of the text that may be the start of the next tag

    def read(self, text: str, offset: int) -> tuple[Pair, list[Crossing]]:
        """Read `text`, which starts at `offset`; gives the tags that end in it."""
        inside = self.inside
        marker = self.closing if inside else self.opening
        if self.matched:
            offset -= self.matched
            text = marker[: self.matched] + text
        crossings: list[Crossing] = []
        begin = 0
        while (at := text.find(marker, begin)) >= 0:
            begin = at + len(marker)
            inside = not inside
            crossings.append(Crossing(offset + begin, inside))
            marker = self.closing if inside else self.opening
        matched = beginnings(text, begin, marker)
        if not crossings and matched == self.matched:
            return self, crossings
        return Pair(self.opening, self.closing, inside, matched), crossings


def open_pair(opening: str, closing: str, prompt: str) -> Pair:
    """A reader after `prompt`: inside if the last opening tag there has no closing tag after it."""
    return Pair(opening, closing, prompt.rfind(opening) > prompt.rfind(closing), 0)


def beginnings(text: str, begin: int, marker: str) -> int:
    """How many characters at the end of `text[begin:]` may be the start of a `marker` still to be completed."""
    start = max(begin, len(text) - len(marker) + 1)
    while (start := text.find(marker[0], start)) >= 0:
        if marker.startswith(text[start:]):
            return len(text) - start
        start += 1
    return 0


def check_tag(call: str, tag: object) -> None:
    """Raise `UsageError` unless `tag` can be looked for."""
    if not isinstance(tag, str) or not 1 <= len(tag) <= LONGEST:
        raise UsageError(f"{call}: expected a tag of 1 to {LONGEST} characters, got {tag!r:.60}")
