"""What a monitor asks the model at each of its checkpoints."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..arguments import AMOUNT, COUNT, SWITCH, TEXTS, Expected, expect
from ..errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """How a monitor asks, and what it makes of the answers.

    Args:
        suffix: Put behind the text of the checkpoint; the model continues it.
        max_tokens, stop, temperature: As in `Question`.
        endpoint: Who is asked, where that is not the source: a name that the run's `Forks` gives, or a server's
            address.
        confirm: So many answers must lead to a violation before anything is done about it; the further ones are asked
            for only after the first.
        steady: A violation that was dealt with, and comes back after the answers had led to another, is not believed.
        history: So many answers are given to the extractor, those of earlier checkpoints first.
        logprobs: The answers carry the log-probabilities of their tokens.

    Raises `UsageError` for what cannot be asked.
    """

    suffix: str
    max_tokens: int = 256
    stop: tuple[str, ...] = ()
    temperature: float = 0.0
    endpoint: str | None = field(default=None, repr=False)  # an address may hold a password
    confirm: int = 1
    steady: bool = True
    history: int = 1
    logprobs: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.suffix, str) or not self.suffix:
            raise UsageError(f"Fork(suffix={self.suffix!r:.60}): expected text that asks for something")
        expect(self, _EXPECTED, "Fork")


_EXPECTED = {
    "max_tokens": COUNT,
    "stop": TEXTS,
    "temperature": AMOUNT,
    "endpoint": Expected(
        lambda value: value is None or (isinstance(value, str) and value != ""),
        "a name, or the address of a server",
        secret=True,
    ),
    "confirm": COUNT,
    "steady": SWITCH,
    "history": COUNT,
}


def asking_of(extractor: object) -> Asking | None:
    """What an extractor asks the model, as its attribute `asks` tells; None for one that reads the text alone.

    One that asks finds the answers in its view.
    """
    asks = getattr(extractor, "asks", None)
    return asks if isinstance(asks, Asking) else None
