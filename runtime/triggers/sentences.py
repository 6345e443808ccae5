"""Checkpoints at the ends of sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from ..chunks import Token
from .composition import Composable
from .protocol import Boundary, Scanner

_STOP = re.compile(r"[.!?\n]")
_SHORT = re.compile(r"(?:^|\W)(?:[Ee]\.g|[Ii]\.e|Dr|Mrs?|[Vv]s|[Ee]tc|[Cc]f|Fig|Eq|No)\.\Z")
_REACH = 4  # characters before a full stop that show whether it ends one of these

LineStart: TypeAlias = Literal["blank", "number", "text"]
"""What an open line holds so far: white space, then digits, or anything else."""

Proof: TypeAlias = Literal["", "newline", "space"]
"""What has to follow the last character read for it to end a sentence; "": nothing can."""


@dataclass(frozen=True, slots=True)
class EverySentence(Composable):
    """A checkpoint after each sentence."""

    def scanner(self, prompt: str, /) -> Scanner:
        """Start at the beginning of a line."""
        return _START


class _SentenceScanner(NamedTuple):
    tail: str  # the last `_REACH` characters
    line: LineStart
    proof: Proof
    solid: int  # offset after the last character of the open sentence that is not white space; -1: there is none

    def feed(self, text: str, offset: int, tokens: Sequence[Token], /) -> tuple[Scanner, Sequence[Boundary]]:
        if not text:
            return self, ()
        tail, line, proof, solid = self
        boundaries: list[Boundary] = []
        if _proves(text[0], proof):
            boundaries.append(Boundary(offset, offset + 1))
            solid = -1
        proof = ""
        begin = 0
        for stop in _STOP.finditer(text):
            at = stop.start()
            if at > begin:
                line, solid = _advance(text[begin:at], offset + begin, line, solid)
            begin = at + 1
            if text[at] == "\n":
                if line == "blank" and solid >= 0:
                    boundaries.append(Boundary(solid, offset + begin))
                    solid = -1
                line = "blank"
                continue
            proof = "space"
            if text[at] == ".":
                if _SHORT.search(text[at - _REACH : begin] if at >= _REACH else (tail + text[:begin])[-_REACH - 1 :]):
                    proof = ""
                elif line == "number":
                    proof = "newline"
            line = "text"
            solid = offset + begin
            if begin < len(text):
                if _proves(text[begin], proof):
                    boundaries.append(Boundary(solid, solid + 1))
                    solid = -1
                proof = ""
        if begin < len(text):
            line, solid = _advance(text[begin:], offset + begin, line, solid)
        return _SentenceScanner((tail + text[-_REACH:])[-_REACH:], line, proof, solid), boundaries

    def restart(self) -> Scanner:
        return _START


_START = _SentenceScanner("", "blank", "", -1)


def _proves(character: str, proof: Proof) -> bool:
    return proof != "" and (character == "\n" if proof == "newline" else character.isspace())


def _advance(part: str, offset: int, line: LineStart, solid: int) -> tuple[LineStart, int]:
    """Go over `part` of a line, which starts at `offset` and ends no sentence."""
    if line != "text":
        digits = part.lstrip() if line == "blank" else part
        if digits:
            line = "number" if digits.isdecimal() else "text"
    length = len(part.rstrip())
    return line, offset + length if length else solid


def every_sentence() -> Composable:
    """A checkpoint after every sentence: after `.`, `!` or `?` before white space, or before a blank line.

    A full stop inside a number or a name ("3.14", "a.b") ends none, nor does that of e.g., i.e., Dr., Mr., Mrs., vs.,
    etc., cf., Fig., Eq. and No., nor that of "1. " at the start of a line. White space belongs to the next sentence.
    """
    return EverySentence()
