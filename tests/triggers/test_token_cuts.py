"""Text and tokens cut at the same places."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from midtrace import Token
from midtrace.triggers import token_cuts


@given(tokens=st.lists(st.builds(Token, st.text("ab", max_size=3), st.just(-1.0))), data=st.data())
def test_nothing_is_lost(tokens: list[Token], data: st.DataObject) -> None:
    text = "".join(token.text for token in tokens)
    places = sorted(data.draw(st.sets(st.integers(1, max(len(text), 1)))) if text else ())
    parts = list(token_cuts.divide(text, tokens, places))
    assert len(parts) == len(places) + 1
    assert [part.text for part in parts] == ["".join(token.text for token in part.tokens) for part in parts]
    assert "".join(part.text for part in parts) == text
    assert sum(token.logprob is not None for part in parts for token in part.tokens) == len(tokens)


def test_the_last_part_of_a_token_knows_its_numbers() -> None:
    parts = list(token_cuts.divide("abcd", [Token("abc", -0.5), Token("", -0.1), Token("d")], [1, 3]))
    assert [list(part.tokens) for part in parts] == [[Token("a")], [Token("bc", -0.5)], [Token("", -0.1), Token("d")]]
