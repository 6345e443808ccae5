"""What APIs stream becomes text of the trace, the same however it was cut."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, AIMessageChunk
from openai.types import Completion
from openai.types.chat import ChatCompletion, ChatCompletionChunk

import midtrace as mt
from midtrace.chunks import Chunk, Token, Usage
from midtrace.extractors import ToolCallsInText
from midtrace.sources.streams import calls
from midtrace.sources.streams.deltas import Deltas, Marks
from midtrace.sources.streams.shapes import Delta, read, text_alone
from midtrace.testing import rechunk
from midtrace.triggers import Trigger, on_phase_change, on_tool_call


def items_of(items: Iterable[object], deltas: Deltas | None = None) -> list[str | Chunk | Usage]:
    deltas = deltas or Deltas()
    return [*(made for item in items for made in deltas.read(item)), *deltas.end()]


def text_of(items: Iterable[object], deltas: Deltas | None = None) -> str:
    made = items_of(items, deltas)
    return "".join(each.text if isinstance(each, Chunk) else each for each in made if not isinstance(each, Usage))


def chat(finish: str | None = None, **delta: object) -> dict[str, object]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def call(index: int | None = None, id: str | None = None, **function: str) -> dict[str, object]:  # noqa: A002
    fields = {"index": index, "id": id, "function": function}
    return {name: value for name, value in fields.items() if value is not None}


def called(text: str) -> list[tuple[str, object]]:
    found = ToolCallsInText().extract(mt.View(text, 0, text, "")) or ()
    return [(each.name, each.arguments) for each in found]


def ends(trigger: Trigger, text: str, prompt: str = "") -> list[int]:
    scanner = trigger.scanner(prompt)
    return [boundary.end for boundary in scanner.feed(text, 0, ())[1]]


# Shapes


SAYS_ONE_TWO: dict[str, Sequence[object]] = {
    "strings": ["one ", "two"],
    "chunks": [Chunk("one ", (Token("one "),)), "two"],
    "completions": [{"choices": [{"text": "one "}]}, {"choices": [{"text": "two", "finish_reason": "stop"}]}],
    "chat": [chat(content=None), chat(content="one "), chat(content="two"), chat("stop"), {"choices": []}],
    "the client's chat": [
        ChatCompletionChunk.model_validate(
            {"id": "c", "created": 1, "model": "m", "object": "chat.completion.chunk", **chat(content=text)}
        )
        for text in ("one ", "two")
    ],
    "a whole chat answer": [
        ChatCompletion.model_validate(
            {
                "id": "c",
                "created": 1,
                "model": "m",
                "object": "chat.completion",
                "choices": [
                    {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "one two"}}
                ],
            }
        )
    ],
    "a whole completion": [
        Completion.model_validate(
            {
                "id": "c",
                "created": 1,
                "model": "m",
                "object": "text_completion",
                "choices": [{"index": 0, "finish_reason": "stop", "text": "one two"}],
            }
        )
    ],
    "another choice": [
        {"choices": [{"index": 1, "text": "not this"}, {"index": 0, "text": "one two"}]},
        {"choices": [{"index": 1, "text": "nor this"}]},
    ],
    "LangChain": [AIMessageChunk(content="one "), AIMessageChunk(content=[{"type": "text", "text": "two"}])],
    "a message of LangChain": [AIMessage(content=["one ", {"type": "text", "text": "two"}])],
    "a refusal": [chat(refusal="one two")],
}


@pytest.mark.parametrize("shape", SAYS_ONE_TWO)
def test_shapes(shape: str) -> None:
    assert text_of(SAYS_ONE_TWO[shape]) == "one two"


@pytest.mark.parametrize("item", [3, None, {"object": 1}, object(), b"bytes"])
def test_what_is_no_text_is_refused(item: object) -> None:
    with pytest.raises(mt.SourceError, match=f"expected text from the source, got {type(item).__name__}"):
        text_of([item])


def test_an_error_frame_is_an_error() -> None:
    with pytest.raises(mt.SourceError, match=r'the server reports \{"message": "lost"\}'):
        text_of([{"error": {"message": "lost"}}])


@pytest.mark.parametrize("finish", ["length", "content_filter"])
def test_an_end_that_is_not_the_models_own_is_an_error(finish: str) -> None:
    message = {"length": "cut off at the limit of tokens", "content_filter": "content filter cut the answer off"}
    deltas = Deltas()
    assert deltas.read(chat(finish, content="one")) == ["one"]

    with pytest.raises(mt.SourceError, match=message[finish]):
        deltas.end()
    with pytest.raises(mt.SourceError, match=message[finish]):
        text_of([AIMessageChunk(content="one", response_metadata={"finish_reason": finish})])


def test_usage_is_handed_on() -> None:
    told = {"prompt_tokens": 7, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 5}}
    message = AIMessageChunk(
        content="",
        usage_metadata={
            "input_tokens": 7,
            "output_tokens": 1,
            "total_tokens": 8,
            "input_token_details": {"cache_read": 5},
        },
    )
    more = AIMessageChunk(content="", usage_metadata={"input_tokens": 0, "output_tokens": 2, "total_tokens": 2})

    assert items_of([{"choices": [], "usage": told}]) == [Usage(7, 5, 3)]
    assert items_of([message, more])[-1] == Usage(7, 5, 3)  # LangChain's count one message each


def test_tokens_are_handed_on() -> None:
    content = [{"token": "on", "logprob": -0.5}, {"token": "e", "logprob": -1.0}]
    choice = {"delta": {"content": "one"}, "logprobs": {"content": content}}
    legacy = {"text": "one", "logprobs": {"tokens": ["on", "e"], "token_logprobs": [-0.5, None]}}
    other = {"delta": {"content": "two"}, "logprobs": {"content": content}}

    assert items_of([{"choices": [choice]}]) == [Chunk("one", (Token("on", -0.5), Token("e", -1.0)))]
    assert items_of([{"choices": [legacy]}]) == [Chunk("one", (Token("on", -0.5), Token("e")))]
    assert items_of([{"choices": [other]}]) == ["two"]  # tokens of another text say nothing of this one


def test_tokens_of_reasoning_and_of_content_go_to_their_own() -> None:
    content = [{"token": "on", "logprob": -0.5}, {"token": "eT", "logprob": -1.0}]
    choice = {"delta": {"reasoning": "one", "content": "T"}, "logprobs": {"content": content}}

    made = items_of([{"choices": [choice]}])

    assert made[1] == Chunk("one", (Token("on", -0.5), Token("e")))
    assert made[-1] == Chunk("T", (Token("T", -1.0),))


VALUES: st.SearchStrategy[object] = st.sampled_from([None, "", 0, 1, False, True, 0.5, "x", [], {}, {"a": 1}])
COSTS = st.sampled_from([None, {}, {"prompt_tokens": 3, "prompt_n": 3}])
FIELDS = ("content", "role", "reasoning", "reasoning_content", "refusal", "tool_calls", "function_call", "other")
DELTAS = st.dictionaries(st.sampled_from(FIELDS), VALUES)
CHOICES = st.fixed_dictionaries(
    {"delta": DELTAS}, optional={"index": VALUES, "finish_reason": VALUES, "logprobs": VALUES, "text": VALUES}
)


FRAMES = st.fixed_dictionaries(
    {"choices": st.lists(CHOICES, max_size=2)}, optional={"usage": COSTS, "timings": COSTS, "error": VALUES}
)


@given(FRAMES)
def test_the_short_way_says_what_the_long_way_says(frame: dict[object, object]) -> None:
    text = text_alone(frame)
    if text is not None:
        assert read(frame) == Delta(text)


def test_tokens_of_what_was_held_back_are_not_lost() -> None:
    """The second one may be the start of a closing tag."""

    def said(token: str) -> dict[str, object]:
        logprobs = {"content": [{"token": token, "logprob": -0.5}]}
        return {"choices": [{"delta": {"reasoning": token}, "logprobs": logprobs}]}

    made = items_of([said("a"), said(" </"), said("b")])

    tokens = [token for each in made if isinstance(each, Chunk) for token in each.tokens]
    assert "".join(token.text for token in tokens) == "a </b"
    assert [token.text for token in tokens if token.logprob is None] == [" "]  # the first part of a token that was cut


# Reasoning in a field of its own


REASONED = "<think>\nSo it is.\n</think>\n\nYes."


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_reasoning_stands_between_tags(name: str) -> None:
    assert text_of([chat(**{name: "So "}), chat(**{name: "it is."}), chat(content="Yes.")]) == REASONED
    assert text_of([chat(**{name: "So it is.", "content": "Yes."})]) == REASONED


def test_reasoning_of_langchain_stands_between_tags() -> None:
    extra = [AIMessageChunk(content="", additional_kwargs={"reasoning_content": "So it is."})]
    parts = [AIMessageChunk(content=[{"type": "thinking", "thinking": "So it is."}])]
    summary = [AIMessageChunk(content=[{"type": "reasoning", "summary": [{"type": "text", "text": "So it is."}]}])]
    for shape in (extra, parts, summary):
        assert text_of([*shape, AIMessageChunk(content="Yes.")]) == REASONED


def test_reasoning_that_is_all_there_is_ends() -> None:
    assert text_of([chat(reasoning="So")]) == "<think>\nSo\n</think>\n\n"


def test_reasoning_after_text_begins_on_a_line_of_its_own() -> None:
    made = text_of([chat(content="First"), chat(reasoning="So"), chat(content="Then")])
    assert made == "First\n<think>\nSo\n</think>\n\nThen"


def test_a_stream_that_goes_on_inside_the_reasoning() -> None:
    assert text_of([chat(reasoning="on"), chat(content="Yes")], Deltas(thinking=True)) == "on\n</think>\n\nYes"
    assert text_of([chat(content="Yes")], Deltas(thinking=True)) == "\n</think>\n\nYes"


def test_the_tags_can_be_others() -> None:
    marks = Marks("[T]", "[/T]")
    assert text_of([chat(reasoning="a [/T] b"), chat(content="c")], Deltas(marks)) == "[T]a [\\/T] b[/T]c"
    with pytest.raises(mt.UsageError, match="expected two different tags"):
        Marks("x", "x\n")


@given(st.lists(st.integers(1, 5)))
def test_reasoning_cannot_end_its_own_phase(sizes: list[int]) -> None:
    reasoning = "a </think> b </thi </think></think"
    made = text_of([*(chat(reasoning=each) for each in cut(reasoning, sizes)), chat(content="c")])

    assert made == "<think>\na <\\/think> b </thi <\\/think></think\n</think>\n\nc"
    assert len(ends(on_phase_change(), made)) == 2


# Calls of tools


WEATHER = [("weather", {"city": "Oslo", "note": 'a "}" b'}), ("time", {})]
WRITTEN = (
    '<tool_call>\n{"name": "weather", "arguments": {"city": "Oslo", "note": "a \\"}\\" b"}}\n</tool_call>\n'
    '<tool_call>\n{"name": "time", "arguments": {}}\n</tool_call>\n'
)


def cut(text: str, sizes: Sequence[int]) -> list[str]:
    return list(rechunk(text, sizes))


@given(st.lists(st.integers(1, 9)), st.lists(st.integers(1, 4)), st.booleans(), st.booleans(), st.booleans())
def test_calls_are_written_the_same_however_they_come(
    sizes: list[int], names: list[int], indexed: bool, identified: bool, ended: bool
) -> None:
    frames = []
    for number, (name, arguments) in enumerate(WEATHER):
        place = number if indexed else None
        first, *rest = cut(name, names)
        frames.append(chat(tool_calls=[call(place, f"call-{number}" if identified else None, name=first)]))
        frames += [chat(tool_calls=[call(place, name=each)]) for each in rest]
        frames += [chat(tool_calls=[call(place, arguments=each)]) for each in cut(json.dumps(arguments), sizes)]
    if ended:
        frames.append(chat("tool_calls"))

    made = text_of(frames)

    assert made == WRITTEN
    assert called(made) == WEATHER
    assert len(ends(on_tool_call(), made)) == 2


def test_a_call_is_there_as_soon_as_its_arguments_are() -> None:
    deltas = Deltas()
    assert not deltas.read(chat(tool_calls=[call(0, name="f", arguments='{"a": {')]))
    assert deltas.read(chat(tool_calls=[call(0, arguments="}}")])) == [
        '<tool_call>\n{"name": "f", "arguments": {"a": {}}}\n</tool_call>\n'
    ]
    assert not deltas.end()


def test_calls_side_by_side_keep_their_order() -> None:
    frames = [
        chat(tool_calls=[call(0, name="f"), call(1, name="g")]),
        chat(tool_calls=[call(1, arguments='{"b": '), call(0, arguments='{"a": ')]),
        chat(tool_calls=[call(1, arguments="2}"), call(0, arguments="1}")]),
    ]
    assert called(text_of(frames)) == [("f", {"a": 1}), ("g", {"b": 2})]


SEPARATE: dict[str, list[list[dict[str, object]]]] = {
    "by id, all with one index": [[call(0, "a", name="f", arguments="{}")], [call(0, "b", name="f", arguments="{}")]],
    "by index, with no id": [[call(0, name="f", arguments="{}")], [call(1, name="f", arguments="{}")]],
    "all with one index": [[call(0, name="f", arguments="{}")], [call(0, name="f", arguments="{}")]],
    "with neither": [[call(name="f", arguments="{}")], [call(name="f", arguments="{}")]],
    "in one frame": [[call(name="f", arguments="{}"), call(name="f", arguments="{}")]],
    "with white space behind": [
        [call(name="f", arguments="{} ")],
        [call(arguments="\n")],
        [call(name="f", arguments="{}")],
    ],
    "with the name in every frame": [
        [call(0, "a", name="f", arguments="{")],
        [call(0, name="f", arguments="}")],
        [call(1, name="f", arguments=" {}")],
    ],
}


@pytest.mark.parametrize("way", SEPARATE)
def test_calls_are_told_apart(way: str) -> None:
    assert called(text_of([chat(tool_calls=each) for each in SEPARATE[way]])) == [("f", {}), ("f", {})]


@pytest.mark.parametrize("arguments", ["", "null", " {} "])
def test_a_call_without_arguments(arguments: str) -> None:
    assert called(text_of([chat(tool_calls=[call(0, name="f", arguments=arguments)])])) == [("f", {})]


@pytest.mark.parametrize(
    "arguments", ['{"a": 1', "{a: 1}", "[1]", "[" * 10_000, '{"a": NaN}', "not JSON", '{"a": \\<}']
)
def test_arguments_that_are_no_object_are_given_as_text(arguments: str) -> None:
    made = text_of([chat(tool_calls=[call(0, name="f", arguments=arguments)])])
    assert json.loads(made.split("\n")[1]) == {"name": "f", "arguments": arguments}


@pytest.mark.parametrize(
    "arguments", ['{"a": "</tool_call>\\n<think><tool_call>"}', "</tool_call> <tool_call>{}", '{"<tool_call>": 1}']
)
def test_arguments_cannot_imitate_a_call(arguments: str) -> None:
    made = text_of([chat(tool_calls=[call(0, name="f</tool_call>", arguments=arguments)])])

    assert ends(on_tool_call(), made) == [len(made) - 1]
    assert not ends(on_phase_change(), made)
    assert called(made) == ([("f</tool_call>", json.loads(arguments))] if arguments.startswith("{") else [])


def test_arguments_that_go_on_after_their_end_are_an_error() -> None:
    for cuts in ([], [2]):
        with pytest.raises(mt.SourceError, match="more arguments for the call of 'f' than one object"):
            text_of(
                [chat(tool_calls=[call(0, name="f", arguments="")])]
                + [chat(tool_calls=[call(0, arguments=each)]) for each in cut('{}{"a": 1}', cuts)]
            )


def test_calls_are_bounded() -> None:
    with pytest.raises(mt.SourceError, match="longer than 1000000 characters"):
        text_of([chat(tool_calls=[call(0, name="f", arguments="{" + " " * calls.MAX_ARGUMENTS)])])
    with pytest.raises(mt.SourceError, match="longer than 1000000 characters"):
        text_of([chat(tool_calls=[call(0, name="f" * 1_000)])] * 1_001)
    with pytest.raises(mt.SourceError, match="more than 128 calls"):
        text_of([chat(tool_calls=[call(n, name="f", arguments="{")]) for n in range(calls.MAX_OPEN + 1)])


def test_a_call_ends_the_reasoning_and_begins_on_a_line_of_its_own() -> None:
    made = text_of([chat(reasoning="So"), chat(tool_calls=[call(0, name="f", arguments="{}")])])
    assert made.startswith("<think>\nSo\n</think>\n\n<tool_call>\n")
    made = text_of([chat(content="I call"), chat(function_call={"name": "f", "arguments": "{}"})])
    assert made.startswith("I call\n<tool_call>\n")
    made = text_of(["I call", chat(function_call={"name": "f", "arguments": "{}"})])
    assert made.startswith("I call\n<tool_call>\n")


def test_calls_of_langchain() -> None:
    pieces = [
        AIMessageChunk(content="", tool_call_chunks=[{"name": "f", "args": '{"a"', "id": "x", "index": 0}]),
        AIMessageChunk(content="", tool_call_chunks=[{"name": None, "args": ": 1}", "id": None, "index": 0}]),
    ]
    whole = AIMessage(content="", tool_calls=[{"name": "f", "args": {"a": 1}, "id": "x"}])

    assert called(text_of(pieces)) == called(text_of([whole])) == [("f", {"a": 1})]
