"""What the frames of well-known APIs say, by their shape: dicts and objects alike, no client library imported."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, cast

from ...chunks import Chunk, Token, Usage
from ...errors import SourceError
from ...records.json import Json
from ..http.logprobs import tokens_of
from ..http.usage import usage_of
from .calls import Piece


class Delta(NamedTuple):
    """What one frame says: text of the answer, reasoning in a field of its own, pieces of calls, and how it ends.

    `sums` says that `usage` counts this frame alone, not the whole call.
    """

    content: str = ""
    reasoning: str = ""
    pieces: tuple[Piece, ...] = ()
    tokens: tuple[Token, ...] = ()
    usage: Usage | None = None
    sums: bool = False
    finish: str | None = None


NOTHING = Delta()

_REPEATS = ("content.", "refusal.", "tool_calls.", "logprobs.")
"""Events of the `openai` client's stream helper that say again what its `chunk` events say."""


def text_alone(frame: dict[object, object]) -> str | None:
    """The text of a frame that says nothing but text, as nearly all do; None for any other. Nothing is decided here."""
    choices = frame.get("choices")
    if type(choices) is not list or len(choices) != 1 or frame.get("usage") or frame.get("timings"):
        return None
    choice = choices[0]
    if type(choice) is not dict or choice.get("index") or choice.get("finish_reason") or choice.get("logprobs"):
        return None
    delta = choice.get("delta")
    if type(delta) is not dict or frame.get("error"):
        return None
    text = None
    for name, value in delta.items():
        if name == "content":
            text = value
        elif value and name != "role":
            return None
    return text if type(text) is str else None


def read(item: object) -> Delta:
    """What a frame says. Raises `SourceError` for an error frame, and for what has none of the known shapes."""
    if isinstance(item, Mapping) and item.get("error"):
        raise SourceError(f"the server reports {_short(item['error'])}")
    choices = get(item, "choices")
    if _is_list(choices):
        return _from_choices(item, choices)
    kind = get(item, "type")
    if kind == "chunk" and get(item, "chunk") is not None:
        return read(get(item, "chunk"))
    if isinstance(kind, str) and kind.startswith(_REPEATS):
        return NOTHING
    if get(item, "message") is not None and get(item, "content") is None:
        return read(get(item, "message"))
    content = get(item, "content")
    if isinstance(content, str) or _is_list(content):
        return _from_message(item, content)
    raise SourceError(f"expected text from the source, got {type(item).__name__}")


def is_answer(item: object) -> bool:
    """Whether it is one whole answer: those of client libraries can be iterated over as well, for their fields."""
    if isinstance(item, str | Chunk):
        return True
    try:
        if _is_list(get(item, "choices")):
            return True
        content = get(item, "content")
        return isinstance(content, str) or _is_list(content) or isinstance(get(get(item, "message"), "content"), str)
    except Exception:  # noqa: BLE001  (a property of somebody's object, which is none of these then)
        return False


def get(item: object, name: str) -> object:
    """A field of a dict or of an object; None where it has none."""
    if type(item) is dict or isinstance(item, Mapping):
        return item.get(name)
    return getattr(item, name, None)


def _is_list(value: object) -> bool:
    return type(value) is list or (isinstance(value, Sequence) and not isinstance(value, str | bytes))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _each(value: object) -> Iterator[object]:
    if _is_list(value):
        yield from cast("Sequence[object]", value)


def _short(value: object) -> str:
    try:
        return json.dumps(value)[:200]
    except (TypeError, ValueError):
        return repr(value)[:200]


# Completions and chat completions


def _from_choices(item: object, choices: object) -> Delta:
    usage = _usage(item)
    choice = next((each for each in _each(choices) if not get(each, "index")), None)
    if choice is None:
        return Delta(usage=usage)
    finish = _text(get(choice, "finish_reason")) or None
    said = get(choice, "delta") or get(choice, "message")
    if said is None:
        content = _text(get(choice, "text"))
        return Delta(content, tokens=_tokens(choice, content), usage=usage, finish=finish)
    content = _text(get(said, "content")) or _text(get(said, "refusal"))
    reasoning = _text(get(said, "reasoning_content")) or _text(get(said, "reasoning"))
    pieces = tuple(_piece(each) for each in _each(get(said, "tool_calls")))
    function = get(said, "function_call")  # what tool calls were before there could be several
    if function and not pieces:
        pieces = (_function(function, 0, None),)
    if not content and not reasoning:
        return Delta(pieces=pieces, usage=usage, finish=finish)
    known = _tokens(choice, reasoning + content)
    return Delta(content, reasoning, pieces, known, usage, finish=finish)


