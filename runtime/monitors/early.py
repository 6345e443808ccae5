"""Ready monitors that end the reasoning early.

None is required: what they find out is whether it pays to go on, not whether the text is right. With `unless=` a
verifier has the last word on the answer, and one that it rejects is rolled back. They look at the thinking phase
only; `replace(monitor, on=...)` makes one for text of another kind, and a policy of its own closes that.

Verifiers and extractors build on this package, and are imported when they are asked for.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..policies import Policy, Rollback, Stop
from ..triggers import cold, every, every_line
from .monitor import AnyExtractor, AnyVerifier, Monitor

if TYPE_CHECKING:
    from midtrace.extractors import Probes

PROBE = "\n</think>\n\nThe final answer is \\boxed{"
"""What a model is asked with for its answer so far: the end of its thinking, and the start of an answer."""

DISTANCE = 256
"""Characters from one question to the next: 64 tokens (Dynasor's chunks), also of a source that counts none."""

HISTORY = 32
"""Answers that the entropy is followed over: the weight of earlier ones is below a thousandth."""


TOKENS = 48
"""Tokens of an answer; a longer one cannot be read."""


def converged(
    k: int = 3,
    ask: str = "",
    *,
    read: AnyExtractor | None = None,
    unless: AnyVerifier | None = None,
    policy: Policy | None = None,
) -> Monitor:
    """The same answer `k` times in a row: those that the thinking states, or, with `ask`, those that the model gives.

    `ask` is the text that it is asked with, such as `PROBE`; a source that can be asked is needed for that. `read`
    reads an answer's text for `unless`, which judges the answer.
    """
    from midtrace.extractors import StatedAnswers
    from midtrace.verifiers import Converged

    return Monitor(
        "converged",
        on=(every(characters=DISTANCE) if ask else every_line()).within("thinking"),
        extract=_probes(ask, read, k) if ask else StatedAnswers(read),
        verify=Converged(k, unless),
        policy=policy or Stop(otherwise=Rollback()),
        required=False,
        scope="unit" if ask else "trace",
    )


def confident(
    threshold: float = 0.95,
    ask: str = PROBE,
    *,
    read: AnyExtractor | None = None,
    unless: AnyVerifier | None = None,
    policy: Policy | None = None,
) -> Monitor:
    """An answer that the model is sure of; its source must tell the probabilities of tokens. `read` as above."""
    from midtrace.verifiers import Confident

    return Monitor(
        "confident",
        on=every(characters=DISTANCE).within("thinking"),
        extract=_probes(ask, read, 1),
        verify=Confident(threshold, unless),
        policy=policy or Stop(otherwise=Rollback()),
        required=False,
    )


def entropy_stop(
    ask: str = PROBE,
    *,
    read: AnyExtractor | None = None,
    unless: AnyVerifier | None = None,
    policy: Policy | None = None,
) -> Monitor:
    """The entropy of the first token behind `ask` has settled; its source must tell it. `read` as above."""
    from midtrace.verifiers import EntropyStop

    return Monitor(
        "entropy_stop",
        on=every(characters=DISTANCE).within("thinking"),
        extract=_probes(ask, read, HISTORY, max_tokens=1 if unless is None else TOKENS),
        verify=EntropyStop(unless=unless),
        policy=policy or Stop(otherwise=Rollback()),
        required=False,
    )


def cold_stop(below: float = 0.01, tokens: int = 256, *, policy: Policy | None = None) -> Monitor:
    """So many tokens in a row with an entropy below so many nats; the stream must tell entropies or probabilities."""
    from midtrace.extractors import Checkpoints
    from midtrace.verifiers import ColdStop

    return Monitor(
        "cold_stop",
        on=cold(below, tokens).within("thinking"),
        extract=Checkpoints(),
        verify=ColdStop(),
        policy=policy or Stop(),
        required=False,
    )


def _probes(ask: str, read: AnyExtractor | None, last: int, max_tokens: int = TOKENS) -> Probes[Any]:
    from midtrace.extractors import BoxedAnswer, Fork, Probes

    parse = BoxedAnswer(read) if ask.endswith("{") else read or _whole
    return Probes(Fork(ask, parse, max_tokens=max_tokens, stop=("\n",)), last)


def _whole(answer: str) -> str | None:
    return answer.strip() or None
