"""Files that a command writes."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

from ..errors import UsageError


def writable(option: str, path: Path) -> TextIO:
    """`path`, open for writing. Raises `UsageError` that names the option where that fails."""
    try:
        return path.open("w", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{option} {path}: {error.strerror}") from error
