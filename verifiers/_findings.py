"""Several violations of one state, as one verdict."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from midtrace import Violation


def in_text_order(violations: Iterable[Violation]) -> list[Violation]:
    """The earliest in the text first, those about all of the unit before them."""
    return sorted(violations, key=lambda found: found.span or (0, 0))


def together(violations: Sequence[Violation]) -> Violation:
    """The first of them, with the others in its `also`."""
    return replace(violations[0], also=tuple(violations[1:]))
