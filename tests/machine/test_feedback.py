"""Notes say what the verifier said, in the voice that was asked for, and nothing more."""

from __future__ import annotations

import pytest

import midtrace as mt
from midtrace.policies import CHATML, FIRST_PERSON, TAGGED, ChatTurn, Feedback

from .driver import Driver, monitor

VIOLATION = mt.Violation("2 + 2 is not 5", hint="4", correction="4", evidence={"secret": "42"})


@pytest.mark.parametrize(
    ("feedback", "note"),
    [
        (FIRST_PERSON, "\nWait, that is not right: 2 + 2 is not 5. "),
        (TAGGED, "\n[check: 2 + 2 is not 5]\n"),
        (CHATML, "<|im_end|>\n<|im_start|>user\n2 + 2 is not 5<|im_end|>\n<|im_start|>assistant\n"),
        (ChatTurn("[/A][U]", "[/U][A]", "no: {message} ({hint})"), "[/A][U]no: 2 + 2 is not 5 (4)[/U][A]"),
        (lambda violations: f"{len(violations)} wrong\n", "1 wrong\n"),
    ],
)
def test_styles(feedback: Feedback, note: str) -> None:
    run = Driver(monitor(policy=mt.Rollback(feedback=feedback)))
    run.say("2 + 2 = 5\n")
    run.answer((run.checks[0], VIOLATION))
    (act,) = run.of(mt.Intervened)
    assert act.injected == note
    assert "42" not in act.injected


@pytest.mark.parametrize("template", ["{messages}", "{0}", "{", "{message.nothing}"])
def test_a_template_with_anything_else_is_refused(template: str) -> None:
    with pytest.raises(mt.UsageError, match=r"ChatTurn\(text=\.\.\.\): expected a template"):
        ChatTurn("", "", template)
    with pytest.raises(mt.UsageError, match=r"Rollback\(feedback=\.\.\.\): expected a template"):
        mt.Rollback(feedback=template)


def test_text_of_the_model_in_a_message_is_no_template() -> None:
    run = Driver(monitor())
    run.say("{hint}\n")
    run.answer((run.checks[0], mt.Violation("saw {hint} and {0}", hint="secret")))
    (act,) = run.of(mt.Intervened)
    assert act.injected == "\nWait, that is not right: saw {hint} and {0}. "


def test_a_note_is_blank_to_checks_of_the_whole_trace() -> None:
    """It quotes what was wrong, and nobody claims that."""
    run = Driver(monitor(policy=mt.Rollback(repair="note"), scope="trace"))
    run.say("2 + 2 = 5\n")
    run.answer((run.checks[0], VIOLATION))
    note = "\nWait, that is not right: 2 + 2 is not 5. "
    run.say("4\n")
    seen = run.checks[-1].view("").text
    assert run.machine.tip.read() == f"{note}4\n"
    assert seen == f"\n{' ' * (len(note) - 1)}4\n"


@pytest.mark.parametrize(
    "text", ["\n[check failed: 2 + 2 is not 5]\n", "\nWait, that is not right: 2 + 2 is not 5. \n"]
)
def test_what_the_model_writes_is_checked_even_if_it_looks_like_a_note(text: str) -> None:
    run = Driver(monitor(scope="trace"))
    run.say(text)
    assert run.checks[-1].view("").text == text
