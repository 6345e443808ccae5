"""What the sources of one server share: its connections while they are open, and what it calls the model."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

import anyio

from ...arguments import COUNT, GENERATING, HEADERS, KEY, OBJECT, SECONDS, TEXT, WHOLE, instance_of, or_none
from ...errors import SourceError
from .models import only_model
from .retrying import Retrying
from .transport import Transport


class Server:
    """The server of a source; use as an async context manager, which holds the connections until the last one leaves.

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
        self._users = 0
        self._entering = anyio.Lock()

    def __repr__(self) -> str:
        return self._shown  # an address may hold a password

    async def __aenter__(self) -> Self:
        async with self._entering:
            if self.opened is None:
                self.opened = await self._connect().__aenter__()
            self._users += 1
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._users -= 1
        if self._users == 0 and self.opened is not None:
            transport, self.opened = self.opened, None
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


ASKING = {
    **GENERATING,
    "model": or_none(TEXT),
    "seed": or_none(WHOLE),
    "logprobs": or_none(COUNT)._replace(words="1 or more alternatives, or None"),
    "extra": OBJECT,
    "timeout": SECONDS,
    "first_timeout": or_none(SECONDS),
    "api_key": or_none(KEY),
    "headers": HEADERS,
    "retrying": instance_of(Retrying),
}
"""What every source that asks a server is given."""
