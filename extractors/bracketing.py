"""Steps of a task that closes brackets: `{ ; stack: ( {`, the final stack, what is popped, what closes, the answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from midtrace import Span, View

from . import _context as context
from ._step_lines import StepLine, step_lines

BracketKind: TypeAlias = Literal["start", "move", "gap", "end", "stack", "pop", "close", "answer"]


@dataclass(frozen=True, slots=True)
class BracketClaim:
    """One thing that a trace says of the brackets.

    `kind` is one of: `start` (the stack is empty before anything is read), `move` (the symbols `read` leave the stack
    `brackets`), `gap` (text that may have moved on unseen), `end` (the sequence has been read), `stack` (the final
    stack is `brackets`), `pop` (they are popped in that order), `close` and `answer` (they complete the sequence).
    `span` is where it stands in the generated text. `brackets` and `read` hold brackets alone, without space. `cut`
    says that the trace ends right behind it, so that it may have been going on.
    """

    kind: BracketKind
    span: Span
    brackets: str = ""
    read: str = ""
    cut: bool = False


BracketSteps: TypeAlias = tuple[BracketClaim, ...]
"""The state that `BracketClaims` reads: what a trace says, in the order of the text."""


@dataclass(frozen=True, slots=True)
class BracketClaims:
    """Reads the steps of a whole trace. Lines of another form become `gap`: what they did to the stack is not known."""

    def extract(self, view: View, /) -> BracketSteps | None:
        """The claims so far, or None if there are none. Never raises; time is linear in the length of the text."""
        claims = tuple(_claims(view))
        return claims if any(claim.kind != "gap" for claim in claims) else None


# A bracket at the start of a word opens a remark: "(one bracket)".
_MARKS = r"""(?:[\[({<](?!\w)|[\])}>]|[\s"'`“”‘’,*$\\]|\b(?:and|then)\b)"""
_RUN = re.compile(rf"{_MARKS}+")
_BRACKETS = frozenset("()[]{}<>")
_ARROW = re.compile(r"[-=]{1,3}>|→|⇒")
_NUMBERED = re.compile(
    r"\s*(?:(?:[-*•]|#{1,6})\s+)?(?:(?:thought|step|line|symbol|character|token)\s{0,3}#?\d{1,5}\s{0,3}[:.)]|\d{1,5}[:.)]"
    r"|\(\d{1,5}\))?\s*",
    re.IGNORECASE,
)
_STACK = re.compile(
    r"(?:[;:,.|]\s{0,3})?\b(?:the\s)?(?:new\s|current\s)?stack(?:\s(?:is|becomes))?(?:\snow)?\s{0,3}[:=]?\s{0,3}",
    re.IGNORECASE,
)
_ACTIONS = re.compile(r"\b(?:push|pop|read|opening|closing)\b[:,;.]?|[;:,.|]", re.IGNORECASE)
_EMPTY = re.compile(r"""[\s"'`(*]{0,4}\b(?:empty|nothing|none)\b[)"'`*]{0,3}|∅""", re.IGNORECASE)
_END = re.compile(r"\breached the end\b", re.IGNORECASE)
_COMPLETE = re.compile(r"[,\s]*(?:one by one|in (?:that|this) order|[.;]|\Z)", re.IGNORECASE)
_SAID = re.compile(
    r"(?<![<\w/])(?:(?P<stack>(?:final|remaining)\sstack(?:\sconfiguration)?(?:\s(?:is|contains))?)"
    r"|(?P<pop>need\sto\spop(?:\sout)?)|(?P<close>need(?:\sto\s(?:add|append|write|close\swith))?)"
    r"|(?P<answer>answer(?:\sis)?))(?:\s{0,3}[:=]\**)?(?=[\s\"'`“*$\\\[\](){}<>]|$)"
    r"|\\(?P<boxed>boxed)\{",
    re.IGNORECASE,
)


def _claims(view: View) -> Iterator[BracketClaim]:
    gap = False
    for line in step_lines(view):
        base = view.start + line.at
        found = tuple(_line_claims(line, base))
        standing = [
            claim
            for claim in found
            if context.standing(view.text, claim.span.start - view.start, claim.span.end - view.start, view.before)
        ]
        yield from standing
        read = found and len(standing) == len(found) and all(claim.kind in {"move", "start"} for claim in found)
        if not read and not (gap and not standing):
            yield BracketClaim("gap", Span(base, base + len(line.text)))
        gap = not read


def _line_claims(line: StepLine, base: int) -> Iterator[BracketClaim]:
    text = _ARROW.sub(lambda arrow: " " * len(arrow.group()), line.text)
    number = _NUMBERED.match(text)
    begin = number.end() if number is not None else 0
    move = _move(text, begin, base, cut=line.open)
    if move is not None:
        yield move
        begin = move.span.end - base
    yield from _statements(text, begin, base, cut=line.open)


def _move(text: str, begin: int, base: int, *, cut: bool) -> BracketClaim | None:
    """`{ ; stack: ( {` or `stack: empty` at the start of a line."""
    named = _STACK.search(text, begin)
    if named is None:
        return None
    before = _ACTIONS.sub(" ", text[begin : named.start()])
    run = _RUN.fullmatch(before) if before else None
    if before and run is None:
        return None
    stack = _brackets(text, named.end())
    if stack is None:
        return None
    brackets, end = stack
    read = _only(before)
    if not read and (brackets or before.strip()):
        return None
    span = Span(base + begin, base + end)
    return BracketClaim(
        "move" if read else "start", span, brackets, read, cut=cut and brackets != "" and end == len(text.rstrip())
    )


def _statements(text: str, begin: int, base: int, *, cut: bool) -> Iterator[BracketClaim]:
    end = _END.search(text, begin)
    if end is not None:
        yield BracketClaim("end", Span(base + end.start(), base + end.end()))
    for said in _SAID.finditer(text, begin):
        kind = said.lastgroup
        found = _brackets(text, said.end())
        blank = not text[said.end() :].strip(" .:*")
        if kind == "boxed":
            found = _boxed(text, said.end())
        elif found is None and kind == "answer" and blank and cut:
            found = "", said.end()  # the answer is left out
        if found is None or (kind in {"pop", "close"} and _COMPLETE.match(text, found[1]) is None):
            continue  # "we need ) to close (" is not all that is needed
        span = Span(base + said.start(), base + found[1])
        match kind:
            case "stack" | "pop" | "close" | "answer":
                yield BracketClaim(kind, span, found[0])
            case _:
                yield BracketClaim("answer", span, found[0])


def _brackets(text: str, at: int) -> tuple[str, int] | None:
    """The brackets that stand at `at`, and where they end; none of them for the word empty. None: something else."""
    empty = _EMPTY.match(text, at)
    if empty is not None:
        return "", empty.end()
    run = _RUN.match(text, at)
    if run is None:
        return None
    written = run.group().rstrip(" ,")
    found = _only(written)
    listed = re.sub(r"[\s\\$*]", "", written)
    if "," in listed and not re.search(r"[\"'`”’],", listed):
        return None  # "[(, {]": brackets of a list, or of the stack?
    if listed.startswith("[") and listed[1:2] in {'"', "'"} and listed.endswith("]"):
        found = found[1:-1]
    return (found, run.start() + len(written)) if found else None


def _boxed(text: str, at: int) -> tuple[str, int] | None:
    found = _brackets(text, at)
    return (found[0][:-1], found[1]) if found is not None and found[0].endswith("}") else None


def _only(text: str) -> str:
    return "".join(mark for mark in text if mark in _BRACKETS)
