"""The book of the forks, without a loop and without a model: whatever happens in whatever order."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from midtrace import Answer, Pass, Resources, SourceError, Span, Unknown, Usage, Violation
from midtrace.engines.parcels import PackedRule, Part
from midtrace.engines.protocol import Request
from midtrace.forks import book
from midtrace.forks.asking import Asking
from midtrace.machine.messages import Check, CheckResult
from midtrace.trace import Origin, Piece

RULE = PackedRule(Part("r", b""), Part("p", b""), Resources())
MONITORS = ("one", "same as one", "confirms", "remembers")
ASKING = (
    Asking(suffix="?", steady=False),
    Asking(suffix="?", steady=False),
    Asking(suffix="!", confirm=2, steady=False),
    Asking(suffix="?", history=3, steady=False),
)
MESSAGES = st.sampled_from(["a", "b"])
VERDICTS = st.one_of(st.just(Pass()), st.just(Unknown("who knows")), MESSAGES.map(Violation))


class Forks(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.book = book.Book("P", MONITORS, ASKING, book.Terms(concurrency=2, share=None))
        self.tip = Piece(None, "", Origin.GENERATED, ())
        self.revision = 0
        self.checks: dict[int, int] = {}  # by monitor, what still waits for its verdict
        self.asked: dict[int, book.Ask] = {}
        self.judging: dict[int, Request] = {}
        self.numbers = 0
        self.paid = 0
        self.paid_tokens = 0
        self.answers = 0

    def act(self, commands: Iterable[book.Command]) -> None:
        for command in commands:
            match command:
                case book.Ask(number, _, question):
                    assert number not in self.asked
                    assert question.prefix.startswith("P")
                    self.asked[number] = command
                case book.Drop(number):
                    del self.asked[number]
                case book.Submit(request):
                    assert request.check.id in self.checks
                    assert request.check.id not in self.judging
                    assert 1 <= len(request.answers) <= ASKING[request.check.monitor].history
                    self.judging[request.check.id] = request
                case book.Deliver(result):
                    del self.checks[result.id]  # once, and only to those who wait
                    self.paid += result.forks
                    self.paid_tokens += result.fork_tokens

    # What happens

    @rule(text=st.text("xy", min_size=1, max_size=5), monitors=st.sets(st.sampled_from(range(4)), min_size=1))
    def grow(self, text: str, monitors: set[int]) -> None:
        start = self.tip.end
        self.tip = Piece(self.tip, text, Origin.GENERATED, ())
        requests = []
        for monitor in sorted(monitors):
            self.numbers += 1
            self.checks[self.numbers] = monitor
            check = Check(
                self.numbers, monitor, start, self.tip.end, self.tip.end, self.revision, self.tip, "unit", final=False
            )
            requests.append(Request(check, RULE, 1.0))
        self.act(self.book.submitted(requests))

    @precondition(lambda self: self.asked)
    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.asked)))
        del self.asked[number]
        self.answers += 1
        self.act(self.book.answered(number, Answer("4"), 0.5))

    @precondition(lambda self: self.asked)
    @rule(data=st.data())
    def fail(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.asked)))
        del self.asked[number]
        self.act(self.book.failed(number, Unknown(str(SourceError("gone"))), 0.5))

    @precondition(lambda self: self.judging)
    @rule(data=st.data(), verdict=VERDICTS)
    def judge(self, data: st.DataObject, verdict: Pass | Unknown | Violation) -> None:
        number = data.draw(st.sampled_from(sorted(self.judging)))
        del self.judging[number]
        self.act(self.book.judged([CheckResult(number, verdict)]))

    @rule(keep=st.integers(0, 10))
    def cut(self, keep: int) -> None:
        """A rollback: later checks are cancelled, and text comes anew under another revision."""
        gone = frozenset(each for each in self.checks if each % 11 > keep)
        for number in gone:
            del self.checks[number]
            self.judging.pop(number, None)
        self.revision += 1
        self.act(self.book.cancelled(gone))

    @precondition(lambda self: self.checks)
    @rule(data=st.data())
    def replace(self, data: st.DataObject) -> None:
        """The end of the trace: a check of the same text stands for one that waits."""
        gone = data.draw(st.sampled_from(sorted(self.checks)))
        self.act(self.book.submitted([self.check_of(self.checks[gone])]))
        if self.checks.pop(gone, None) is not None:
            self.judging.pop(gone, None)
        self.act(self.book.cancelled(frozenset({gone})))

    @rule()
    def answers_that_nobody_waits_for(self) -> None:
        self.act(self.book.judged([CheckResult(self.numbers + 1, Pass())]))

    # What holds

    @invariant()
    def a_monitor_has_one_check_under_way(self) -> None:
        monitors = [request.check.monitor for request in self.judging.values()]
        assert len(monitors) == len(set(monitors))

    @invariant()
    def no_more_is_open_than_may_be(self) -> None:
        assert len(self.asked) <= 2 + 1  # a confirmation goes on with the place that its check has

    @invariant()
    def costs_are_complete(self) -> None:
        costs = self.book.costs
        assert sum(cost.outcome == "open" for cost in costs) == len(self.asked)
        assert sum(cost.outcome == "answered" for cost in costs) == self.answers
        assert self.paid <= len(costs)  # every question is paid once, also one without an answer
        assert self.paid_tokens <= sum(cost.tokens for cost in costs)

    def teardown(self) -> None:
        """Once everything is answered, nobody waits; and all that was asked is paid, also what was called off."""
        self.act(self.book.submitted([self.check_of(monitor) for monitor in range(4)]))
        for _ in range(3 * len(self.checks) + 3):
            for number in list(self.asked):
                del self.asked[number]
                self.act(self.book.answered(number, Answer("4"), 0.5))
            for number in list(self.judging):
                del self.judging[number]
                self.act(self.book.judged([CheckResult(number, Pass())]))
        assert not self.checks
        assert not self.asked
        assert self.paid == len(self.book.costs)
        assert self.paid_tokens == sum(cost.tokens for cost in self.book.costs)

    def check_of(self, monitor: int) -> Request:
        """A new check of all the text."""
        self.numbers += 1
        self.checks[self.numbers] = monitor
        end = self.tip.end
        return Request(
            Check(self.numbers, monitor, 0, end, end, self.revision, self.tip, "unit", final=True), RULE, 1.0
        )


TestBook = Forks.TestCase
TestBook.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)


def request(tip: Piece, number: int, revision: int = 0) -> Request:
    return Request(Check(number, 0, 0, tip.end, tip.end, revision, tip, "unit", final=False), RULE, 1.0)


def test_earlier_answers_are_remembered_while_their_text_stands() -> None:
    asking = Asking(suffix="?", history=3)
    made = book.Book("P", ["m"], [asking], book.Terms(share=None))
    seen = []
    kept = Piece(None, "aa", Origin.GENERATED, ())
    for number, tip in enumerate(
        [kept, Piece(kept, "bb", Origin.GENERATED, ()), Piece(kept, "cc", Origin.GENERATED, ())], start=1
    ):
        (ask,) = made.submitted([request(tip, number, number // 3)])
        assert isinstance(ask, book.Ask)
        (submit,) = made.answered(ask.number, Answer(ask.question.text), 0.1)
        assert isinstance(submit, book.Submit)
        seen.append([each.text for each in submit.request.answers])
        made.judged([CheckResult(number, Pass())])
    assert seen == [["aa"], ["aa", "aabb"], ["aa", "aacc"]]


def test_a_check_that_another_stands_for_leaves_it_the_answer_it_waits_for() -> None:
    """The end of the trace comes while its last line is still asked about."""
    made = book.Book("P", ["m"], [Asking(suffix="?")], book.Terms(concurrency=1))
    tip = Piece(None, "four\n", Origin.GENERATED, ())
    (ask,) = made.submitted([request(tip, 1)])
    assert isinstance(ask, book.Ask)

    assert made.submitted([request(tip, 2)]) == []
    assert made.cancelled(frozenset({1})) == []
    (submit,) = made.answered(ask.number, Answer("5"), 0.1)
    assert isinstance(submit, book.Submit)
    (deliver,) = made.judged([CheckResult(2, Pass())])
    assert isinstance(deliver, book.Deliver)
    assert deliver.result.forks == 1
    assert [each.outcome for each in made.costs] == ["answered"]


def test_the_question_is_the_trace_with_its_notes_and_the_suffix() -> None:
    made = book.Book("P:", ["m"], [Asking(suffix="?", stop=("}",), temperature=0.5)], book.Terms())
    tip = Piece(Piece(None, "a\n", Origin.GENERATED, ()), "[note]\n", Origin.FEEDBACK, ())
    (ask,) = made.submitted([request(tip, 1)])
    assert isinstance(ask, book.Ask)
    assert ask.question.prefix == "P:a\n[note]\n?"
    assert ask.question.text == "a\n[note]\n"
    assert (ask.question.stop, ask.question.temperature, ask.question.attempt) == (("}",), 0.5, 0)


def test_spans_in_the_answer_are_no_spans_of_the_trace() -> None:
    made = book.Book("P", ["m"], [Asking(suffix="?")], book.Terms())
    tip = Piece(None, "four", Origin.GENERATED, ())
    (ask,) = made.submitted([request(tip, 1)])
    assert isinstance(ask, book.Ask)
    made.answered(ask.number, Answer("5"), 0.1)
    told = Violation(
        "no", Span(5, 6), also=(Violation("in the text", Span(1, 2)), Violation("in the answer", Span(4, 5)))
    )
    (deliver,) = made.judged([CheckResult(1, told)])
    assert isinstance(deliver, book.Deliver)
    assert deliver.result.verdict == Violation("no", None, also=(Violation("in the text", Span(1, 2)),))


def thinned(terms: book.Terms, tokens: int) -> list[int]:
    """Where is asked, of a check every four characters; the last one is the end of the trace."""
    made = book.Book("P", ["m"], [Asking(suffix="?")], terms)
    tip = Piece(None, "", Origin.GENERATED, ())
    places: list[int] = []
    waiting: list[Request] = []

    def act(commands: list[book.Command]) -> None:
        for command in commands:
            match command:
                case book.Ask(number, _, question):
                    places.append(len(question.text))
                    act(made.answered(number, Answer("4", usage=Usage(1, 0, tokens)), 0.1))
                case book.Submit(asked):
                    act(made.judged([CheckResult(asked.check.id, Pass())]))
                case book.Deliver(result):
                    waiting[:] = [each for each in waiting if each.check.id != result.id]

    for number in range(1, 101):
        tip = Piece(tip, "abc\n", Origin.GENERATED, ())
        if waiting:  # the machine lets a newer check stand for one that has not started
            act(made.cancelled(frozenset(each.check.id for each in waiting)))
            waiting.clear()
        check = request(tip, number)
        waiting.append(check)
        act(made.submitted([check]))
    act(made.streaming(yes=False))
    assert not waiting
    return places


def test_a_monitor_asks_once_a_block_of_the_cache() -> None:
    assert thinned(book.Terms(share=None, block=10), 1) == [4, *range(40, 400, 40), 400]


def test_forks_take_their_share_of_the_stream_and_no_more() -> None:
    """Ten tokens an answer, of twenty that the stream generates: an answer every eighty characters."""
    assert thinned(book.Terms(share=0.5), 10) == [4, 80, 160, 240, 320, 400]


def test_answers_that_go_to_and_fro_are_not_believed() -> None:
    made = book.Book("P", ["m"], [Asking(suffix="?")], book.Terms(share=None))
    tip = Piece(None, "", Origin.GENERATED, ())
    told: list[str] = []
    for number, message in enumerate(["five", "five", "six", "five", "six", "seven"], start=1):
        tip = Piece(tip, "abc\n", Origin.GENERATED, ())
        (ask,) = made.submitted([request(tip, number)])
        assert isinstance(ask, book.Ask)
        made.answered(ask.number, Answer(message), 0.1)
        (deliver,) = made.judged([CheckResult(number, Violation(message))])
        assert isinstance(deliver, book.Deliver)
        told.append(type(deliver.result.verdict).__name__)
    assert told == ["Violation", "Violation", "Violation", "Unknown", "Unknown", "Violation"]
