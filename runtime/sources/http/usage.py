"""What a call cost, as servers tell it."""

from __future__ import annotations

from ...chunks import Usage
from ...records.json import Json


def usage_of(frame: dict[str, Json]) -> Usage | None:
    """The usage in a frame, if there is one: OpenAI's `usage`, with llama.cpp's `timings` for what that lacks."""
    told, timings = frame.get("usage"), frame.get("timings")
    prompt = cached = generated = 0
    if isinstance(told, dict):
        prompt, generated = _count(told.get("prompt_tokens")), _count(told.get("completion_tokens"))
        details = told.get("prompt_tokens_details")
        if isinstance(details, dict):
            cached = _count(details.get("cached_tokens"))
    if isinstance(timings, dict):
        cached = _count(timings.get("cache_n")) or cached
        prompt = prompt or _count(timings.get("prompt_n")) + cached
        generated = generated or _count(timings.get("predicted_n"))
    if not prompt and not generated:
        return None
    return Usage(prompt, min(cached, prompt), generated)


def _count(value: Json) -> int:
    return int(value) if type(value) in (int, float) and 0 <= value < 1 << 53 else 0  # type: ignore[operator,arg-type]
