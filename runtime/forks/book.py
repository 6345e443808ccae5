"""What a run asks the model: a pure book of who waits for which answer, and what is done next.

Events in, commands out, as in the machine of the run; the thread of the forks carries them out. A monitor has one
question open at a time. Monitors that ask the same at the same checkpoint share the answer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeAlias

from ..chunks import CHARACTERS_A_TOKEN
from ..engines.protocol import Request
from ..ledger import ForkCost, ForkOutcome
from ..machine.messages import CheckResult
from ..verdicts import Unknown, Verdict, Violation
from .asking import Asking
from .protocol import Answer, Question

KEPT = 16
"""Answers that are kept for monitors that come to the same checkpoint later."""


class Terms(NamedTuple):
    """How much may be asked; as in `Forks`, and `most` in all."""

    concurrency: int = 4
    share: float | None = 1.0
    block: int | None = None
    most: int | None = None


# Commands


class Ask(NamedTuple):
    """Ask `question` of `endpoint` (None: the run's own); its answer is number `number`."""

    number: int
    endpoint: str | None
    question: Question


class Drop(NamedTuple):
    """Nobody waits for answer `number` any more."""

    number: int


class Submit(NamedTuple):
    """Have a check run on the answers that it carries."""

    request: Request


class Deliver(NamedTuple):
    """The verdict on a check."""

    result: CheckResult


Command: TypeAlias = Ask | Drop | Submit | Deliver


class _Key(NamedTuple):
    revision: int
    end: int
    suffix: str
    max_tokens: int
    stop: tuple[str, ...]
    temperature: float
    endpoint: str | None
    logprobs: bool
    attempt: int


@dataclass(slots=True, eq=False)
class _Inquiry:
    """A check, and what has been asked for it."""

    request: Request
    asking: Asking
    text: str = ""
    attempt: int = 0
    forks: int = 0
    tokens: int = 0
    answers: tuple[Answer, ...] = ()
    doubted: Violation | None = None

    @property
    def monitor(self) -> int:
        return self.request.check.monitor

    @property
    def key(self) -> _Key:
        check, asking = self.request.check, self.asking
        return _Key(
            check.revision,
            check.end,
            asking.suffix,
            asking.max_tokens,
            asking.stop,
            asking.temperature,
            asking.endpoint,
            asking.logprobs,
            self.attempt,
        )


@dataclass(slots=True, eq=False)
class _Asked:
    """A question that is open, or was."""

    key: _Key
    waiting: list[_Inquiry]
    monitors: list[str]
    payer: int  # the monitor that is told what it cost, where nobody waits for the answer
    answer: Answer | None = None
    seconds: float = 0.0
    outcome: ForkOutcome = "open"


@dataclass(slots=True, eq=False)
class _Desk:
    """What the book knows of one monitor."""

    name: str
    asking: Asking
    waiting: deque[Request] = field(default_factory=deque)
    busy: _Inquiry | None = None
    asked_at: int = -1
    told: list[tuple[int, Answer]] = field(default_factory=list)
    text: str = ""
    dealt_with: list[str] = field(default_factory=list)
    unsteady: set[str] = field(default_factory=set)
    unpaid: int = 0  # questions for checks that were called off, of which nobody has told the run
    unpaid_tokens: int = 0


class Book:
    """The questions of one run. `asking` and `names` are those of its monitors, None for one that does not ask."""

    def __init__(self, prompt: str, names: Sequence[str], asking: Sequence[Asking | None], terms: Terms) -> None:
        self._prompt = prompt
        self._terms = terms
        self._desks = {
            index: _Desk(name, each)
            for index, (name, each) in enumerate(zip(names, asking, strict=True))
            if each is not None
        }
        self._asked: list[_Asked] = []
        self._open: dict[int, _Asked] = {}
        self._tokens = 0
        self._streams = True
        self._out: list[Command] = []

    @property
    def costs(self) -> tuple[ForkCost, ...]:
        """What has been asked so far; may be read from another thread."""
        return tuple(_cost(each) for each in self._asked[:])

    # Events

    def submitted(self, requests: Iterable[Request]) -> list[Command]:
        """Checks have come that want an answer."""
        for request in requests:
            self._desks[request.check.monitor].waiting.append(request)
        return self._go_on()

    def cancelled(self, ids: frozenset[int] | None) -> list[Command]:
        """Nobody waits for these checks any more; None: for none at all."""
        for desk in self._desks.values():
            desk.waiting = deque(each for each in desk.waiting if ids is not None and each.check.id not in ids)
            if desk.busy is not None and (ids is None or desk.busy.request.check.id in ids):
                self._leave(desk.busy)
                desk.unpaid += desk.busy.forks
                desk.unpaid_tokens += desk.busy.tokens
                desk.busy = None
        return self._go_on()

    def streaming(self, *, yes: bool) -> list[Command]:
        """Whether the stream goes on: shares and blocks are of what it generates."""
        self._streams = yes
        return self._go_on()

    def answered(self, number: int, answer: Answer, seconds: float) -> list[Command]:
        """Question `number` has its answer."""
        asked = self._open.pop(number, None)
        if asked is None:  # it came after nobody waited any more
            return self._go_on()
        asked.answer, asked.seconds, asked.outcome = answer, seconds, "answered"
        self._tokens += tokens_of(answer)
        waiting, asked.waiting = asked.waiting, []
        for place, inquiry in enumerate(waiting):
            if place == 0:  # shared answers are paid once
                inquiry.forks += 1
                inquiry.tokens += tokens_of(answer)
            self._check(inquiry, answer)
        return self._go_on()

    def failed(self, number: int, reason: Unknown, seconds: float) -> list[Command]:
        """Question `number` has none, and will not have one."""
        asked = self._open.pop(number, None)
        if asked is None:
            return self._go_on()
        asked.seconds, asked.outcome = seconds, "failed"
        waiting, asked.waiting = asked.waiting, []
        for place, inquiry in enumerate(waiting):
            inquiry.forks += place == 0
            self._deliver(inquiry, CheckResult(inquiry.request.check.id, reason))
        return self._go_on()

    def judged(self, results: Iterable[CheckResult]) -> list[Command]:
        """Checks that were submitted have their verdicts."""
        for result in results:
            inquiry = next(
                (desk.busy for desk in self._desks.values() if desk.busy and desk.busy.request.check.id == result.id),
                None,
            )
            if inquiry is not None:
                self._judge(inquiry, result)
        return self._go_on()

    # What follows

    def _go_on(self) -> list[Command]:
        for desk in self._desks.values():
            if desk.busy is None and desk.waiting and self._may_ask(desk):
                request = desk.waiting.popleft()
                text = request.check.snapshot.read(0, request.check.end)
                desk.busy = _Inquiry(request, desk.asking, text)
                desk.asked_at = request.check.end
                self._ask(desk.busy)
        self._call_off()
        out, self._out = self._out, []
        return out

    def _call_off(self) -> None:
        """Drop what nobody waits for; not before those who come next have had their chance to wait for it."""
        for number, asked in [*self._open.items()]:
            if not asked.waiting:
                asked.outcome = "cancelled"
                del self._open[number]
                self._desks[asked.payer].unpaid += 1
                self._out.append(Drop(number))

    def _may_ask(self, desk: _Desk) -> bool:
        terms, check = self._terms, desk.waiting[0].check
        if sum(1 for each in self._open.values() if each.waiting) >= terms.concurrency:
            return False
        if not self._streams:  # there is nothing to wait for
            return True
        generated = check.end // CHARACTERS_A_TOKEN
        if terms.share is not None and self._tokens > terms.share * generated:
            return False
        if terms.block is None or desk.asked_at < 0 or check.end < desk.asked_at:
            return True
        return generated // terms.block > desk.asked_at // CHARACTERS_A_TOKEN // terms.block

    def _ask(self, inquiry: _Inquiry) -> None:
        name, key = self._desks[inquiry.monitor].name, inquiry.key
        known = (*self._open.values(), *(each for each in self._asked[-KEPT:] if each.answer is not None))
        shared = next((each for each in known if each.key == key), None)
        if shared is not None:
            if name not in shared.monitors:
                shared.monitors.append(name)
            if shared.answer is not None:
                self._check(inquiry, shared.answer)
            else:
                shared.waiting.append(inquiry)
            return
        number = len(self._asked)
        if self._terms.most is not None and number >= self._terms.most:
            # Told as one more, so that the run sees that its limit is spent; nobody is asked.
            inquiry.forks += 1
            refused = Unknown(f"the limit of {self._terms.most} forks is spent", "refused")
            self._deliver(inquiry, CheckResult(inquiry.request.check.id, refused))
            return
        asked = _Asked(key, [inquiry], [name], inquiry.monitor)
        self._asked.append(asked)
        self._open[number] = asked
        asking = inquiry.asking
        question = Question(
            prefix=self._prompt + inquiry.text + asking.suffix,
            max_tokens=asking.max_tokens,
            stop=asking.stop,
            temperature=asking.temperature,
            logprobs=asking.logprobs,
            attempt=inquiry.attempt,
            prompt=self._prompt,
            suffix=asking.suffix,
        )
        self._out.append(Ask(number, asking.endpoint, question))

    def _leave(self, inquiry: _Inquiry) -> None:
        for asked in self._open.values():
            if inquiry in asked.waiting:
                asked.waiting.remove(inquiry)
                asked.payer = inquiry.monitor

    def _check(self, inquiry: _Inquiry, answer: Answer) -> None:
        desk, request = self._desks[inquiry.monitor], inquiry.request
        earlier = [
            told for told in desk.told if told[0] < request.check.end and inquiry.text.startswith(desk.text[: told[0]])
        ]
        inquiry.answers = (*(told for _, told in earlier), answer)[-inquiry.asking.history :]
        if inquiry.attempt == 0 and inquiry.asking.history > 1:
            desk.told = [*earlier, (request.check.end, answer)][-inquiry.asking.history :]
            desk.text = inquiry.text
        # What was asked is the state of the whole trace, so all of it is shown: a value can be looked up there.
        check = request.check._replace(scope="trace")
        self._out.append(Submit(request._replace(check=check, answers=inquiry.answers)))

    def _judge(self, inquiry: _Inquiry, result: CheckResult) -> None:
        verdict, first = _placed(result.verdict, inquiry.request.check.end), inquiry.doubted
        if first is not None and not (isinstance(verdict, Violation) and verdict.message == first.message):
            doubt = Unknown(f"one answer led to a violation, another to something else: {first.message}")
            self._deliver(inquiry, result._replace(verdict=doubt))
        elif isinstance(verdict, Violation) and inquiry.attempt + 1 < inquiry.asking.confirm:
            inquiry.doubted = verdict
            inquiry.attempt += 1
            self._ask(inquiry)
        else:
            self._deliver(inquiry, result._replace(verdict=self._steadied(inquiry, verdict)))

    def _steadied(self, inquiry: _Inquiry, verdict: Verdict) -> Verdict:
        """A violation that comes back after another had taken its place says more of the answers than of the trace."""
        if not isinstance(verdict, Violation) or not inquiry.asking.steady:
            return verdict
        desk, message = self._desks[inquiry.monitor], verdict.message
        if message in desk.dealt_with[:-1] and message != desk.dealt_with[-1]:
            desk.unsteady.update(desk.dealt_with[desk.dealt_with.index(message) :])
        if message in desk.unsteady:
            return Unknown(f"the model's answers go to and fro: {message}")
        desk.dealt_with.append(message)
        return verdict

    def _deliver(self, inquiry: _Inquiry, result: CheckResult) -> None:
        desk = self._desks[inquiry.monitor]
        forks, tokens = inquiry.forks + desk.unpaid, inquiry.tokens + desk.unpaid_tokens
        desk.unpaid = desk.unpaid_tokens = 0
        desk.busy = None
        self._out.append(Deliver(result._replace(forks=forks, fork_tokens=tokens)))


def _placed(verdict: Verdict, end: int) -> Verdict:
    """The verdict without spans that lie in the answer, which is no part of the trace."""
    if not isinstance(verdict, Violation):
        return verdict
    span = verdict.span
    return replace(
        verdict,
        span=span if span is None or span.start < end else None,
        also=tuple(each for each in verdict.also if each.span is not None and each.span.start < end),
    )


def tokens_of(answer: Answer) -> int:
    """How many tokens an answer has, as it tells, else by its length."""
    told = answer.usage.generated if answer.usage is not None else 0
    return told or len(answer.tokens) or -(-len(answer.text) // CHARACTERS_A_TOKEN)


def _cost(asked: _Asked) -> ForkCost:
    answer = asked.answer
    usage = answer.usage if answer is not None else None
    return ForkCost(
        monitors=tuple(asked.monitors),
        offset=asked.key.end,
        attempt=asked.key.attempt,
        outcome=asked.outcome,
        tokens=tokens_of(answer) if answer is not None else 0,
        prompt_tokens=usage.prompt if usage is not None else 0,
        cached_tokens=usage.cached if usage is not None else 0,
        seconds=asked.seconds,
    )
