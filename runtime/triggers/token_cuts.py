"""Cutting a text and its tokens at the same places."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..chunks import Token


class Part(NamedTuple):
    """A stretch of text with its tokens."""

    text: str
    tokens: Sequence[Token]


def divide(text: str, tokens: Sequence[Token], places: Sequence[int]) -> Iterator[Part]:
    """`text` cut at each of `places` (ascending), with the tokens of each part; costs O(len(text)).

    Of a token that is cut, the part that ends it knows its numbers; what comes before does not. A token without text
    belongs to the part that starts where it is.
    """
    coming = iter(tokens)
    token = next(coming, None)
    begin = 0
    for place in places:
        own: list[Token] = []
        at = begin
        while token is not None and at < place:
            left = place - at
            if len(token.text) > left:
                own.append(Token(token.text[:left]))
                token = token._replace(text=token.text[left:])
                break
            own.append(token)
            at += len(token.text)
            token = next(coming, None)
        yield Part(text[begin:place], own)
        begin = place
    yield Part(text[begin:], () if token is None else (token, *coming))
