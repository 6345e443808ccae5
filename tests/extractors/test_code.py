import pytest
from hypothesis import given
from hypothesis import strategies as st

from midtrace import Span, View
from midtrace.extractors.code import Code, CodeBlock, CodeBlocks, OutputClaim, PredictedOutputs
from midtrace.testing import check_extractor


def blocks(text: str, extractor: CodeBlocks | None = None, *, final: bool = False) -> list[tuple[str, str, bool]]:
    found = (extractor or CodeBlocks()).extract(View(text, 50, final=final))
    if found is None:
        return []
    for block in found.blocks:
        assert text[block.span.start - 50 : block.span.end - 50] == block.text
    return [(block.language, block.code, block.complete) for block in found.blocks]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("```python\nx = 1\n```\n", [("python", "x = 1\n", True)]),
        ("```python\nx = 1\n```", [("python", "x = 1\n", True)]),
        ("```py\nx\n```\ntext\n~~~\ny\n~~~\n", [("py", "x\n", True), ("", "y\n", True)]),
        ("``` Python title='a'\nx\n```\n", [("python", "x\n", True)]),
        ("```{.python}\nx\n```\n", [("python", "x\n", True)]),
        ("````python\n```\nx\n````\n", [("python", "```\nx\n", True)]),
        ("~~~python\n```\nx\n~~~\n", [("python", "```\nx\n", True)]),
        ("```python\nx\n``` no end\ny\n```\n", [("python", "x\n``` no end\ny\n", True)]),
        ("1. So:\n   ```python\n   if x:\n       y\n   ```\n", [("python", "if x:\n    y\n", True)]),
        ("```python\r\nx\r\n```\r\n", [("python", "x\r\n", True)]),
        ("```python\n```\n", [("python", "", True)]),
        ("```json\n1\n```\n```bash\nls\n```\n", []),
        ("`x` and ```y``` inline\n", []),
        ("```python\nx = 1\n", []),
        ("no code", []),
    ],
)
def test_fenced_blocks(text: str, expected: list[tuple[str, str, bool]]) -> None:
    assert blocks(text) == expected


def test_an_open_block_is_read_up_to_its_last_line_while_it_streams_and_whole_at_the_end() -> None:
    text = "```python\nx = 1\ny ="
    assert blocks(text, CodeBlocks(streaming=True)) == [("python", "x = 1\n", False)]
    assert blocks(text, CodeBlocks(streaming=True), final=True) == [("python", "x = 1\ny =", False)]
    assert blocks(text, final=True) == [("python", "x = 1\ny =", False)]
    assert blocks("```python\nx", CodeBlocks(streaming=True)) == []


def test_a_text_without_fences_is_code_where_the_problem_says_so() -> None:
    assert blocks("x = 1", CodeBlocks(bare=True), final=True) == [("python", "x = 1", True)]
    assert blocks("x = 1", CodeBlocks(bare=True)) == []
    assert blocks(" \n", CodeBlocks(bare=True), final=True) == []


def test_a_block_that_began_before_the_view_is_not_read_and_its_end_opens_none() -> None:
    view = View("y = 2\n```\ntext\n```python\nz\n```\n", 700, before="```python\nx = 1\n")
    found = CodeBlocks().extract(view)
    assert found is not None
    assert not found.whole
    assert [block.text for block in found.blocks] == ["z\n"]


def test_what_stands_in_front_goes_with_a_block() -> None:
    found = CodeBlocks().extract(View("```python\nx\n```\nThis is wrong:\n```python\ny\n```\n"))
    assert found is not None
    assert [block.before for block in found.blocks] == ["", "This is wrong:\n"]


def test_lines_are_found_in_the_text() -> None:
    text = "a\n  ```python\n  if x:\n      y = 1\n  ```\n"
    found = CodeBlocks().extract(View(text, 10))
    assert found is not None
    spans = [found.blocks[0].line(number) for number in (0, 1, 2, 9)]
    assert [text[span.start - 10 : span.end - 10] for span in spans] == ["if x:", "if x:", "y = 1", ""]


