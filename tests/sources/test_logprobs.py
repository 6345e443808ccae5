"""Tokens of a frame: both layouts, packed frames, and anything else a server may send."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import midtrace as mt
from midtrace.chunks import Usage
from midtrace.sources.http.logprobs import entropy, tokens_of
from midtrace.sources.http.usage import usage_of


def modern(*tokens: tuple[str, float, list[float]]) -> dict[str, Any]:
    return {
        "content": [
            {"token": text, "logprob": own, "top_logprobs": [{"token": "?", "logprob": each} for each in top]}
            for text, own, top in tokens
        ]
    }


def legacy(*tokens: tuple[str, float, list[float]]) -> dict[str, Any]:
    return {
        "tokens": [text for text, _, _ in tokens],
        "token_logprobs": [own for _, own, _ in tokens],
        "top_logprobs": [{f"t{n}": each for n, each in enumerate(top)} for _, _, top in tokens],
        "text_offset": [0 for _ in tokens],
    }


HALF = math.log(0.5)


@pytest.mark.parametrize("layout", [modern, legacy])
def test_both_layouts_say_the_same(layout: Any) -> None:
    told = layout(("one", HALF, [HALF, math.log(0.25)]), (" two", math.log(0.1), [HALF, HALF - 1]))
    tokens = tokens_of(told, "one two")

    assert [token.text for token in tokens] == ["one", " two"]
    assert [token.logprob for token in tokens] == [HALF, math.log(0.1)]
    assert tokens[0].entropy == pytest.approx(0.5 * math.log(2) + 2 * 0.25 * math.log(4)), "the rest is one outcome"
    shares = [0.5, 0.5 / math.e, 0.1]
    rest = 1 - sum(shares)
    assert tokens[1].entropy == pytest.approx(-sum(p * math.log(p) for p in (*shares, rest))), "and so is the chosen"


def test_entropy_of_the_certain_and_of_the_even() -> None:
    assert entropy(0.0, [0.0]) == 0
    assert entropy(math.log(1 / 4), [math.log(1 / 4)] * 4) == pytest.approx(math.log(4))
    assert entropy(None, []) is None
    assert entropy(None, [None, "x", math.nan, 3.0]) is None


@pytest.mark.parametrize("layout", [modern, legacy])
@pytest.mark.parametrize("least", [-(10**400), -math.inf, -1e300])
def test_what_is_no_finite_logprob_is_left_out(least: float, layout: Any) -> None:
    """JSON has integers of any length, and servers write minus infinity."""
    (token,) = tokens_of(layout(("a", least, [HALF, least])), "a")
    assert token.logprob is None
    assert token.entropy == pytest.approx(math.log(2))
    (token,) = tokens_of(layout(("a", least, [least])), "a")
    assert token.entropy is None


@given(st.lists(st.floats(0.001, 1), min_size=2, max_size=8), st.integers(1, 8))
def test_less_alternatives_never_tell_more(weights: list[float], known: int) -> None:
    shares = sorted((each / sum(weights) for each in weights), reverse=True)
    true = -sum(p * math.log(p) for p in shares)
    told = entropy(math.log(shares[0]), [math.log(p) for p in shares[:known]])
    assert told is not None
    assert -1e-9 <= told <= true + 1e-6


def test_without_alternatives_only_the_probability_is_known() -> None:
    told: dict[str, Any] = {
        "content": [{"token": "a", "logprob": -1}, {"token": "b", "logprob": None, "top_logprobs": []}]
    }
    assert tokens_of(told, "ab") == (mt.Token("a", -1.0), mt.Token("b"))


def test_tokens_that_are_not_the_text_are_dropped() -> None:
    told = modern(("one", -1, [-1]), (" two", -1, [-1]))
    assert tokens_of(told, "one") == ()
    assert tokens_of(told, "one two") != ()


json = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["content", "tokens", "token_logprobs", "top_logprobs", "token", "logprob"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(json, st.text(max_size=3))
def test_whatever_a_server_sends_the_tokens_are_the_text(told: Any, text: str) -> None:
    tokens = tokens_of(told, text)
    assert tokens == () or "".join(token.text for token in tokens) == text
    for token in tokens:
        assert token.logprob is None or token.logprob <= 0.01
        assert token.entropy is None or token.entropy >= -0.1


USAGES: dict[str, tuple[dict[str, Any], Usage | None]] = {
    "openai": (
        {
            "usage": {
                "prompt_tokens": 10,
                "completion_tokens": 3,
                "prompt_tokens_details": {"cached_tokens": 8},
            }
        },
        Usage(10, 8, 3),
    ),
    "no details": ({"usage": {"prompt_tokens": 10, "completion_tokens": 3}}, Usage(10, 0, 3)),
    "null details": ({"usage": {"prompt_tokens": 10, "prompt_tokens_details": None}}, Usage(10, 0, 0)),
    "timings": ({"timings": {"cache_n": 9, "prompt_n": 2, "predicted_n": 5}}, Usage(11, 9, 5)),
    "both": ({"usage": {"prompt_tokens": 11}, "timings": {"cache_n": 9, "prompt_n": 2}}, Usage(11, 9, 0)),
    "nonsense": ({"usage": {"prompt_tokens": -4, "completion_tokens": "x"}, "timings": [1]}, None),
    "none": ({"usage": None}, None),
    "more cached than there is": (
        {"usage": {"prompt_tokens": 3, "prompt_tokens_details": {"cached_tokens": 9}}},
        Usage(3, 3, 0),
    ),
}


@pytest.mark.parametrize("case", USAGES)
def test_usage(case: str) -> None:
    frame, expected = USAGES[case]
    assert usage_of(frame) == expected
