"""What the text around a claim says of it: supposed, doubted, withdrawn, in another number system, inside code."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

NEAR = 300
"""Characters on each side of a claim that are looked at, so that one long line stays linear."""

_DOUBT = re.compile(
    r"\b(?:not|n't|wrong|wait|suppose|supposing|assum\w*|mistakes?|mistaken(?:ly)?|mod|modulo|congruent|remainder|try"
    r"|trying|incorrect\w*|false|isn't|doesn't|cannot|can't|contradict\w*|claims?|claimed|says|said|pretend|imagine"
    r"|instead\ of|rather\ than|should\ be|hypothe\w*|base[- ]?(?:\d|ten|two|n\b)|binary|hexadecimal|octal|o'clock"
    r"|typo|guess\w*)\b|\?|≠|\\neq?\b|≡|\\pmod|\\bmod|\\equiv",
    re.IGNORECASE | re.VERBOSE,
)
_WITHDRAWN = re.compile(
    r"\b(?:wait|oops|sorry|correction|actually|hmm|not\ right|isn't\ right|incorrect|wrong|mistake|contradict\w*"
    r"|impossible|doesn't|does\ not|cannot\ be|false|re-?check|recalculate|let\ me\ (?:re|double)\w*|no,)|≠",
    re.IGNORECASE | re.VERBOSE,
)
_TESTED = re.compile(
    r"\b(?:false|contradict\w*|doesn't|does\ not|satisf\w*|candidates?|test(?:ing)?\ (?:if|whether|values?|the|n|x|for)"
    r"|suppose|wrong|incorrect|mistake)\b|≠|\\neq?\b",
    re.IGNORECASE | re.VERBOSE,
)
_OTHER_SYSTEM = re.compile(
    r"\bmodul(?:o|ar|us)\b|\bmod\b|\\pmod|\\bmod|\bbase[- ]?(?:\d|ten\b|two\b|n\b|b\b)|\bin\ base\b|_\{?\d{1,2}\}?\b"
    r"|\bbinary\b|\boctal\b|\bhexadecimal\b|\bclock\ (?:arithmetic|face)|\b(?:12|24)-hour\ clock|\bcongruent\ to\b"
    r"|\b(?:define|defined|new|special)\b[^.\n]{0,60}\boperat(?:ion|or)|\boperat(?:ion|or)\b[^.\n]{0,60}\bdefined\b"
    r"|\bcrypt\w*arithm|\balphametic|\bletters?\ (?:represents?|stands?)|\beach\ letter\b"
    r"|[◊⊕⊗★☆⊙⊖♦♣♠♥@]\s*\w|\\(?:oplus|otimes|star|diamond|odot|clubsuit|heartsuit|spadesuit)",
    re.IGNORECASE | re.VERBOSE,
)
_SENTENCE_END = re.compile(r"[.!?;](?=\s|$)|\n|\\n")
_VARIABLE_X = re.compile(r"\d\s?x\b(?!\s*[\d$(])|\bx\s?[=+\-*/^<>]|\b(?:let|of|for|find)\ x\b|[($]x[)$]", re.IGNORECASE)
_SCALE = re.compile(r"\b(?:hundreds?|thousands?|millions?|billions?)\b", re.IGNORECASE)
_FENCE = re.compile(r"^[ \t>]*(?:```|~~~)[ \t]*(\w*)", re.MULTILINE)
_READABLE = frozenset({"json", "latex", "tex", "math", "markdown", "md"})


@lru_cache(maxsize=32)
def ordinary(prompt: str) -> bool:
    """Whether the problem is in decimal arithmetic with the usual operations, as far as it says."""
    return _OTHER_SYSTEM.search(prompt) is None


@lru_cache(maxsize=32)
def scales(prompt: str) -> frozenset[str]:
    """Words for powers of ten in the problem: its numbers may be meant in thousands."""
    return frozenset(match.group().lower() for match in _SCALE.finditer(prompt))


def standing(text: str, start: int, end: int, before: str) -> bool:
    """Whether the claim at `[start, end)` of `text` is meant as it stands: not supposed, doubted or withdrawn."""
    left, right = text[max(start - NEAR, 0) : start], text[end : end + NEAR]
    ends = [match.end() for match in _SENTENCE_END.finditer(left)]
    close = _SENTENCE_END.search(right)
    stop = len(right) if close is None else close.end()
    sentence = left[ends[-1] if ends else 0 :] + " \x00 " + right[:stop]
    if _DOUBT.search(sentence) or _WITHDRAWN.search(right[stop : stop + 160]):
        return False
    earlier = left[ends[-2] if len(ends) > 1 else 0 : ends[-1]] if ends else ""
    if len(earlier.strip()) < 3:
        earlier = before.rstrip()[-200:].rpartition("\n")[2]
    return _TESTED.search(earlier) is None and _TESTED.search(right[stop : stop + 160]) is None


def has_variable_x(text: str, start: int, end: int) -> bool:
    """Whether `x` near the claim is a variable, so that it cannot be trusted as a times sign."""
    return _VARIABLE_X.search(text, max(start - NEAR, 0), min(end + NEAR, len(text))) is not None


class Fence(NamedTuple):
    """Whether a code fence is open, and whether what stands in it is code (JSON and LaTeX are not)."""

    opened: bool = False
    code: bool = False

    def after(self, text: str) -> Fence:
        """The state behind `text`, whose fences stand at line starts."""
        state = self
        for mark in _FENCE.finditer(text):
            state = Fence() if state.opened else Fence(opened=True, code=mark.group(1).lower() not in _READABLE)
        return state


def is_fence(line: str) -> bool:
    """Whether the line opens or closes a code fence."""
    return _FENCE.match(line) is not None
