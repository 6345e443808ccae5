"""Who is asked beside a stream, and how much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..arguments import COUNT, POSITIVE, SECONDS, Expected, expect, or_none
from ..errors import UsageError
from ..sources.protocol import GivenSource
from .protocol import Askable


@dataclass(frozen=True, slots=True, kw_only=True)
class Forks:
    """How the forks of a run are asked; without one, the source itself is, as below.

    Args:
        source: Who is asked: anything `Askable`, or any source, which is then called on another event loop than the
            streams. None: the source of the run.
        endpoints: Others who are asked, by the names that `Fork(endpoint=...)` uses.
        concurrency: Questions of one run that are open at a time.
        share: Forks may have answered so many tokens for each that the stream has generated; what exceeds it waits
            for the stream, and newer checkpoints take its place. None: no such bound. The last check of a trace does
            not wait.
        block: Tokens in one block of the server's cache of prefixes: a monitor asks at most once in a block, so that
            forks evaluate no more than the stream does. None: what the source says of itself.
        timeout: Seconds that one answer may take.

    Raises `UsageError` for what cannot work.
    """

    source: Askable | GivenSource | None = None
    endpoints: Mapping[str, Askable | GivenSource] = field(default_factory=dict)
    concurrency: int = 4
    share: float | None = 1.0
    block: int | None = None
    timeout: float = 60.0

    def __post_init__(self) -> None:
        expect(self, _EXPECTED)
        for name, source in (("source", self.source), *self.endpoints.items()):
            if source is not None and not isinstance(source, Askable) and not callable(source):
                raise UsageError(f"Forks: {name}={source!r}: expected a source")


_EXPECTED = {
    "endpoints": Expected(lambda value: isinstance(value, Mapping), "sources by name"),
    "concurrency": COUNT,
    "share": or_none(POSITIVE),
    "block": or_none(COUNT),
    "timeout": SECONDS,
}
