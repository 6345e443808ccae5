"""Who is asked, by the names that monitors use."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urldefrag

from ..chunks import Source
from ..errors import UsageError
from ..monitors import Monitor
from ..sources.protocol import Able
from .asking import asking_of
from .calling import Calling
from .protocol import Askable
from .settings import Forks


def who_is_asked(source: Source, monitors: Sequence[Monitor], forks: Forks) -> dict[str | None, Askable]:
    """Those whom the monitors ask, by endpoint; None is the run's own.

    Raises `UsageError` where there is nobody of that name, or nobody who can be asked.
    """
    found: dict[str | None, Askable] = {}
    for monitor in monitors:
        asking = asking_of(monitor.extract)
        if asking is not None and asking.endpoint not in found:
            found[asking.endpoint] = _asked(monitor, asking.endpoint, source, forks)
    return found


def _asked(monitor: Monitor, name: str | None, source: Source, forks: Forks) -> Askable:
    if name is None:
        given = forks.source
        if given is not None:
            return given if isinstance(given, Askable) else Calling(given)
        if isinstance(source, Askable) and (not isinstance(source, Able) or source.abilities.fork):
            return source
        raise UsageError(
            f"monitor {monitor.name!r} asks the model, and this source cannot be asked beside its stream: "
            "expected forks=Forks(source=...)"
        )
    if name in forks.endpoints:
        given = forks.endpoints[name]
        return given if isinstance(given, Askable) else Calling(given)
    if name.lower().startswith(("http://", "https://")):
        from ..sources.completions import Completions  # noqa: PLC0415  (most runs ask nobody)

        address, model = urldefrag(name)
        return Completions(address, model=model or None)
    known = ", ".join(map(repr, forks.endpoints)) or "none is given"
    shown = repr(name) if "://" not in name else "(an address)"  # which may hold a password
    raise UsageError(
        f"monitor {monitor.name!r} asks endpoint {shown}: expected a server's address or a name in "
        f"Forks(endpoints=...): {known}"
    )


def block_of(asked: Askable | None) -> int | None:
    """Tokens in one block of the cache of whoever is asked, if it tells."""
    return asked.abilities.block if isinstance(asked, Able) else None
