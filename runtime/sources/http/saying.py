"""Which frames say something: a server that sends others for ever is as silent as one that sends nothing."""

from __future__ import annotations

from ...records.json import Json


def says(frame: dict[str, Json]) -> bool:
    """Whether a frame adds to the trace: text, reasoning, or a part of a call.

    Neither a role, a finish reason, a cost nor log-probabilities of no text do.
    """
    choices = frame.get("choices")
    if type(choices) is not list:
        return False
    for choice in choices:
        if type(choice) is dict and not choice.get("index"):  # the only one that is read
            text = choice.get("text")
            if text and type(text) is str:
                return True
            said = choice.get("delta") or choice.get("message")
            return type(said) is dict and _delta_says(said)
    return False


def _delta_says(said: dict[str, Json]) -> bool:
    content = said.get("content")
    if content and type(content) is str:
        return True
    if any(type(value := said.get(name)) is str and value for name in ("reasoning_content", "reasoning", "refusal")):
        return True
    calls = said.get("tool_calls")
    functions = [each.get("function") for each in calls if type(each) is dict] if type(calls) is list else []
    return any(_call_says(each) for each in (*functions, said.get("function_call")))


def _call_says(function: Json) -> bool:
    if type(function) is not dict:
        return False
    return any(str(value).strip() for name in ("name", "arguments") if (value := function.get(name)))
