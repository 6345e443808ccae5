"""How English says where things stand in a row: "second from the left", "third-newest", "finished above"."""

from __future__ import annotations

from dataclasses import dataclass

ORDINALS = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
    "twelfth", "thirteenth", "fourteenth", "fifteenth",
)  # fmt: skip
ORDINAL = rf"(?:{'|'.join(ORDINALS)}|1st|2nd|3rd|[4-9]th|1[0-5]th)"


def number(ordinal: str) -> int:
    """What an ordinal counts: `second` is 2, `3rd` is 3."""
    word = ordinal.lower()
    return ORDINALS.index(word) + 1 if word in ORDINALS else int(word[:-2])


@dataclass(frozen=True, slots=True)
class Scale:
    """The words of one kind of order, as alternatives of patterns; its low end is where counting starts.

    `low` and `high` name the ends, `from_low` and `from_high` are what ranks are counted from, behind an ordinal.
    `before` and `after` say of two things which comes first, counted from the low end. `counted` says that a plain
    ordinal counts from the low end.
    """

    low: str
    high: str
    from_low: str
    from_high: str
    before: str
    after: str
    ends: tuple[str, str]
    counted: bool = False


SCALES = (
    Scale(
        low=r"(?:far )?leftmost",
        high=r"(?:far )?rightmost",
        from_low=r"[- ](?:\w+ )?from (?:the )?left|[- ]leftmost",
        from_high=r"[- ](?:\w+ )?from (?:the )?right|[- ]rightmost",
        before=r"(?:to the |on the )?left of",
        after=r"(?:to the |on the )?right of",
        ends=(r"left(?:most)?", r"right(?:most)?"),
    ),
    Scale(
        low=r"oldest",
        high=r"newest|youngest",
        from_low=r"[- ]oldest",
        from_high=r"[- ](?:newest|youngest)",
        before=r"older than",
        after=r"(?:newer|younger) than",
        ends=(r"oldest", r"newest|youngest"),
    ),
    Scale(
        low=r"cheapest|least expensive",
        high=r"most expensive|priciest",
        from_low=r"[- ](?:cheapest|least[- ]expensive)",
        from_high=r"[- ](?:most[- ]expensive|priciest)",
        before=r"(?:less expensive|cheaper) than",
        after=r"(?:more expensive|pricier) than",
        ends=(r"cheapest|least(?: expensive)?", r"most(?: expensive)?|priciest"),
    ),
    Scale(
        low=r"(?!)",
        high=r"last",
        from_low=r"[- ]from (?:the )?(?:top|first)",
        from_high=r"[- ](?:to[- ]last|from (?:the )?(?:last|bottom))|[- ]last",
        before=r"above|ahead of|before|higher than|better than",
        after=r"below|behind|after|lower than|worse than",
        ends=(r"first|top|above|best", r"last|bottom|below|worst"),
        counted=True,
    ),
)
