"""Ready monitors that end the reasoning early.

None is required: what they find out is whether it pays to go on, not whether the text is right. With `unless=` a
verifier has the last word on the answer, and one that it rejects is rolled back. They look at the thinking phase
only; `replace(monitor, on=...)` makes one for text of another kind, and a policy of its own closes that.

Verifiers and extractors build on this package, and are imported when they are asked for.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

from ..policies import Policy, Rollback, Stop
from ..triggers import cold, every, every_line
from .monitor import AnyExtractor, AnyVerifier, Monitor

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

    verify = Converged(k, unless)
    if ask:
        return _asking("converged", ask, read, verify, policy, last=k)
    return Monitor(
        "converged",
        on=every_line().within("thinking"),
        extract=StatedAnswers(read),
        verify=verify,
        policy=policy or Stop(otherwise=Rollback()),
        required=False,
        scope="trace",
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

    return _asking("confident", ask, read, Confident(threshold, unless), policy)


def entropy_stop(
    ask: str = PROBE,
    *,
    read: AnyExtractor | None = None,
    unless: AnyVerifier | None = None,
    policy: Policy | None = None,
) -> Monitor:
    """The entropy of the first token behind `ask` has settled; its source must tell it. `read` as above."""
    from midtrace.verifiers import EntropyStop

    tokens = 1 if unless is None else TOKENS
    return _asking("entropy_stop", ask, read, EntropyStop(unless=unless), policy, last=HISTORY, max_tokens=tokens)


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


def _asking(
    name: str,
    ask: str,
    read: AnyExtractor | None,
    verify: AnyVerifier,
    policy: Policy | None,
    *,
    last: int = 1,
    max_tokens: int = TOKENS,
) -> Monitor:
    """Asks the model for its answer all along the thinking; `verify` sees the `last` ones."""
    from midtrace.extractors import BoxedAnswer, Fork, Probes

    parse = BoxedAnswer(read) if ask.endswith("{") else read or _whole
    return Monitor(
        name,
        on=every(characters=DISTANCE).within("thinking"),
        extract=Probes(Fork(ask, parse, max_tokens=max_tokens, stop=("\n",)), last),
        verify=verify,
        policy=policy or Stop(otherwise=Rollback()),
        required=False,
    )


def _whole(answer: str) -> str | None:
    return answer.strip() or None
