"""What a monitor asks the model at each of its checkpoints."""

from __future__ import annotations

from dataclasses import dataclass, field

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
        for name, value in (("max_tokens", self.max_tokens), ("confirm", self.confirm), ("history", self.history)):
            if not isinstance(value, int):
                raise UsageError(f"Fork({name}={value!r:.60}): expected a whole number, 1 or more")
        if not isinstance(self.temperature, int | float):
            raise UsageError(f"Fork(temperature={self.temperature!r:.60}): expected a number, 0 or more")
        if not (self.endpoint is None or (isinstance(self.endpoint, str) and self.endpoint)):
            raise UsageError("Fork(endpoint=...): expected a name, or the address of a server")
        if isinstance(self.stop, str) or not all(isinstance(each, str) and each for each in self.stop):
            raise UsageError(f"Fork(stop={self.stop!r}): expected texts, such as ('}}',)")
        if self.max_tokens < 1 or not self.temperature >= 0:
            raise UsageError(
                f"Fork(max_tokens={self.max_tokens}, temperature={self.temperature}): expected 1 or more, 0 or more"
            )
        if self.confirm < 1 or self.history < 1:
            raise UsageError(f"Fork(confirm={self.confirm}, history={self.history}): expected 1 or more")


def asking_of(extractor: object) -> Asking | None:
    """What an extractor asks the model, as its attribute `asks` tells; None for one that reads the text alone.

    One that asks finds the answers in its view.
    """
    asks = getattr(extractor, "asks", None)
    return asks if isinstance(asks, Asking) else None
