"""A source without a model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta

FIRST = date(2024, 2, 27)
COUNT = 5


class Days:
    """Writes five days, a line each, and goes on wherever a prefix breaks off."""

    def __call__(self, prefix: str, /) -> AsyncIterator[str]:
        """Stream what follows `prefix`."""
        return self._stream(prefix)

    async def _stream(self, prefix: str) -> AsyncIterator[str]:
        text = "".join(f"{FIRST + timedelta(days=n)}\n" for n in range(COUNT))
        written = max(n for n in range(len(text) + 1) if prefix.endswith(text[:n]))
        for character in text[written:]:
            await asyncio.sleep(0)
            yield character