@given(
    st.lists(st.sampled_from(["```python\n", "```\n", "x = 1\n", "text\n", "~~~\n", "  ```\n", "````\n"]), max_size=12)
)
def test_blocks_are_what_a_line_by_line_reading_finds(lines: list[str]) -> None:
    expected: list[tuple[str, str, bool]] = []
    fence, language, inside = "", "", ""
    for line in lines:
        bare = line.strip()
        marks = bare[: len(bare) - len(bare.lstrip("`~"))]
        if not fence:
            if len(marks) >= 3:
                fence, language, inside = marks, bare.removeprefix(marks), ""
        elif bare == marks and marks[:1] == fence[0] and len(marks) >= len(fence):
            expected.append((language, inside, True))
            fence = ""
        else:
            inside += line
    found = CodeBlocks().extract(View("".join(lines)))
    read = [] if found is None else [(each.language, each.text, each.complete) for each in found.blocks]
    assert read == expected


def test_code_blocks_is_an_extractor() -> None:
    text = "```python\nx\n```\n"
    block = CodeBlock("python", "x\n", Span(10, 12))
    check_extractor(
        CodeBlocks(streaming=True, bare=True),
        examples={View(text): Code((block,)), View("nothing"): None},
        hostile=("```\n", "```python\n", "    ```", "```python\nx\n```\n"),
        longest=100_000,
    )


def test_predicted_outputs_is_an_extractor() -> None:
    text = '{"answer": "[1, 2]"}'
    claim = OutputClaim("[1, 2]", ("[1, 2]", "'[1, 2]'"), Span(11, 19), "json", quoted=True)
    check_extractor(
        PredictedOutputs(),
        examples={
            View(text): (claim,),
            View("nothing"): None,
            View("assert f(1) == ??\n"): (OutputClaim("??", (), Span(15, 17), "assert", "f(1)"),),
        },
        hostile=(
            '"answer": ',
            '"answer": "\\',
            '"answer": [',
            "[ANSWER]",
            "[/ANSWER]",
            "assert f(",
            "assert f(1) == ",
            "assert (",
        ),
        longest=100_000,
    )


@pytest.mark.parametrize(
    ("text", "output", "readings"),
    [
        ('"answer": "a\\nb"', "a\nb", ("'a\\nb'",)),
        ('"answer": "it\\\'s"', "it's", ('"it\'s"',)),
        ('"answer": "\\d"', "\\d", ("'\\\\d'",)),
        ('"answer": "1"', "1", ("1", "'1'")),
        ('"answer": null}', "null", ("None",)),
        ('"answer": {"a": [1, 2]}}', '{"a": [1, 2]}', ("{'a': [1, 2]}",)),
        ("\"answer\": ('a', 1)}\n", "('a', 1)", ("('a', 1)",)),
        ("[ANSWER]\n'x'\n[/ANSWER]", "'x'", ("'x'", "x", "\"'x'\"")),
        ("[ANSWER]f('==') == 2[/ANSWER]", "2", ("2",)),
        ("assert f('a == b') == 'c == d'\n", "'c == d'", ("'c == d'",)),
        ("  `assert f((1, [2])) == {3}`\n", "{3}", ("{3}",)),
    ],
)
def test_claims_of_outputs(text: str, output: str, readings: tuple[str, ...]) -> None:
    claims = PredictedOutputs().extract(View(text, 5, final=True))
    assert claims is not None
    (claim,) = claims
    assert claim.text == output
    assert set(claim.readings) <= set(readings)
    assert claim.readings[0] == readings[0]
    if not claim.quoted:
        assert text[claim.span.start - 5 : claim.span.end - 5] == output


@pytest.mark.parametrize(
    "text", ['"answer": "not closed', '"answer": 12', '"answer": ', "[ANSWER]1", "assert f(1) == 1"]
)
def test_what_may_go_on_is_not_read_before_the_end(text: str) -> None:
    assert PredictedOutputs().extract(View(text)) is None
