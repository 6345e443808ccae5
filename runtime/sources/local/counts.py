"""What a model in this process has done, as its engine counts it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Counts:
    """Tokens: evaluated of prompts, reused of the cache instead, generated."""

    evaluated: int = 0
    reused: int = 0
    generated: int = 0
