"""What a server tells of the tokens of a frame: how probable each was, and how certain the model was.

Two layouts are read. llama.cpp, and all chats: `{"content": [{"token", "logprob", "top_logprobs": [{"logprob"}]}]}`;
OpenAI's older one, which vLLM and SGLang use for completions: `{"tokens", "token_logprobs", "top_logprobs": [{}]}`.
A frame may hold several tokens.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TypeGuard

from ...chunks import Token
from ...records.json import Json

ALTERNATIVES = 5
"""Alternatives to each token that an entropy is taken of, where nobody says how many."""

MOST = 4_096
"""Tokens of one frame that are read, and alternatives of one token."""


LEAST = -1e9
"""Below it nothing is a log-probability: minus infinity, or a number of hundreds of digits."""


def tokens_of(told: Json, text: str) -> tuple[Token, ...]:
    """The tokens of a frame whose text is `text`, from its `logprobs`; none unless their texts joined are that text.

    They differ where a server cuts a stop text off, or sends the bytes of one character in two tokens.
    """
    if not isinstance(told, Mapping):
        return ()
    content = told.get("content")
    tokens = _modern(content) if isinstance(content, list) else _legacy(told)
    if "".join([token.text for token in tokens]) != text:
        return ()
    return tuple(tokens)


def entropy(chosen: float | None, alternatives: Iterable[Json]) -> float | None:
    """Nats of uncertainty, from log-probabilities of the most probable tokens; what is left over counts as one outcome.

    That makes it a lower bound. `chosen` counts as well where it is none of them. None where nothing is known.
    """
    total = mass = 0.0
    seen = False
    for each in alternatives:
        # as `_is_logprob`, without a call for each
        if (type(each) is float or type(each) is int) and LEAST <= each <= 0.01:
            if each == chosen:
                seen = True
            share = math.exp(each)
            mass += share
            total -= share * each
    if chosen is not None and not seen:
        share = math.exp(chosen)
        mass += share
        total -= share * chosen
    if not mass:
        return None
    rest = 1.0 - mass
    return total - rest * math.log(rest) if rest > 1e-9 else total


def _modern(content: list[Json]) -> list[Token]:
    tokens: list[Token] = []
    for entry in content[:MOST]:
        if not isinstance(entry, dict) or not isinstance(text := entry.get("token"), str):
            return []
        chosen = entry.get("logprob")
        logprob = float(chosen) if _is_logprob(chosen) else None
        top = entry.get("top_logprobs")
        if isinstance(top, list) and top:
            others = [each.get("logprob") for each in top[:MOST] if isinstance(each, dict)]
            tokens.append(Token(text, logprob, entropy(logprob, others)))
        else:
            tokens.append(Token(text, logprob))
    return tokens


def _legacy(told: Mapping[str, Json]) -> list[Token]:
    texts, chosen, tops = told.get("tokens"), told.get("token_logprobs"), told.get("top_logprobs")
    if not isinstance(texts, list):
        return []
    chosen = chosen if isinstance(chosen, list) else []
    tops = tops if isinstance(tops, list) else []
    tokens: list[Token] = []
    for place, text in enumerate(texts[:MOST]):
        if not isinstance(text, str):
            return []
        value = chosen[place] if place < len(chosen) else None
        logprob = float(value) if _is_logprob(value) else None
        top = tops[place] if place < len(tops) else None
        if isinstance(top, dict) and top:
            tokens.append(Token(text, logprob, entropy(logprob, list(top.values())[:MOST])))
        else:
            tokens.append(Token(text, logprob))
    return tokens


def _is_logprob(value: Json) -> TypeGuard[float]:
    """A finite number at most 0; the rounding of a server may lift it a little."""
    return type(value) in (float, int) and LEAST <= value <= 0.01  # type: ignore[operator]  # NaN is not
