"""Verifiers: one file a domain."""

from __future__ import annotations

from .arithmetic import Arithmetic as Arithmetic

__all__ = ["Arithmetic"]
