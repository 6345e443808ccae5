"""The models that a server lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...errors import SourceError
from ...records.json import Json
from .refusals import plain_line

if TYPE_CHECKING:
    from .transport import Transport

PATH = "/v1/models"

MODELS = 20
"""Names that a message lists."""

UNNAMED = "default"
"""What the model of a server is called that lists none."""


async def only_model(transport: Transport) -> str:
    """The name of the only model that a server lists. Raises `SourceError` where it lists several."""
    try:
        names = await transport.models()
    except SourceError as error:
        if error.transient:
            raise
        names = ()  # a server of one model need not list it
    if len(names) > 1:
        where = transport.endpoints[0].shows(PATH)
        raise SourceError(f"{where}: expected model=, one of {listed(names, transport.secrets)}")
    return names[0] if names else UNNAMED


def names_in(answer: Json) -> tuple[str, ...]:
    """The names in a server's list of its models."""
    data = answer.get("data") if isinstance(answer, dict) else None
    entries = data if isinstance(data, list) else []
    names = [entry.get("id") for entry in entries if isinstance(entry, dict)]
    return tuple(name for name in names if isinstance(name, str))


def listed(names: Sequence[str], secrets: Sequence[str]) -> str:
    """Names as a message shows them."""
    more = f" and {len(names) - MODELS} more" if len(names) > MODELS else ""
    return f"{', '.join(plain_line(name, secrets, 80) for name in names[:MODELS])}{more}"
