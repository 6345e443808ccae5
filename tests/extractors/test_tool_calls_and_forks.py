"""Calls of tools as servers write them, and questions to the model with their answers."""

from __future__ import annotations

from typing import Literal

import pytest

import midtrace as mt
from midtrace import Span, Unparsed, UsageError, View
from midtrace.extractors import Fork, JsonObjects, JsonValue, Probes, ToolCall, ToolCallsInText
from midtrace.testing import InlineEngine, check_extractor


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "add", "arguments": {"a": 1}}',
        '{"name": "add", "parameters": {"a": 1}}',
        '{"type": "function", "function": {"name": "add", "arguments": "{\\"a\\": 1}"}}',
        '[{"name": "add", "arguments": {"a": 1}}]',
    ],
)
def test_calls_are_read(text: str) -> None:
    whole = f"<tool_call>\n{text}\n</tool_call>"
    assert ToolCallsInText().extract(View(whole, 5)) == (ToolCall("add", {"a": 1}, Span(17, 17 + len(text))),)


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "add"}',
        '{"name": "add", "arguments": {"a": 1}',
        '{"name": "add", "arguments": "a = 1"}',
        '{"name": 3, "arguments": {}}',
        '{"arguments": {}}',
    ],
)
def test_what_is_no_call_or_not_complete_is_left_out(text: str) -> None:
    assert ToolCallsInText().extract(View(text)) is None


def test_only_calls_of_known_tools_are_read() -> None:
    text = '{"name": "add", "arguments": {}} {"name": "Ann", "input": {"age": 3}}'
    assert [call.name for call in ToolCallsInText().extract(View(text)) or ()] == ["add", "Ann"]
    assert [call.name for call in ToolCallsInText(("add",)).extract(View(text)) or ()] == ["add"]


def test_an_answer_is_read_up_to_its_stop() -> None:
    fork = Fork("\nSo far I have {", lambda text: [word for word in text.split(",") if word] or None, stop=("}",))
    assert fork.read("a,b} and more}", View("text")) == ["a", "b"]
    with pytest.raises(Unparsed, match="says nothing that can be read: ''"):
        fork.read("} and more", View("text"))


def test_an_extractor_reads_an_answer_behind_the_text() -> None:
    fork = Fork("\nState:", JsonObjects(last=True))
    assert fork.read(' {"a": 1}', View("text", 10)) == (JsonValue({"a": 1}, Span(15, 23)),)


async def test_text_that_is_there_already_is_asked_of_nobody_and_does_not_pass() -> None:
    monitor = mt.Monitor("asks", extract=Fork("\nState:", JsonObjects()), verify=lambda state: None)
    finding = await mt.Runtime(InlineEngine()).review("a line\n", "P", monitors=[monitor])
    assert finding.unknown == finding.checks > 0
    assert not finding.violations


def test_a_state_must_fit_its_schema() -> None:
    fork = Fork("\nState:", lambda text: {"a": text}, schema=dict[str, Literal["yes", "no"]])
    assert fork.read("yes", View("")) == {"a": "yes"}
    with pytest.raises(Unparsed, match=r"does not fit .*: a: Input should be 'yes' or 'no'"):
        fork.read("maybe", View(""))


def test_what_is_shown_of_a_fork_tells_no_address() -> None:
    fork = Fork("\nTotal:", str, endpoint="http://user:PASSW0RD@host")
    assert "suffix='\\nTotal:'" in repr(fork)
    assert "PASSW0RD" not in f"{fork!r} {Probes(fork)!r}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"suffix": ""}, "Fork(suffix=''): expected text"),
        ({"stop": "}"}, "Fork(stop='}'): expected texts"),
        ({"max_tokens": 0}, "Fork(max_tokens=0): expected 1 or more"),
        ({"parse": 3}, "expected an extractor or a function"),
        ({"mention": "prompt"}, "Fork(mention='prompt'): expected True, 'trace' or a function"),
        ({"suffix": 5}, "Fork(suffix=5): expected text"),
        ({"confirm": "x"}, "Fork(confirm='x'): expected 1 or more"),
        ({"temperature": "hot"}, "Fork(temperature='hot'): expected 0 or more"),
        ({"endpoint": 5}, "Fork(endpoint=...): expected a name"),
        ({"stop": 3}, "Fork(stop=3): expected texts"),
        ({"max_tokens": True}, "Fork(max_tokens=True): expected 1 or more in whole numbers"),
        ({"steady": "x"}, "Fork(steady='x'): expected True or False"),
        ({"confirm": 0}, "Fork(confirm=0): expected 1 or more"),
        ({"schema": object()}, "expected a type that pydantic takes"),
    ],
)
def test_questions_that_cannot_be_asked_are_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError) as raised:
        Fork(**{"suffix": "\nState:", "parse": str, **arguments})  # type: ignore[arg-type]
    assert message in str(raised.value)


def test_conformance() -> None:
    call = ToolCall("add", {}, Span(0, 32))
    check_extractor(
        ToolCallsInText(),
        examples={'{"name": "add", "arguments": {}}': (call,), "none": None},
        hostile=['{"name": "a", "arguments": "', '{"function": ', '{"name":'],
        longest=30_000,
    )
