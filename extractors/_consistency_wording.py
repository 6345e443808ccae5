"""What wording makes of an assignment: a fact, a trial value, or something in another part of the reasoning."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from midtrace import View

from . import _context as context

MAX_SENTENCE = 1_500
"""Characters of a sentence that is read; a longer one is no prose."""


class Sentence(NamedTuple):
    """A sentence or line, its offset in the text, and whether its end was seen."""

    text: str
    at: int
    ended: bool


# A JSON string holds its line ends as `\n`; macros whose names begin with an n are none, nor is a factorial an end.
_END = re.compile(r"(?:[.?;]|(?<![\d)])!)(?=\s|\\n|$)|\n|(?<!\\)\\n(?!eq|u\b|ot\b|abla|mid)")
_TRIED = re.compile(
    r"\b(?:if|when|whenever|suppos\w*|assum\w*|try|tries|tried|trying|test\w*|consider\w*|possib\w*|either|or|could"
    r"|would|may|might|can|cannot|cases?|examples?|e\.g|say|guess\w*|unless|until|whether|otherwise|here"
    r"|what\ (?:if|happens|about|would)"
    r"|approximat\w*|about|roughly|around|almost|between|one|another|perhaps|maybe|except|respectively|each|every"
    r"|extraneous|invalid|impossible|intersect\w*|intercepts?)\b|\?|≈|\\approx|\\sim\b|±|\\pm\b|≠|\\neq?\b",
    re.IGNORECASE | re.VERBOSE,
)
_NAMED = re.compile(
    r"\b(?:for|at|where|with|from|to|by|in|into|of|mod|set|sets|setting|put|putting|plug\w*|substitut\w*|us(?:e|es|ing)"
    r"|tak(?:e|es|ing)|choos\w*|pick\w*|fix\w*|replac\w*|start\w*|letting)\b[^,:=]{0,24}\Z",
    re.IGNORECASE | re.VERBOSE,
)
_TURN = re.compile(
    r"(?:\A|\n|[.!?;:]\s)[^\w\n]{0,4}(?:but|however|instead|actually)\b"
    r"|\b(?:wait|oops|hmm|mistakes?|forgot\w*|wrong|incorrect\w*|another|different|alternativ\w*|similarly|likewise"
    r"|(?<!this\ )(?<!that\ )cases?|scenarios?|options?|possibilit\w*|method|approach|suppos\w*|assum\w*"
    r"|try|trying|what\ if|otherwise|pretend|imagine|iterat\w*|loop\w*|repeat\w*|updat\w*|swap\w*|increment\w*|reset\w*"
    r"|(?:multipl\w+|divid\w+|scal\w+|normali[sz]\w+)\ (?:\w{1,12}\ ){0,2}(?:all|entire|whole|every|each|coefficients)"
    r"|(?:first|second|third|next|recursive|function)\ calls?"
    r"|(?:part|problem|question|exercise|example|phase|round|stage)\ (?:\d|[a-z]\b|[ivx]+\b)"
    r"|if\b[^.=<>\n]{0,40}[=<>≤≥]|(?:when|for|at)\ [\\($]{0,3}[A-Za-z]\w{0,3}\ ?[=<>≤≥])"
    r"|(?<!\w)\([a-e]\)\s|≠|\\neq?\b",
    re.IGNORECASE | re.VERBOSE,
)
_SEVERAL = re.compile(
    r"±|\\pm\b|\b(?:roots|solutions|quadratic|cubic|pairs|possible\ values|possibilities|modul\w*|mod|congruent"
    r"|algorithm|simulat\w*)\b|\\pmod|\\equiv",
    re.IGNORECASE | re.VERBOSE,
)


def sentences(text: str) -> Iterator[Sentence]:
    """The sentences of a text, each within one line and none longer than the limit."""
    start = 0
    for mark in _END.finditer(text):
        stop = mark.start() if mark.group() in {"\n", "\\n"} else mark.end()
        if stop - start <= MAX_SENTENCE:
            yield Sentence(text[start:stop], start, ended=True)
        start = mark.end()
    if len(text) - start <= MAX_SENTENCE:
        yield Sentence(text[start:], start, ended=False)


def prose(view: View) -> str:
    """The view's text with code blanked out."""
    if "```" not in view.before and "```" not in view.text and "~~~" not in view.before + view.text:
        return view.text
    fence = context.Fence().after(view.before)
    lines = []
    for line in view.text.split("\n"):
        mark = context.is_fence(line)
        lines.append(" " * len(line) if fence.code or mark else line)
        fence = fence.after(line) if mark else fence
    return "\n".join(lines)


def tried(sentence: str) -> bool:
    """Whether the words of a sentence make its assignments trial values, or some of several."""
    return _TRIED.search(sentence) is not None


def named(before: str) -> bool:
    """Whether an assignment behind these words is only named: `substituting x = 5 into`, `for n = 1`."""
    return _NAMED.search(before) is not None


def turns(text: str) -> list[int]:
    """Where the text turns to something else: what was said before need not hold behind it."""
    return [match.start() for match in _TURN.finditer(text)]


def several(text: str) -> int:
    """Where the text first speaks of several solutions; its length if nowhere."""
    found = _SEVERAL.search(text)
    return len(text) if found is None else found.start()
