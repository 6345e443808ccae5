"""Where blocks close."""

from __future__ import annotations

import pytest

import midtrace as mt
from midtrace.testing import rechunk
from midtrace.triggers import Trigger, on_block, on_tool_call


def ends(trigger: Trigger, text: str, size: int = 0, prompt: str = "") -> list[str]:
    """The text up to each boundary, since the one before."""
    scanner = trigger.scanner(prompt)
    offset, last, found = 0, 0, []
    for chunk in rechunk(text, [size] * len(text) if size else []):
        scanner, boundaries = scanner.feed(chunk, offset, ())
        offset += len(chunk)
        for end, needs, _ in boundaries:
            assert end == needs
            found.append(text[last:end])
            last = end
    return found


CODE = {
    "```py\nx = 1\n```\nafter\n": ["```py\nx = 1\n```\n"],
    "a\n~~~\n```\n~~~ \nb": ["a\n~~~\n```\n~~~ \n"],
    "````\n```\n````\n": ["````\n```\n````\n"],
    "```\n`````\n": ["```\n`````\n"],
    "   ```\nx\n  ```\n": ["   ```\nx\n  ```\n"],
    "    ```\nx\n    ```\n": [],
    "```\nx\n```py\n```\n": ["```\nx\n```py\n```\n"],
    "```x``` inline\n```\ny\n```\n": ["```x``` inline\n```\ny\n```\n"],
    "text ```\n": [],
    "```\nopen\n": [],
    "```\nno newline\n```": [],
}

JSON = {
    '{"a": 1} b': ['{"a": 1}'],
    "x [1, 2.5e-3, true, null] y": ["x [1, 2.5e-3, true, null]"],
    '{"a": "}\\"]"}\n[]\n': ['{"a": "}\\"]"}', "\n[]"],
    '{\n  "a": {"b": [{}, []]}\n}': ['{\n  "a": {"b": [{}, []]}\n}'],
    "f[1] and x{}": [],
    "the set [0, 1) and [2]": ["the set [0, 1) and [2]"],
    "a [note] then [1]": ["a [note] then [1]"],
    "[1, {]\n{}": ["[1, {]\n{}"],
    "{'a': 1} {}": ["{'a': 1} {}"],
    '[1 2] {"a" 1} {"a":} [1,] {,} [01] [-] [1': [],
    '{"open\n {}': ['{"open\n {}'],
    '[note {"a": 1}]': ['[note {"a": 1}'],
    "[" * 200 + "]" * 200: ["[" * 200 + "]" * 200],
    "[" * 201 + "]" * 201: [],
    f"[{'1' * 101}] [{'1' * 100}]": [f"[{'1' * 101}] [{'1' * 100}]"],
}

BOXED = {
    r"so \boxed{42}. And": [r"so \boxed{42}"],
    r"\boxed{\frac{1}{2}} \boxed{x}": [r"\boxed{\frac{1}{2}}", r" \boxed{x}"],
    r"\boxed{\{1, 2\}}!": [r"\boxed{\{1, 2\}}"],
    r"\boxed{a \\{b}}!": [r"\boxed{a \\{b}}"],
    r"\boxed{open": [],
    r"\box{1} boxed{2} \boxed {3}": [],
    r"\bo\boxed{1}": [r"\bo\boxed{1}"],
}


@pytest.mark.parametrize("size", [0, 1, 2, 3])
@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (kind, text, expected)
        for kind, table in (("code", CODE), ("json", JSON), ("boxed", BOXED))
        for text, expected in table.items()
    ],
)
def test_blocks(kind: str, text: str, expected: list[str], size: int) -> None:
    assert ends(on_block(kind), text, size) == expected


@pytest.mark.parametrize("size", [0, 1, 3])
def test_tags(size: int) -> None:
    text = "</answer><answer>1</answer> <answer><answer>2</answer></answer>"
    assert ends(on_block("<answer>"), text, size) == ["</answer><answer>1</answer>", " <answer><answer>2</answer>"]
    call = '<tool_call>\n{"name": "f"}\n</tool_call>'
    assert ends(on_tool_call(), f"{call}\n{call}", size) == [call, f"\n{call}"]


def test_the_prompt_may_open_a_tag() -> None:
    assert ends(on_block("<answer>"), "4</answer>", prompt="Q\n<answer>") == ["4</answer>"]
    assert ends(on_block("<answer>"), "4</answer>", prompt="<answer>3</answer>") == []


def test_a_tool_call_is_a_tag() -> None:
    assert on_tool_call() == on_block("<tool_call>")


@pytest.mark.parametrize("kind", ["", "xml", "<>", "</answer>", "<a b>", "answer>", "<" + "a" * 200 + ">", 3])
def test_an_unknown_kind_is_refused(kind: str) -> None:
    with pytest.raises(mt.UsageError, match=r"^on_block\(.*\): expected 'code', 'json', 'boxed' or a tag"):
        on_block(kind)
