"""The certificate: which check, at which version, covered which span of the final text with which verdict."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Literal, assert_never

from .machine.messages import Status
from .machine.track import Skipped, Track
from .monitors import Monitor
from .trace import Origin, Provenance
from .verdicts import FunctionVerifier, Pass, Unknown, Verdict, Violation
from .views import FunctionExtractor

SCHEMA = "midtrace.certificate/1"
_OWN_VERSION = metadata.version("midtrace")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Checks of one monitor with one kind of verdict on `[start, end)`; neighbouring passes share a row.

    `skipped` is text that the monitor was told to leave out, such as another phase: no check looked at it.
    """

    monitor: str
    start: int
    end: int
    verdict: Literal["pass", "violation", "unknown", "skipped"]
    checks: int = 1
    claims: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attested:
    """A monitor that took part: what it was made of, and whether the run depended on it."""

    name: str
    required: bool
    extractor: str
    verifier: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Injected:
    """A span of the final text that midtrace wrote."""

    start: int
    end: int
    origin: Literal["correction", "feedback", "closing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What stands behind an outcome. Plain data; hashes are SHA-256 of the UTF-8 text (lone surrogates passed)."""

    schema: str
    midtrace: str
    status: Status
    reason: str
    revision: int
    prompt_sha256: str
    text_sha256: str
    length: int
    monitors: tuple[Attested, ...]
    rows: tuple[Row, ...]
    injected: tuple[Injected, ...]

    @property
    def complete(self) -> bool:
        """Whether every required monitor passed all of the text that it was to look at, midtrace's notes left out."""
        notes = [(part.start, part.end) for part in self.injected if part.origin == "feedback"]
        return all(
            _covers(
                [(r.start, r.end) for r in self.rows if r.monitor == m.name and r.verdict in ("pass", "skipped")]
                + notes,
                self,
            )
            for m in self.monitors
            if m.required
        )


def _covers(stretches: Iterable[tuple[int, int]], certificate: Certificate) -> bool:
    reached = 0
    for start, end in sorted(stretches):
        if start > reached:
            return False
        reached = max(reached, end)
    return reached >= certificate.length


def issue(
    *,
    status: Status,
    reason: str,
    revision: int,
    prompt: str,
    text: str,
    monitors: tuple[Attested, ...],
    tracks: Sequence[Track],
    written: Iterable[Provenance],
) -> Certificate:
    """Write down what the tracks of a finished run hold."""
    return Certificate(
        schema=SCHEMA,
        midtrace=_OWN_VERSION,
        status=status,
        reason=reason,
        revision=revision,
        prompt_sha256=digest(prompt),
        text_sha256=digest(text),
        length=len(text),
        monitors=monitors,
        rows=tuple(row for track in tracks for row in _rows(track)),
        injected=tuple(
            Injected(start=part.span.start, end=part.span.end, origin=part.origin.value)
            for part in written
            if part.origin is not Origin.GENERATED and part.span.end > part.span.start
        ),
    )


def digest(text: str) -> str:
    """SHA-256 of a text, also of one that holds lone surrogates."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(slots=True)
class _Passes:
    """Neighbouring passes, which share a row: a long trace has thousands."""

    start: int
    end: int
    checks: int
    claims: int


def _rows(track: Track) -> Iterator[Row]:
    name = track.monitor.name
    passes: _Passes | None = None
    for start, end, verdict in _stretches(track):
        if passes is not None and isinstance(verdict, Pass) and passes.end >= start:
            passes.start = min(passes.start, start)
            passes.end = end
            passes.checks += 1
            passes.claims += verdict.checked
            continue
        if passes is not None:
            yield _row(name, passes.start, passes.end, passes)
            passes = None
        if isinstance(verdict, Pass):
            passes = _Passes(start, end, 1, verdict.checked)
        else:
            yield _row(name, start, end, verdict)
    if passes is not None:
        yield _row(name, passes.start, passes.end, passes)


def _stretches(track: Track) -> Iterable[tuple[int, int, Verdict | Skipped | None]]:
    """What became of the text, in its order."""
    checked: list[tuple[int, int, Verdict | Skipped | None]] = [
        (0 if entry.check.scope == "trace" else entry.check.start, entry.check.end, entry.verdict)
        for entry in track.entries
    ]
    if not track.skipped:
        return checked
    skipped = [(each.start, each.end, each) for each in track.skipped]
    return sorted([*checked, *skipped], key=lambda each: (each[1], each[0]))


def _row(monitor: str, start: int, end: int, told: _Passes | Violation | Unknown | Skipped | None) -> Row:
    row = functools.partial(Row, monitor=monitor, start=start, end=end)
    match told:
        case _Passes(checks=checks, claims=claims):
            return row(verdict="pass", checks=checks, claims=claims)
        case Violation(message):
            return row(verdict="violation", message=message)
        case Unknown(reason):
            return row(verdict="unknown", message=reason)
        case Skipped():
            return row(verdict="skipped", checks=0)
        case None:
            return row(verdict="unknown", message="the run ended first")
        case _:
            assert_never(told)


def attest(monitor: Monitor) -> Attested:
    """What a monitor is made of; reads the versions of installed packages from disk."""
    rule = monitor.rule
    return Attested(
        name=monitor.name,
        required=monitor.required,
        extractor=_name(rule.extract),
        verifier=_name(rule.verify),
        version=_version(rule.verify),
    )


def _name(part: object) -> str:
    if isinstance(part, FunctionVerifier | FunctionExtractor):
        function = part.function
        return f"{getattr(function, '__module__', '?')}.{getattr(function, '__qualname__', type(function).__name__)}"
    return f"{type(part).__module__}.{type(part).__qualname__}"


def _version(part: object) -> str:
    """Version of the distribution that the part's code comes from; `unversioned` for a script of its user's."""
    module = getattr(part.function if isinstance(part, FunctionVerifier) else type(part), "__module__", None)
    top = (module or "").partition(".")[0]
    owners = ["midtrace"] if top == "midtrace" else _distributions().get(top, [])
    return f"{owners[0]} {_installed(owners[0])}" if owners else "unversioned"


@functools.cache
def _distributions() -> Mapping[str, list[str]]:
    """Which distributions an import name comes from; reading this from disk takes a while."""
    return metadata.packages_distributions()


@functools.cache
def _installed(distribution: str) -> str:
    return metadata.version(distribution)
