"""One session's checks where some of them ask the model first: these take the way over the thread of the forks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import NamedTuple, assert_never

import anyio
from anyio.abc import TaskGroup

from ..chunks import Token, Usage
from ..engines.protocol import Deliver, Engine, Request
from ..errors import SourceError, one_line
from ..ledger import ForkCost
from ..logs import logger
from ..machine.messages import CheckResult
from ..monitors import Monitor
from ..verdicts import Unknown
from . import book
from .asking import asking_of
from .protocol import Answer, Asker

log = logger("midtrace.forks")


class Thread(NamedTuple):
    """Where forks run: `post` has something done there soon, from any thread; `tasks` are its tasks."""

    post: Callable[[Callable[[], None]], None]
    tasks: TaskGroup


class ForkLine:
    """A `Line`: checks that ask go to the engine when their answer is there, all others at once.

    `askers` are open on the loop of `thread`, by endpoint. What `_on_loop` is called with happens there, and all state
    is touched there alone.
    """

    def __init__(
        self,
        thread: Thread,
        engine: Engine,
        deliver: Deliver,
        *,
        prompt: str,
        monitors: Sequence[Monitor],
        askers: dict[str | None, Asker],
        terms: book.Terms,
        timeout: float,
    ) -> None:
        self._thread = thread
        self._deliver = deliver
        self._askers = askers
        self._timeout = timeout
        asking = [asking_of(monitor.extract) for monitor in monitors]
        self._asks = [each is not None for each in asking]
        self._book = book.Book(prompt, [monitor.name for monitor in monitors], asking, terms)
        self._scopes: dict[int, anyio.CancelScope] = {}
        self._ids: set[int] = set()
        self._closed = False
        self._broken = False
        self._engine_line = engine.connect(self._judged)

    @property
    def costs(self) -> tuple[ForkCost, ...]:
        """What has been asked so far."""
        return self._book.costs

    # From the session's loop

    def submit(self, requests: Iterable[Request], /) -> None:
        """Have checks run; costs a message to the other thread where one of them asks."""
        plain: list[Request] = []
        asking: list[Request] = []
        for request in requests:
            (asking if self._asks[request.check.monitor] else plain).append(request)
        if plain:
            self._engine_line.submit(plain)
        if asking:
            self._ids.update(request.check.id for request in asking)
            self._on_loop(lambda: self._book.submitted(asking))

    def cancel(self, ids: Iterable[int], /) -> None:
        """Drop checks, answers, and questions that nobody else waits for."""
        gone = frozenset(ids)
        self._engine_line.cancel(gone)
        asking = gone & self._ids
        if asking:
            self._on_loop(lambda: self._book.cancelled(asking))

    def source_ended(self) -> None:
        """The stream is over: no question waits for it any more."""
        self._on_loop(lambda: self._book.streaming(yes=False))

    def source_goes_on(self) -> None:
        """The stream was opened again."""
        self._on_loop(lambda: self._book.streaming(yes=True))

    def close(self) -> None:
        """Drop everything; questions that are open are called off."""
        self._closed = True
        self._engine_line.close()
        self._on_loop(lambda: self._book.cancelled(None))

    # From the checks thread

    def _judged(self, results: tuple[CheckResult, ...]) -> None:
        asking = [result for result in results if result.id in self._ids]
        if len(asking) < len(results):
            self._deliver(tuple(result for result in results if result.id not in self._ids))
        if asking:
            self._on_loop(lambda: self._book.judged(asking))

    # On the loop of the forks

    def _on_loop(self, event: Callable[[], list[book.Command]]) -> None:
        self._thread.post(lambda: self._handle(event))

    def _handle(self, event: Callable[[], list[book.Command]]) -> None:
        """No fault of ours may leave a session waiting: after one, nobody is asked any more."""
        try:
            if not self._broken:
                self._carry_out(event())
        except Exception:
            log.exception("a fault in the forks; checks that ask are given up")
            self._broken = True
        if self._broken and not self._closed:
            lost, ids = Unknown("a fault in the forks", "lost"), frozenset(self._ids)
            self._ids -= ids
            self._deliver(tuple(CheckResult(each, lost) for each in ids))

    def _carry_out(self, commands: list[book.Command]) -> None:
        for command in commands:
            match command:
                case book.Ask() as ask:
                    scope = self._scopes[ask.number] = anyio.CancelScope()
                    self._thread.tasks.start_soon(self._ask, ask, scope)
                case book.Drop(number):
                    scope = self._scopes.pop(number)
                    scope.cancel()
                case book.Submit(request):
                    if not self._closed:
                        self._engine_line.submit((request,))
                case book.Deliver(result):
                    self._ids.discard(result.id)
                    if not self._closed:
                        self._deliver((result,))
                case _:
                    assert_never(command)

    async def _ask(self, ask: book.Ask, scope: anyio.CancelScope) -> None:
        """Ask one question; whatever comes of it is told to the book, unless nobody waits any more."""
        began = time.monotonic()
        late = asyncio.get_running_loop().call_later(self._timeout, self._thread.post, partial(self._is_late, ask))
        with scope:
            try:
                answer = plain(await self._askers[ask.endpoint].ask(ask.question))
            except SourceError as error:
                reason = Unknown(f"the model could not be asked: {error}", "lost")
            except BaseException as error:
                # Who is asked is third-party code: its failure is data, also one that is meant to end a process. What
                # we called off ourselves is no failure.
                if scope.cancel_called or self._thread.tasks.cancel_scope.cancel_called:
                    raise
                reason = Unknown(f"asking the model raised {one_line(error)}", "crashed")
            else:
                self._end(ask, lambda seconds: self._book.answered(ask.number, answer, seconds), began)
                late.cancel()
                return
            self._end(ask, lambda seconds: self._book.failed(ask.number, reason, seconds), began)
        late.cancel()

    def _is_late(self, ask: book.Ask) -> None:
        """A time-out does not wait for who is asked to take note of it."""
        if ask.number in self._scopes:
            self._scopes[ask.number].cancel()
            reason = Unknown(f"the model did not answer within {self._timeout:g} s", "timeout")
            self._end(ask, lambda seconds: self._book.failed(ask.number, reason, seconds), None)

    def _end(self, ask: book.Ask, event: Callable[[float], list[book.Command]], began: float | None) -> None:
        if self._scopes.pop(ask.number, None) is None:
            return
        seconds = self._timeout if began is None else time.monotonic() - began
        self._handle(lambda: event(seconds))


def plain(answer: object) -> Answer:
    """An answer of whose parts nothing need be feared. Raises `TypeError` for what is none."""
    if not isinstance(answer, Answer) or not isinstance(answer.text, str):
        raise TypeError(f"expected an Answer with text, got {answer!r:.60}")
    usage = answer.usage
    counted = isinstance(usage, Usage) and all(isinstance(each, int) and each >= 0 for each in usage)
    tokens = tuple(token for token in answer.tokens if isinstance(token, Token))
    return Answer(str(answer.text), tokens, usage if counted else None)