def _piece(call: object) -> Piece:
    index, given = get(call, "index"), get(call, "id")
    identity = given if isinstance(given, str) and given else None
    return _function(get(call, "function"), index if isinstance(index, int) else None, identity)


def _function(function: object, index: int | None, identity: str | None) -> Piece:
    arguments = get(function, "arguments")
    if isinstance(arguments, Mapping):  # some servers send what the others send as text
        arguments = json.dumps(arguments, ensure_ascii=False)
    return Piece(index, identity, _text(get(function, "name")), _text(arguments))


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0


# Messages of LangChain


def _from_message(item: object, content: object) -> Delta:
    text = reasoning = ""
    parts = [content] if isinstance(content, str) else list(_each(content))
    for part in parts:
        if isinstance(part, str):
            text += part
            continue
        match get(part, "type"):
            case "text" | "text_delta":
                text += _text(get(part, "text"))
            case "thinking" | "reasoning" | "reasoning_content" as name:
                reasoning += _reasoning(part, name)
            case _:
                pass  # calls of tools, which the message has in a field of their own, pictures and the like
    extra = get(item, "additional_kwargs")
    reasoning = reasoning or _text(get(extra, "reasoning_content")) or _text(get(extra, "reasoning"))
    about = get(item, "response_metadata")
    finish = next((each for name in _FINISH if (each := _text(get(about, name)))), None)
    usage = _sum(get(item, "usage_metadata"))
    return Delta(text, reasoning, tuple(_calls(item)), usage=usage, sums=True, finish=finish)


_FINISH = ("finish_reason", "stop_reason", "done_reason")


def _reasoning(part: object, name: str) -> str:
    told = get(part, name)
    if isinstance(told, str):
        return told
    if told is not None:
        return _text(get(told, "text"))
    return "".join(_text(get(each, "text")) for each in _each(get(part, "summary")))


def _calls(message: object) -> Iterator[Piece]:
    pieces = get(message, "tool_call_chunks")
    if pieces is not None:
        for each in _each(pieces):
            index, given = get(each, "index"), get(each, "id")
            identity = given if isinstance(given, str) and given else None
            place = index if isinstance(index, int) else None
            yield Piece(place, identity, _text(get(each, "name")), _text(get(each, "args")))
        return
    for each in _each(get(message, "tool_calls")):
        name, arguments = _text(get(each, "name")), get(each, "args")
        yield Piece(None, None, name, json.dumps(arguments if isinstance(arguments, Mapping) else {}))
    for each in _each(get(message, "invalid_tool_calls")):
        yield Piece(None, None, _text(get(each, "name")), _text(get(each, "args")))


def _sum(usage: object) -> Usage | None:
    prompt = get(usage, "input_tokens")
    if not isinstance(prompt, int):
        return None
    cached = _count(get(get(usage, "input_token_details"), "cache_read"))
    return Usage(prompt, cached, _count(get(usage, "output_tokens")))


# What is told of tokens and costs


def _tokens(choice: object, text: str) -> tuple[Token, ...]:
    told = get(choice, "logprobs")
    return () if told is None else tokens_of(_plain(told), text)


def _usage(item: object) -> Usage | None:
    told, timings = get(item, "usage"), get(item, "timings")
    if told is None and timings is None:
        return None
    return usage_of({"usage": _plain(told), "timings": _plain(timings)})


def _plain(value: object) -> Json:
    """A client library's object as the JSON that it was."""
    if isinstance(value, Mapping):
        return cast("Json", value)
    dump = getattr(value, "model_dump", None)
    return cast("Json", dump()) if callable(dump) else None
