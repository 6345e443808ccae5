"""Triggers: where checkpoints are."""

from __future__ import annotations

from .blocks import on_block
from .cold import cold
from .composition import Composable, compose
from .counts import every
from .entropy import high_entropy
from .lines import at_end, every_line
from .matches import on_match
from .phases import Phase, Thinking, thinking
from .protocol import Boundary, Restarting, Scanner, Trigger
from .sentences import every_sentence
from .tagged import on_phase_change, on_tool_call

__all__ = [
    "Boundary",
    "Composable",
    "Phase",
    "Restarting",
    "Scanner",
    "Thinking",
    "Trigger",
    "at_end",
    "cold",
    "compose",
    "every",
    "every_line",
    "every_sentence",
    "high_entropy",
    "on_block",
    "on_match",
    "on_phase_change",
    "on_tool_call",
    "thinking",
]
