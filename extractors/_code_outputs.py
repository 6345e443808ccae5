"""What a text says a call returns: `"answer": "[1, 2]"`, `[ANSWER] ... [/ANSWER]`, `assert f(3) == [1, 2]`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from midtrace import Span, View

from ._code_literals import MAX_LITERAL, is_call, readings

LAST = 20
"""Claims of a form that are read, from the end of the text."""

COMPARISONS = 5
"""Comparisons in a claim that are tried as the one between call and output."""

Form: TypeAlias = Literal["json", "tag", "assert"]


@dataclass(frozen=True, slots=True)
class OutputClaim:
    """One claim about the result of a call.

    `text` is the output as written; in a JSON string (`quoted`) without its quotes and escapes. `readings` are the
    values that it can stand for, as Python literals; none where it is no literal. `span` is where the output stands, in
    characters of the generated text. `call` is the call that is spoken of, empty where the text does not say.
    """

    text: str
    readings: tuple[str, ...]
    span: Span
    form: Form
    call: str = ""
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class PredictedOutputs:
    """Reads the outputs that a text claims, in the order of the text, at most `LAST` of each form."""

    def extract(self, view: View, /) -> tuple[OutputClaim, ...] | None:
        """The claims, or None if there are none. Never raises; time is linear in the text's length."""
        found = [*_json_answers(view), *_tags(view), *_asserts(view)]
        return tuple(sorted(found, key=lambda claim: claim.span)) or None


_ANSWER_KEY = re.compile(r'"answer"[ \t]{0,9}:[ \t\n]{0,9}')
_STRING = re.compile(r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"', re.DOTALL)
_BAD_ESCAPE = re.compile(r'\\(?!["\\/bfnrtu])')
_ASSERT = re.compile(r"^[ \t`]{0,12}assert ([^\n]*)", re.MULTILINE)


def _json_answers(view: View) -> Iterator[OutputClaim]:
    for key in list(_ANSWER_KEY.finditer(view.text))[-LAST:]:
        start = key.end()
        rest = view.text[start : start + MAX_LITERAL]
        if string := _STRING.match(rest):
            text = _unquoted(string[1])
            span = Span(view.start + start, view.start + start + string.end())
            yield OutputClaim(text, readings(text, quoted=True), span, "json", quoted=True)
        elif not rest.startswith('"'):
            written = _value(rest)
            if written and (start + len(written) < len(view.text) or view.final):
                span = Span(view.start + start, view.start + start + len(written))
                yield OutputClaim(written, readings(written, quoted=False), span, "json")


def _value(rest: str) -> str:
    """The value at the start of `rest`, which is JSON or, up to the end of its line, a Python literal."""
    try:
        _, end = json.JSONDecoder(strict=False).raw_decode(rest)
    except (ValueError, RecursionError):
        line = rest.partition("\n")[0].rstrip()
        for closing in ("", ",", "}", "},", "}}"):
            if line.endswith(closing) and readings(line.removesuffix(closing), quoted=False):
                return line.removesuffix(closing).rstrip()
        return line
    return rest[:end]


def _unquoted(inside: str) -> str:
    r"""The content of a JSON string; `\'` is a quote, and an escape that JSON does not know stands for itself."""
    for text in (inside, _BAD_ESCAPE.sub(r"\\\\", inside.replace("\\'", "'"))):
        try:
            return str(json.loads(f'"{text}"', strict=False))
        except ValueError:
            continue
    return inside


def _tags(view: View) -> Iterator[OutputClaim]:
    text = view.text
    end = len(text)
    for _ in range(LAST):
        close = text.rfind("[/ANSWER]", 0, end)
        end = text.rfind("[ANSWER]", 0, close) if close >= 0 else -1
        if end < 0:
            return
        inside = text[end + len("[ANSWER]") : close]
        if inside.strip() and len(inside) <= MAX_LITERAL:
            yield from _compared(view, inside, end + len("[ANSWER]"), "tag")


def _asserts(view: View) -> Iterator[OutputClaim]:
    for line in list(_ASSERT.finditer(view.text))[-LAST:]:
        inside = line[1].rstrip("` \t\r")
        if len(inside) <= MAX_LITERAL and (view.final or line.end() < len(view.text)):
            yield from _compared(view, inside, line.start(1), "assert")


def _compared(view: View, written: str, at: int, form: Form) -> Iterator[OutputClaim]:
    """A claim that is an output, or compares a call with one."""
    inside = written.strip().removeprefix("assert ")
    at += written.index(inside)
    call, begin = "", 0
    for comparison in list(re.finditer(" == ", inside))[:COMPARISONS]:
        if is_call(inside[: comparison.start()]):
            call, begin = inside[: comparison.start()].strip(), comparison.end()
            break
    output = inside[begin:]
    found = readings(output, quoted=False)
    if form == "tag" and not call:
        found = tuple(dict.fromkeys((*found, repr(output))))
    if call or form == "tag":
        span = Span(view.start + at + begin, view.start + at + len(inside))
        yield OutputClaim(output, found, span, form, call)
