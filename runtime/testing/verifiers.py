"""Conformance of a verifier."""

from __future__ import annotations

import pickle
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias, get_args

from ..errors import UsageError, one_line
from ..machine.messages import CheckResult
from ..monitors import AnyVerifier, Monitor
from ..verdicts import FunctionVerifier, Pass, Unknown, UnknownKind, Verdict, Verifier, Violation, as_verdict
from .conformance import ConformanceError, Latency, Report, shown
from .travel import alike, fresh, packed
from .workers import in_worker

Raised: TypeAlias = str
"""The error of a check that raised, which a check may: it is `Unknown` then."""


def check_verifier(
    verifier: AnyVerifier,
    *,
    passes: Sequence[object] = (),
    violates: Sequence[object] = (),
    hostile: Sequence[object] = (),
    deadline: float = 5.0,
) -> Report:
    """Hold a verifier against what the runtime expects of one; gives what it takes, here and in a worker.

    Args:
        verifier: What a `Monitor` takes: an object with `check`, or a plain function.
        passes: States that it must pass.
        violates: States in which it must find a violation.
        hostile: States for which any verdict will do, and raising as well, but neither hanging nor crashing.
        deadline: Seconds that a check may run, as in `Monitor`.

    Starts a worker process and blocks: call it from a plain test. Raises `ConformanceError` for the first promise that
    is broken, `UsageError` without any state to pass or to violate.
    """
    states = (*passes, *violates, *hostile)
    if len(states) == len(hostile) or any(state is None for state in states):
        raise UsageError("check_verifier: expected at least one state in passes or violates, and None in neither")
    checked = _wrapped(verifier)
    for value in (verifier, *states):
        fresh(verifier, value)
    # First where it can be killed: a verifier that hangs must not hang its author's tests.
    there = in_worker(_itself, checked.check, states, deadline)
    for state, result in zip(states, there, strict=True):
        _came_back(verifier, state, result, deadline)
    first, seconds = _judged(verifier, checked, states)
    for index, (state, verdict) in enumerate(zip(states, first, strict=True)):
        if isinstance(verdict, Verdict):
            _sensible(verifier, state, verdict)
        elif index < len(passes) + len(violates):
            raise ConformanceError(verifier, "verdict", f"{shown(state)} raised {verdict}")
    _pure(verifier, checked, states, first)
    for states_right, kind, begin in ((passes, Pass, 0), (violates, Violation, len(passes))):
        for state, verdict in zip(states_right, first[begin:], strict=False):
            if not isinstance(verdict, kind):
                raise ConformanceError(
                    verifier, "right", f"expected {kind.__name__} for {shown(state)}, got {shown(verdict)}"
                )
    for state, verdict, result in zip(states, first, there, strict=True):
        if isinstance(verdict, Verdict) and not alike(verdict, result.verdict):
            raise ConformanceError(
                verifier,
                "worker",
                f"{shown(state)} is {shown(verdict)} here and {shown(result.verdict)} in a worker",
            )
    return Report(
        shown(verifier),
        ("protocol", "travels", "worker", "in time", "right", "pure", "untouched", "verdict"),
        here=Latency.of(seconds),
        worker=Latency.of([result.ran for result in there]),
    )


def _itself(state: object) -> object:
    return state


def _wrapped(verifier: AnyVerifier) -> Verifier[Any]:
    try:
        return Monitor("conformance", verify=verifier).rule.verify
    except UsageError as error:
        raise ConformanceError(verifier, "protocol", str(error)) from error


def _came_back(subject: object, state: object, result: CheckResult, deadline: float) -> None:
    match result.verdict:
        case Unknown(kind="timeout"):
            raise ConformanceError(subject, "in time", f"{shown(state)} took longer than {deadline:g} s")
        case Unknown(reason, kind="lost"):
            raise ConformanceError(subject, "worker", f"{shown(state)} took the process down: {reason}")


def _judged(
    subject: object, verifier: Verifier[Any], states: Sequence[object]
) -> tuple[list[Verdict | Raised], list[float]]:
    verdicts: list[Verdict | Raised] = []
    seconds: list[float] = []
    for state in states:
        before = packed(subject, state)
        began = time.perf_counter()
        verdicts.append(_verdict(subject, verifier, state))
        seconds.append(time.perf_counter() - began)
        if not alike(pickle.loads(before), state):  # noqa: S301  (the test's own)
            raise ConformanceError(subject, "untouched", f"the check changed its state into {shown(state)}")
    return verdicts, seconds


def _verdict(subject: object, verifier: Verifier[Any], state: object) -> Verdict | Raised:
    try:
        answer = verifier.function(state) if isinstance(verifier, FunctionVerifier) else verifier.check(state)
    except Exception as error:  # noqa: BLE001  (a check may raise; the caller says for which states)
        return one_line(error)
    try:
        return as_verdict(answer)
    except TypeError as error:
        raise ConformanceError(subject, "verdict", f"for {shown(state)}: {error}") from error


def _pure(
    subject: object, verifier: Verifier[Any], states: Sequence[object], first: Sequence[Verdict | Raised]
) -> None:
    numbered = list(enumerate(states))
    tries = {
        "asked again": (verifier, numbered),
        "asked in another order": (verifier, numbered[::-1]),
        "asked of a fresh copy": (fresh(subject, verifier), [(n, fresh(subject, state)) for n, state in numbered]),
    }
    for how, (asked, order) in tries.items():
        for number, state in order:
            again = _verdict(subject, asked, state)
            if not alike(first[number], again):
                raise ConformanceError(
                    subject, "pure", f"{shown(state)} is {shown(first[number])}, and {shown(again)} when {how}"
                )


def _sensible(subject: object, state: object, verdict: Verdict) -> None:
    for finding in _faults(verdict):
        raise ConformanceError(subject, "verdict", f"for {shown(state)}: {finding}")
    if not alike(verdict, fresh(subject, verdict)):
        raise ConformanceError(subject, "travels", f"{shown(verdict)} is another after its way back")


def _faults(verdict: Verdict) -> Iterator[str]:
    match verdict:
        case Pass(checked) if checked < 0:
            yield f"{checked} claims checked; expected 0 or more"
        case Unknown(reason, kind):
            if kind not in get_args(UnknownKind):
                yield f"an Unknown of the kind {kind!r}; expected one of {', '.join(get_args(UnknownKind))}"
            if not reason:
                yield "an Unknown without a reason"
        case Violation():
            for each in (verdict, *verdict.also):
                yield from _violation_faults(each)
            starts = [each.span.start for each in (verdict, *verdict.also) if each.span is not None]
            if starts != sorted(starts):
                yield f"violations that start at {starts}; expected the first one in the text first"


def _violation_faults(violation: Violation) -> Iterator[str]:
    if not violation.message:
        yield "a violation without a message"
    if violation.span is not None and not 0 <= violation.span.start <= violation.span.end:
        yield f"a violation at {violation.span}; expected 0 <= start <= end"
    facts = violation.evidence
    if not isinstance(facts, Mapping) or not all(isinstance(part, str) for pair in facts.items() for part in pair):
        yield f"evidence {shown(facts)}; expected texts by name"
