"""Monitors elsewhere look for `<think>` in the generated text, and never fire where the template has it in the prompt.

Here it does not matter where the tags are: in the prompt, in the text, or nowhere, with reasoning in its own field.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

import pytest

import midtrace as mt
from midtrace.sources.chat import Chat
from midtrace.sources.completions import Completions
from midtrace.triggers import every_line

from ..sources.fault_server import Asked, Piece, Reply, Step, serving

THINKING = ["a = 1\n", "b = 2\n", "c = 3"]
ANSWER = ["It is ", "6.\n"]
CORRECTED = ["b = 3\n", "c = 4"]


def in_text(thinking: Sequence[str], *, opened: bool) -> Sequence[Step]:
    return [*([] if opened else ["<think>\n"]), *thinking, "\n</think>\n\n", *ANSWER]


def in_a_field(thinking: Sequence[str]) -> Sequence[Step]:
    return [*(Piece(delta={"reasoning_content": each}) for each in thinking), *ANSWER]


@dataclass(frozen=True)
class Way:
    """A way in which thinking is marked: the prompt, the source, what it says first, and after a cut."""

    source: Callable[[str], Any]
    first: Sequence[Step]
    resumed: Sequence[Step]
    stopped: Sequence[Step]
    prompt: str = "P"


def completions(url: str) -> Completions:
    return Completions(url)


def in_turns(url: str) -> Chat:
    return Chat(url, prefill="never")


WAYS = {
    "in the prompt": Way(
        completions, in_text(THINKING, opened=True), in_text(CORRECTED, opened=True), ANSWER, "P<think>\n"
    ),
    "in the text": Way(completions, in_text(THINKING, opened=False), in_text(CORRECTED, opened=True), ANSWER),
    "in the text of a chat": Way(in_turns, in_text(THINKING, opened=False), in_text(CORRECTED, opened=True), ANSWER),
    "in the template of a chat": Way(
        lambda url: Chat(url, prefill="never", opens_thinking=True),
        in_text(THINKING, opened=True),
        in_text(CORRECTED, opened=True),
        ["\n</think>\n\n", *ANSWER],
    ),
    "in a field": Way(in_turns, in_a_field(THINKING), in_a_field(CORRECTED), ANSWER),
}


def monitor(policy: mt.Policy, wrong: str = "b = 2") -> mt.Monitor:
    return mt.Monitor(
        "thinking",
        on=every_line().within("thinking"),
        verify=lambda text: f"{wrong} is wrong" if wrong and wrong in text else None,
        policy=policy,
    )


async def watched(
    way: Way, local: mt.Runtime, given: mt.Monitor, then: Sequence[Step] = ()
) -> tuple[mt.Outcome, list[str], list[dict[str, Any]]]:
    """How a run ended, the lines that were checked and still stand, and what was asked of the server."""
    spans: list[mt.Span] = []

    def answer(asked: Asked) -> Reply:
        return Reply(then if len(site.bodies) > 1 else way.first)

    with serving(answer) as site:
        source: AbstractAsyncContextManager[Any] = way.source(site.url)
        async with source as opened, local.watch(opened, way.prompt, monitors=[given]) as run:
            async for event in run:
                match event:
                    case mt.Checked(span=span):
                        spans.append(span)
                    case mt.Intervened(offset=offset):
                        spans = [span for span in spans if span.end <= offset]
    text = run.outcome.text
    lines = [text[span.start : span.end].strip() for span in sorted(spans, key=lambda span: span.start)]
    return run.outcome, [line for line in lines if line], site.bodies


@pytest.mark.parametrize("name", WAYS)
async def test_36_lines_of_thinking_are_checked_wherever_the_tags_are(name: str, local: mt.Runtime) -> None:
    outcome, lines, _ = await watched(WAYS[name], local, monitor(mt.Observe(), wrong=""))

    assert outcome.verified
    assert lines[:3] == ["a = 1", "b = 2", "c = 3"]
    assert not any("6" in line for line in lines)  # the answer is none of this monitor's business
    assert outcome.text.removeprefix("<think>\n") == "".join(THINKING) + "\n</think>\n\n" + "".join(ANSWER)


@pytest.mark.parametrize("name", WAYS)
async def test_36_feedback_goes_into_the_thinking_and_it_goes_on_there(name: str, local: mt.Runtime) -> None:
    way = WAYS[name]
    policy = mt.Rollback(feedback="[check: {message}]\n")
    outcome, lines, bodies = await watched(way, local, monitor(policy), way.resumed)

    opened = "" if "<think>" in way.prompt else "<think>\n"
    note = "[check: b = 2 is wrong]\n"
    assert outcome.text == f"{opened}a = 1\n{note}b = 3\nc = 4\n</think>\n\nIt is 6.\n"
    assert lines[:3] == ["a = 1", "b = 3", "c = 4"]
    assert outcome.verified
    if "messages" in bodies[-1]:
        assert [each["content"].strip() for each in bodies[-1]["messages"]] == ["P", f"{opened}a = 1", note.strip()]
    else:
        assert bodies[-1]["prompt"] == f"{way.prompt}{opened}a = 1\n{note}"


@pytest.mark.parametrize("name", WAYS)
async def test_36_thinking_can_be_stopped_inside(name: str, local: mt.Runtime) -> None:
    """The answer follows, and nothing takes it for thinking."""
    way = WAYS[name]
    outcome, _, bodies = await watched(way, local, monitor(mt.Stop()), way.stopped)

    assert outcome.text.partition("</think>")[0].strip().removeprefix("<think>").strip() == "a = 1\nb = 2"
    assert outcome.text.endswith("</think>\n\nIt is 6.\n")
    assert len(bodies) == 2
