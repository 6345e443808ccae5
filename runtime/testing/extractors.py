"""Conformance of an extractor."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, TypeAlias

from ..errors import Unparsed, UsageError, one_line
from ..machine.messages import CheckResult
from ..monitors import AnyExtractor, Monitor
from ..verdicts import Pass, Span, Unknown, Verdict
from ..views import Extractor, View
from .conformance import ConformanceError, Latency, Report, shown
from .costs import LIMIT, growth
from .hostile import END, REPEATED, hostile_texts
from .travel import alike, fresh
from .workers import in_worker

Examples: TypeAlias = Mapping[str, object] | Mapping[View, object]
"""What is read from a text or a view: a state, None, or the class `Unparsed` for what must be refused."""

SHIFT = 1_000
PARTS = 10_000


@dataclass(frozen=True, slots=True)
class _Refused:
    reason: str


def check_extractor(
    extractor: AnyExtractor,
    *,
    examples: Examples,
    hostile: Sequence[str] = (),
    longest: int = 10_000_000,
    deadline: float = 10.0,
) -> Report:
    """Hold an extractor against what the runtime expects of one; gives what it takes, here and in a worker.

    Args:
        extractor: What a `Monitor` takes: an object with `extract`, or a plain function of the text.
        examples: What must be read from which text, or `View`.
        hostile: Texts that its own syntax makes dangerous, beside those that are dangerous for every extractor. Growth
            is measured on repetitions of each.
        longest: Characters of the longest hostile text.
        deadline: Seconds that one extraction may run, on the longest text as well.

    Starts a worker process and blocks: call it from a plain test. Raises `ConformanceError` for the first promise that
    is broken, `UsageError` without examples.
    """
    if not examples:
        raise UsageError("check_extractor: expected at least one example")
    wrapped = _wrapped(extractor)
    fresh(extractor, extractor)
    expected = [(_view(text), state) for text, state in examples.items()]
    attacks = {**hostile_texts(longest=longest), **{f"the author's {shown(text)}": text for text in hostile}}
    views = [*(view for view, _ in expected), *(View(text) for text in attacks.values())]
    names = [*(shown(view.text) for view, _ in expected), *attacks]
    # First where it can be killed: an extractor that hangs must not hang its author's tests.
    there = in_worker(_Extract(wrapped), _any_state, views, deadline)
    for name, result in zip(names, there, strict=True):
        _came_back(extractor, name, result, deadline)
    first, seconds = _extracted(extractor, wrapped, views, names)
    _pure(extractor, wrapped, views, names, first)
    for (view, state), found in zip(expected, first, strict=False):
        refused = state is Unparsed and isinstance(found, _Refused)
        if not refused and not alike(state, found):
            raise ConformanceError(
                extractor, "right", f"expected {shown(state)} from {shown(view.text)}, got {shown(found)}"
            )
    for view, name, found in zip(views, names, first, strict=True):
        _spans_fit(extractor, view, name, found)
        moved = replace(view, start=view.start + SHIFT)
        _spans_fit(extractor, moved, name, _state(extractor, wrapped, moved, name))
    for mark in (*REPEATED, *(text for text in hostile if text)):
        ratio = growth(_reading(wrapped, mark))
        if ratio > LIMIT:
            raise ConformanceError(
                extractor, "linear", f"eight times as much of {mark!r} costs {ratio:.0f} times as much time"
            )
    return Report(
        shown(extractor),
        ("protocol", "travels", "robust", "in time", "right", "pure", "spans", "linear"),
        here=Latency.of(seconds),
        worker=Latency.of([result.ran for result in there]),
    )


@dataclass(frozen=True, slots=True)
class _Extract:
    extractor: Extractor[Any]

    def __call__(self, view: object) -> object:
        assert isinstance(view, View)
        return self.extractor.extract(view)


def _any_state(_state: object) -> Verdict:
    return Pass()


def _nothing(_state: object) -> None:
    return None


def _wrapped(extractor: AnyExtractor) -> Extractor[Any]:
    try:
        return Monitor("conformance", extract=extractor, verify=_nothing).rule.extract
    except UsageError as error:
        raise ConformanceError(extractor, "protocol", str(error)) from error


def _view(example: str | View) -> View:
    return View(example) if isinstance(example, str) else example


def _came_back(subject: object, name: str, result: CheckResult, deadline: float) -> None:
    match result.verdict:
        case Unknown(kind="timeout"):
            raise ConformanceError(subject, "in time", f"the text {name} took longer than {deadline:g} s")
        case Unknown(reason, kind="crashed" | "lost"):
            raise ConformanceError(subject, "robust", f"the text {name}: {reason}; expected a state, None or Unparsed")


def _state(subject: object, extractor: Extractor[Any], view: View, name: str) -> object:
    try:
        found: object = extractor.extract(view)
    except Unparsed as finding:
        return _Refused(str(finding))
    except Exception as error:
        raise ConformanceError(
            subject, "robust", f"the text {name}: raised {one_line(error)}; expected a state, None or Unparsed"
        ) from error
    return found


def _extracted(
    subject: object, extractor: Extractor[Any], views: Sequence[View], names: Sequence[str]
) -> tuple[list[object], list[float]]:
    states: list[object] = []
    seconds: list[float] = []
    for view, name in zip(views, names, strict=True):
        began = time.perf_counter()
        states.append(_state(subject, extractor, view, name))
        seconds.append(time.perf_counter() - began)
    return states, seconds


def _pure(
    subject: object, extractor: Extractor[Any], views: Sequence[View], names: Sequence[str], first: Sequence[object]
) -> None:
    forward = list(range(len(views)))
    tries = {
        "asked again, in another order": (extractor, forward[::-1]),
        "asked of a fresh copy": (fresh(subject, extractor), forward),
    }
    for how, (asked, order) in tries.items():
        for n in order:
            again = _state(subject, asked, views[n], names[n])
            if not alike(first[n], again):
                raise ConformanceError(
                    subject, "pure", f"the text {names[n]} is {shown(first[n])}, and {shown(again)} when {how}"
                )


def _spans_fit(subject: object, view: View, name: str, state: object) -> None:
    for span in _spans(state):
        if not view.start <= span.start <= span.end <= view.end:
            raise ConformanceError(
                subject,
                "spans",
                f"the text {name}, which is [{view.start}, {view.end}) of the generated text: {span} is not within it",
            )


def _spans(state: object) -> Iterator[Span]:
    """All spans in dataclasses, tuples, lists, sets and mappings, of so many parts as anybody wants to wait for."""
    rest = [state]
    for _ in range(PARTS):
        if not rest:
            return
        part = rest.pop()
        match part:
            case Span():
                yield part
            case tuple() | list() | set() | frozenset():
                rest += part
            case dict():
                rest += [*part, *part.values()]
            case _ if is_dataclass(part) and not isinstance(part, type):
                rest += [getattr(part, each.name) for each in fields(part)]


def _reading(extractor: Extractor[Any], mark: str) -> Callable[[int], object]:
    def read(length: int) -> object:
        text = (mark * (length // len(mark) + 1))[:length]
        return [_state(extractor, extractor, View(each), f"{mark!r} repeated") for each in (text, text + END)]

    return read
