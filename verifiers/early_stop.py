"""Whether there is anything left to find out: answers that stay the same, and models that are sure of theirs.

These verifiers give passes that are `settled`, which a policy `Stop` ends the reasoning for. They judge how sure a
model is, and it may be sure of what is wrong: with `unless=` another verifier has the last word, and an answer that it
rejects is a violation, no early stop.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from midtrace import Pass, Unknown, UsageError, Verdict, Verifier
from midtrace.extractors import Checkpoint, Probe
from midtrace.monitors import AnyVerifier
from midtrace.verdicts import FunctionVerifier

from ._same_answer import same

SHOWN = 80
"""Characters of an answer that a verdict quotes."""


@dataclass(frozen=True, slots=True)
class Converged:
    """Settled once the last `k` answers are the same one (Dynasor: Fu et al., arXiv 2412.20993).

    Answers are the same if they say the same number, exactly, or the same words; white space, mark-up and punctuation
    around them do not count. An answer that could not be read ends the row.

    Args:
        k: Answers in a row.
        unless: Judges the answer before it is settled; what it does not pass is its own verdict.

    Raises `UsageError` for a `k` below 1, and for an `unless` that is no verifier.
    """

    k: int = 3
    unless: AnyVerifier | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.k, int) or isinstance(self.k, bool) or self.k < 1:
            raise UsageError(f"Converged(k={self.k!r:.60}): expected a whole number of at least 1")
        _expect_verifier("Converged", self.unless)

    def check(self, state: Sequence[Probe[Any]], /) -> Verdict:
        """Look at the last answers, the latest last."""
        last = state[-self.k :]
        value = last[-1].value if last else None
        if value is None or len(last) < self.k:
            return Pass(checked=0)
        if any(probe.value is None or not same(probe.value, value) for probe in last):
            return Pass(checked=0)
        times = f", {self.k} times in a row" if self.k > 1 else ""
        return _settled(value, _shown(value) + times, self.unless)


@dataclass(frozen=True, slots=True)
class Confident:
    """Settled once the model is sure of its last answer (DEER: Yang et al., arXiv 2504.15895).

    Sure means that the geometric mean of the probabilities of the answer's tokens reaches `threshold`. `Unknown` for
    an answer that comes without probabilities. `unless` as in `Converged`.

    Raises `UsageError` for a threshold that is no probability, and for an `unless` that is no verifier.
    """

    threshold: float = 0.95
    unless: AnyVerifier | None = None

    def __post_init__(self) -> None:
        if not _is_number(self.threshold) or not 0 < self.threshold <= 1:
            raise UsageError(f"Confident(threshold={self.threshold!r:.60}): expected a number above 0, at most 1")
        _expect_verifier("Confident", self.unless)

    def check(self, state: Sequence[Probe[Any]], /) -> Verdict:
        """Look at the last answer."""
        if not state or state[-1].value is None:
            return Pass(checked=0)
        value, confidence = state[-1].value, state[-1].confidence
        if confidence is None:
            return Unknown("the answer came without the probabilities of its tokens")
        if not confidence >= self.threshold:
            return Pass(checked=0)
        return _settled(value, f"{_shown(value)}, with a confidence of {confidence:.3f}", self.unless)


@dataclass(frozen=True, slots=True)
class EntropyStop:
    """Settled once the entropy after the end of thinking stays where it is (EAT: Wang et al., arXiv 2509.26522).

    What settles is the entropy of the first token of each answer. Its moving mean and variance are exponential, with
    weight `alpha` for the latest; `variance`, in nats squared, is what it must fall below after `probes` answers that
    told it. They start anew with the first answer that the state holds, so that must go back far enough. `unless` as
    in `Converged`: it needs a last answer that could be read, and the verdict is `Unknown` without one.

    Raises `UsageError` for numbers out of range, and for an `unless` that is no verifier.
    """

    alpha: float = 0.2
    variance: float = 1e-4
    probes: int = 4
    unless: AnyVerifier | None = None

    def __post_init__(self) -> None:
        if not _is_number(self.alpha) or not 0 < self.alpha < 1:
            raise UsageError(f"EntropyStop(alpha={self.alpha!r:.60}): expected a number between 0 and 1")
        if not _is_number(self.variance) or not self.variance > 0:
            raise UsageError(f"EntropyStop(variance={self.variance!r:.60}): expected a number above 0")
        if not isinstance(self.probes, int) or isinstance(self.probes, bool) or self.probes < 2:
            raise UsageError(f"EntropyStop(probes={self.probes!r:.60}): expected a whole number of at least 2")
        _expect_verifier("EntropyStop", self.unless)

    def check(self, state: Sequence[Probe[Any]], /) -> Verdict:
        """Follow the entropy from the first answer to the last."""
        if not state:
            return Pass(checked=0)
        if state[-1].entropy is None:
            return Unknown("the answer came without the entropy of its first token")
        known = [probe.entropy for probe in state if probe.entropy is not None]
        mean, variance = known[0], 0.0
        for entropy in known[1:]:
            mean = self.alpha * entropy + (1 - self.alpha) * mean
            variance = self.alpha * (entropy - mean) ** 2 + (1 - self.alpha) * variance
        if len(known) < self.probes or not variance < self.variance:
            return Pass(checked=0)
        told = f"the entropy after thinking stays at {mean:.3f} nats"
        if self.unless is None:
            return Pass(settled=told)
        value = state[-1].value
        if value is None:
            return Unknown(f"{told}, and the answer could not be read", "unparsed")
        return _settled(value, told, self.unless)


@dataclass(frozen=True, slots=True)
class ColdStop:
    """Settled at every checkpoint of the trigger `cold`: the model has been certain for a long time.

    For the Cold Stop of Soft Thinking (Zhang et al., arXiv 2505.15778). It looks at nothing but the end of the trace,
    where there is nothing left to stop: all else is said by the trigger, so use it with no other.
    """

    inline: ClassVar[bool] = True

    def check(self, state: Checkpoint, /) -> Verdict:
        """Settled unless the trace ended here by itself."""
        return Pass(checked=0) if state.final else Pass(settled="certain for long")


def _settled(value: object, told: str, unless: AnyVerifier | None) -> Verdict:
    if unless is None:
        return Pass(settled=told)
    judge: Verifier[Any] = unless if isinstance(unless, Verifier) else FunctionVerifier(unless)
    verdict = judge.check(value)
    return Pass(verdict.checked, told) if isinstance(verdict, Pass) else verdict


def _shown(value: object) -> str:
    text = " ".join((value if isinstance(value, str) else repr(value)).split())
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _expect_verifier(name: str, unless: object) -> None:
    if unless is not None and not isinstance(unless, Verifier) and not callable(unless):
        raise UsageError(f"{name}(unless={unless!r:.60}): expected a verifier or a function")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
