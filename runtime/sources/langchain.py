"""Runnables of LangChain, known by their shape: the package is not imported.

A language model continues raw text. A chat model is given turns: the prompt, what it said, notes about it.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Sequence
from typing import Literal, TypeAlias

import anyio

from .chats.turns import Echo, Turn, last_said, turns
from .protocol import Abilities, Passage, Runnable
from .streams.deltas import Deltas, Item

CLOSING = 2.0
"""Seconds that a runnable's stream may take to close."""

Kind: TypeAlias = Literal["text", "chat", "template"]


def runnable_of(given: object) -> Runnable | None:
    """A runnable, or the one whose `astream` was given; None for anything else."""
    if inspect.ismethod(given) and given.__name__ == "astream":
        given = given.__self__
    if isinstance(given, type) or not all(callable(getattr(given, name, None)) for name in ("astream", "ainvoke")):
        return None
    runnable: Runnable = given  # type: ignore[assignment]
    return runnable


def kind_of(runnable: object) -> Kind:
    """What the first step of a runnable takes: text, turns, or values for a template."""
    for _ in range(100):
        inner = getattr(runnable, "bound", None) or getattr(runnable, "first", None)
        if inner is None:
            break
        runnable = inner
    if hasattr(runnable, "bind_tools"):
        return "chat"
    return "template" if isinstance(getattr(runnable, "input_variables", None), list) else "text"


class LangChain:
    """A runnable as a source.

    One that begins with a template is given the prompt as its only value, and cannot continue text of its own.
    """

    def __init__(self, runnable: Runnable) -> None:
        self._runnable = runnable
        self._kind = kind_of(runnable)

    def __repr__(self) -> str:
        return f"source_of({type(self._runnable).__name__})"

    @property
    def __name__(self) -> str:
        return type(self._runnable).__name__

    @property
    def abilities(self) -> Abilities:
        """Whether it can go on from an edited text; a runnable says nothing of tokens to rely on."""
        return Abilities(resume=self._kind != "template", logprobs=False, tool_calls=self._kind == "chat")

    def __call__(self, prefix: str, /) -> AsyncIterator[Item]:
        """Stream what follows `prefix`: its continuation, or a chat model's answer to it."""
        return self._stream([("human", prefix)] if self._kind == "chat" else prefix, "")

    def converse(self, prompt: str, passages: Sequence[Passage], attempt: int, /) -> AsyncIterator[Item]:
        """Stream what follows a trace: notes are turns of the user's to a chat model, text to any other."""
        if self._kind != "chat":
            return self(prompt + "".join(passage.text for passage in passages))
        messages = [_message(turn) for turn in turns(prompt, passages)]
        return self._stream(messages, last_said(passages))

    async def _stream(self, given: object, said: str) -> AsyncIterator[Item]:
        deltas = Deltas()
        echo = Echo(said)
        stream = self._runnable.astream(given)
        try:
            async for item in stream:
                for made in deltas.read(item):
                    for new in echo.feed(made):
                        yield new
            for made in (*(new for last in deltas.end() for new in echo.feed(last)), *echo.end()):
                yield made
        finally:
            if inspect.isasyncgen(stream):
                with anyio.move_on_after(CLOSING, shield=True):
                    await stream.aclose()


def _message(turn: Turn) -> tuple[str, str]:
    return ("human" if turn.role == "user" else "ai"), turn.text
