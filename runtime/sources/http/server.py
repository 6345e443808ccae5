"""What the sources of one server share: its connections while they are open, and what it calls the model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from ...errors import SourceError, UsageError
from .models import only_model
from .transport import Transport


class Server:
    """The server of a source; use as an async context manager, which holds the connections.

    Args:
        source: The source's class, for messages.
        connect: What makes connections. Called at once, so that what is wrong with an address is said before a run.
        model: What the server calls the model; None: it serves one only, and is asked for its name.

    Raises `UsageError` for what `connect` cannot work with.
    """

    def __init__(self, source: str, connect: Callable[[], Transport], model: str | None) -> None:
        self._source = source
        self._connect = connect
        self._model = model
        self._shown = f"{source}({connect()!r}, model={model!r})"
        self.opened: Transport | None = None

    def __repr__(self) -> str:
        return self._shown  # an address may hold a password

    async def __aenter__(self) -> Self:
        self.opened = await self._connect().__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        transport, self.opened = self.opened, None
        if transport is not None:
            await transport.__aexit__(kind, error, trace)

    def transport(self) -> Transport:
        """The connections. Raises `SourceError` while they are not open."""
        if self.opened is None:
            raise SourceError(f"the source is not open: use `async with {self._source}(...) as source`")
        return self.opened

    def connections(self) -> Transport:
        """Further ones to the same server, for whoever asks beside the streams."""
        return self._connect()

    async def model(self, transport: Transport) -> str:
        """What the server calls the model. Raises `SourceError` where it has several and nobody chose."""
        if self._model is None:
            self._model = await only_model(transport)
        return self._model


def expect_call(source: str, *, max_tokens: object, stop: object, logprobs: object) -> None:
    """Raise `UsageError` for arguments of a source that no call could have."""
    if not _is_count(max_tokens):
        raise UsageError(f"{source}(max_tokens={max_tokens!r:.60}): expected 1 or more")
    if isinstance(stop, str) or not isinstance(stop, Sequence) or not all(isinstance(each, str) for each in stop):
        raise UsageError(f"{source}(stop={stop!r:.60}): expected texts, such as ['\\n\\n']")
    if logprobs is not None and not _is_count(logprobs):
        raise UsageError(f"{source}(logprobs={logprobs!r:.60}): expected 1 or more alternatives, or None")


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1
