"""Answers to probes and answers that the text states: what each says, and how sure the model was."""

from __future__ import annotations

import math
import pickle

import pytest

import midtrace as mt
from midtrace import Answer, Token, Unparsed, UsageError, View
from midtrace.extractors import (
    BoxedAnswer,
    Checkpoint,
    Checkpoints,
    CountdownTrace,
    Fork,
    Probe,
    Probes,
    StatedAnswers,
)
from midtrace.testing import InlineEngine, check_extractor


def whole_number(text: str) -> int | None:
    return int(text) if text.strip().isdigit() else None


FORK = Fork("\nAnswer:", whole_number, max_tokens=4, stop=("\n",), temperature=0.5, endpoint="small", confirm=2)


class Refusing:
    def extract(self, view: View, /) -> int:
        raise Unparsed(f"no number at {view.start}")


def answer(text: str, *tokens: Token) -> Answer:
    return Answer(text, tokens)


def test_it_asks_what_its_fork_asks_and_for_more_of_each_answer() -> None:
    asks = Probes(FORK, last=5).asks
    assert (asks.suffix, asks.max_tokens, asks.stop, asks.temperature) == ("\nAnswer:", 4, ("\n",), 0.5)
    assert (asks.endpoint, asks.confirm, asks.history, asks.logprobs) == ("small", 2, 5, True)


def test_answers_are_read_the_latest_last() -> None:
    view = View("text", answers=(answer("1"), answer("2"), answer("none"), answer("4\nmore")))
    assert Probes(FORK, last=4).extract(view) == (Probe(1), Probe(2), Probe(None), Probe(4))
    assert Probes(FORK, last=2).extract(view) == (Probe(None), Probe(4))


def test_how_sure_the_model_was() -> None:
    tokens = (Token("4", math.log(0.5), 0.7), Token("2", math.log(0.5), 0.1))
    (probe,) = Probes(FORK).extract(View("text", answers=(answer("42", *tokens),)))
    assert probe.value == 42
    assert probe.confidence == pytest.approx(0.5)
    assert probe.entropy == 0.7


@pytest.mark.parametrize("entropy", [None, math.nan, math.inf])
def test_an_entropy_that_is_none(entropy: float | None) -> None:
    (probe,) = Probes(FORK).extract(View("", answers=(answer("42", Token("", None, 9.0), Token("42", -0.1, entropy)),)))
    assert probe.entropy is None
    assert probe.confidence == pytest.approx(math.exp(-0.1))


def test_guards_of_the_fork_make_an_answer_unreadable() -> None:
    probes = Probes(Fork("?", whole_number, mention=True))
    assert probes.extract(View("is it 4 or 5", answers=(answer("5"), answer("6")))) == (Probe(5), Probe(None))


def test_nobody_was_asked() -> None:
    with pytest.raises(Unparsed, match="a probe needs a source that answers it"):
        Probes(FORK).extract(View("text"))


def test_what_cannot_be_asked() -> None:
    with pytest.raises(UsageError, match=r"^Probes\(last=0\): expected"):
        Probes(FORK, last=0)
    with pytest.raises(UsageError, match="expected a Fork"):
        Probes(whole_number)  # type: ignore[arg-type]


def test_probes_travel() -> None:
    probes = Probes(Fork("?", BoxedAnswer()), 2)
    assert pickle.loads(pickle.dumps(probes)) == probes


def test_a_boxed_answer_ends_with_the_brace_that_closes_it() -> None:
    """One that is cut off is none: two different answers may begin alike."""
    examples: dict[str, object] = {
        "42}": "42",
        " \\frac{1}{2} }. So": "\\frac{1}{2}",
        "\\{1, 2\\}}\n": "\\{1, 2\\}",
        "\\frac{1": None,
        "\\frac{1}{2": None,
        "42": None,
        "}": None,
        "": None,
    }
    check_extractor(BoxedAnswer(), examples=examples, hostile=["{", "{}"], longest=30_000)
    assert BoxedAnswer(whole_number).extract(View("42}")) == 42
    game = BoxedAnswer(CountdownTrace()).extract(View("4 * 6}", 10))
    assert game is not None
    assert game.answer.text == "4 * 6"


def test_answers_that_the_text_states() -> None:
    text = (
        "<think>So the answer is 41.\nThe answer is 41. Wait, that is wrong.\nSo \\boxed{42}\n"
        "**Final answer:** 42\n</think>\nThe answer is \\boxed{\\frac{84}{2}}."
    )
    examples: dict[str, object] = {
        text: (Probe("41"), Probe(None), Probe("42"), Probe("42"), Probe("\\frac{84}{2}")),
        "Nothing is said of it.": None,
        "The answer is 4": None,
        "The answer is 4\n": (Probe("4"),),
        "\\boxed{} and \\boxed{7": None,
        "\\boxed{1}\n" * 30: (Probe("1"),) * 20,
    }
    check_extractor(
        StatedAnswers(),
        examples=examples,
        hostile=["the answer is ", "\\boxed{", "<answer>", "\\boxed{1} no "],
        longest=30_000,
    )
    assert StatedAnswers(whole_number).extract(View("The answer is 4.\nThe answer is four.\n")) == (
        Probe(4),
        Probe(None),
    )
    refused = StatedAnswers(Refusing()).extract(View("The answer is 4.\n"))
    assert refused == (Probe(None),)
    with pytest.raises(UsageError, match=r"^StatedAnswers\(read=3\): expected"):
        StatedAnswers(3)  # type: ignore[arg-type]


def test_the_checkpoint_itself() -> None:
    examples = {
        View("text", 3): Checkpoint(7, final=False),
        View("text", 3, final=True): Checkpoint(7, final=True),
    }
    check_extractor(Checkpoints(), examples=examples, longest=10_000)


async def test_offline_nobody_is_asked_and_nothing_is_found() -> None:
    runtime = mt.Runtime(InlineEngine())
    found = await runtime.review(
        "<think>one\n</think>two", monitors=[mt.Monitor("m", extract=Probes(FORK), verify=lambda state: "never")]
    )
    assert not found.violations
    assert found.unknown == found.checks > 0
