"""Labelled amounts, each on a line of its own: `Total cost = $40`, `- **Posts per day:** 3 * 1000 = 3,000 posts`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from ._consistency_names import Literal, literal_behind
from ._consistency_wording import MAX_SENTENCE
from ._scanner import tokenize
from ._tokens import Kind

SUMMARY = -1
"""The section of what sums up: it speaks of all the others."""


class LabelledAmount(NamedTuple):
    """`start` is the offset in the text at which the label begins, `end` that at which the value ends.

    `ended` says that the end of the line was seen.
    """

    label: str
    start: int
    end: int
    literal: Literal
    section: int
    ended: bool


_LINE = re.compile(r"\n|(?<!\\)\\n")
_LABEL = re.compile(
    r"[ \t]{0,12}(?:[-*•+]|[0-9]{1,2}[.)])?[ \t]{0,3}(?:\*\*)?(?P<label>[A-Za-z][A-Za-z'’]{1,20}"
    r"(?:[ -][A-Za-z'’]{1,20}){0,6}[ -][A-Za-z'’]{2,20})(?:\*\*)?[ \t]{0,3}(?P<sign>[:=])(?:\*\*)?[ \t]"
)
_HEADING = re.compile(r"[ \t]{0,12}(?:#{1,6}[ \t]|\*\*|[0-9]{1,2}[.)][ \t]|[Ss]tep[ \t]|[^\n]{0,200}:\**[ \t]*\Z)")
_SUMS_UP = re.compile(r"\b(?:summ\w*|final\w*|answer|conclusion|conclude|result|therefore|altogether)\b", re.IGNORECASE)
_PASSING = re.compile(
    r"\b(?:remain\w*|left|now|new|current|next|after|before|previous|so far|running|sub-?total|updated?|balance|terms?"
    r"|first|second|third|each|every|this|that|let|for|if|when|case|step|then|start\w*|end|initial\w*|change|try|trial"
    r"|so|thus|hence|therefore|we|he|she|they|it|since|because|and|is|are|as|has|have|get|gives?|estimate\w*|another"
    r"|other|option|part|factors?|times?|check|sum|difference|product|question|answer)\b",
    re.IGNORECASE,
)


def labelled_amounts(text: str) -> Iterator[LabelledAmount]:
    """The labelled amounts of a text. A label of one word, and one that names something passing, is left out."""
    section, start, sums_up = 0, 0, False
    for end in [*(mark.start() for mark in _LINE.finditer(text)), len(text)]:
        line = text[start:end]
        label = _LABEL.match(line) if len(line) <= MAX_SENTENCE else None
        found = None if label is None or _PASSING.search(label["label"]) else _literal(line, label)
        if label is not None and found is not None:
            part = SUMMARY if sums_up else section
            name = " ".join(label["label"].casefold().replace("’", "'").split())
            yield LabelledAmount(name, start + label.start("label"), start + found.end, found, part, end < len(text))
        elif _HEADING.match(line) is not None:
            section += 1
            sums_up = _SUMS_UP.search(line) is not None
        start = end + (1 if text.startswith("\n", end) else 2)


def _literal(line: str, label: re.Match[str]) -> Literal | None:
    """What the line gives as the amount: the literal at the end of its chain."""
    tokens, _ = tokenize(line)
    signs = [at for at, token in enumerate(tokens) if token.kind is Kind.EQUALS]
    colon = [at for at, token in enumerate(tokens) if token.start <= label.start("sign") < token.end]
    literal = literal_behind(tokens, (signs or colon)[-1]) if signs or colon else None
    return literal if literal is not None and literal.alone else None
