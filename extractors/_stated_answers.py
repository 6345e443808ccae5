"""Where a trace states its answer: `<answer>…</answer>`, `\\boxed{…}`, "the answer is …", or its last line."""

from __future__ import annotations

import re
from collections import deque
from typing import Literal, NamedTuple, TypeAlias

from midtrace import View

MAX_CHARACTERS = 4_000
"""Characters of an answer; a longer one is not read."""

MAX_MARKS = 20
"""Marks of answers that are looked at, counted from the end."""

How: TypeAlias = Literal["marked", "told", "last line"]


class StatedAnswer(NamedTuple):
    """The text of an answer, its offset in the view's text, how it was told from the rest, and if it was taken back."""

    text: str
    at: int
    how: How
    withdrawn: bool = False

    @property
    def end(self) -> int:
        """Offset of its end in the view's text."""
        return self.at + len(self.text)


# Case is spelt out, and no alternative starts with an assertion: so the engine skips what starts none of them.
_MARK = re.compile(
    r"<(?:[aA]nswer|ANSWER)>|\\boxed\s{0,4}\{|(?:[fF]inal|FINAL)\s+(?:[aA]nswer|ANSWER)\b[\s:*]{0,8}(?:is\b)?[\s:*]{0,8}"
    r"|(?:[aA]nswer|ANSWER)\b(?:\s+is\b\s*:?|\s*:)[ \t*]{0,8}"
)
_CLOSING = re.compile(r"</answer\s{0,4}>", re.IGNORECASE)
_LINE_END = re.compile(r"\n|</answer", re.IGNORECASE)
_WITHDRAWN = re.compile(
    r"\bnot\b|n't\b|\b(?:wrong|wait|incorrect|mistake|but|however|hmm|actually|no)\b|\?", re.IGNORECASE
)
_THOUGHT = "</think>"
_MARKUP = " \t\r\n*$`\"'“”"


def stated_answer(view: View) -> StatedAnswer | None:
    """The last answer that is complete and not taken back on its line; None where there is none yet.

    What is marked as the answer counts before what is told in words. A trace that has ended without any answer so far
    may be one by itself: then it is its last line.
    """
    text = view.text
    after = text.rfind(_THOUGHT) + len(_THOUGHT) if _THOUGHT in text else 0
    marks = deque(_MARK.finditer(text, after), maxlen=MAX_MARKS)
    if not marks:
        return _last_line(text, after) if view.final else None
    told: StatedAnswer | None = None
    for mark in reversed(marks):
        answer = _behind(view, mark)
        if answer is None or not answer.text:
            continue
        if _is_withdrawn(text, answer):
            break
        if answer.how == "marked":
            return answer
        told = told or answer
    return told


def stated_answers(view: View) -> list[StatedAnswer]:
    """All answers that are complete, wherever they stand, the latest last; of marks, the last `MAX_MARKS` count."""
    found: list[StatedAnswer] = []
    for mark in deque(_MARK.finditer(view.text), maxlen=MAX_MARKS):
        answer = _behind(view, mark)
        if answer is not None and answer.text:
            _, _, more = answer.text.partition(". ") if answer.how == "told" else ("", "", "")
            withdrawn = _is_withdrawn(view.text, answer) or _WITHDRAWN.search(more) is not None
            found.append(answer._replace(withdrawn=withdrawn))
    return found


def _is_withdrawn(text: str, answer: StatedAnswer) -> bool:
    return _WITHDRAWN.search(text[answer.end : answer.end + 200].partition("\n")[0]) is not None


def _behind(view: View, mark: re.Match[str]) -> StatedAnswer | None:
    """What a mark introduces, where its end was seen and no mark of its own follows."""
    text, start = view.text, mark.end()
    opening = mark.group().lower()
    if opening.startswith("\\"):
        end = _brace(text, start)
        return None if end is None else _trimmed(text, start, end, "marked")
    end_mark = (_CLOSING if opening == "<answer>" else _LINE_END).search(text, start, start + MAX_CHARACTERS)
    if end_mark is not None:
        end = end_mark.start()
    elif opening != "<answer>" and view.final and len(text) - start <= MAX_CHARACTERS:
        end = len(text)
    else:
        return None
    if _MARK.search(text, start, end) is not None:
        return None
    return _trimmed(text, start, end, "marked" if opening == "<answer>" else "told")


def _brace(text: str, start: int) -> int | None:
    """Offset of the brace that closes the one before `start`."""
    depth = 1
    for offset in range(start, min(len(text), start + MAX_CHARACTERS)):
        if text[offset] == "{":
            depth += 1
        elif text[offset] == "}":
            depth -= 1
            if depth == 0:
                return offset
    return None


def _last_line(text: str, after: int) -> StatedAnswer | None:
    end = len(text.rstrip())
    start = max(text.rfind("\n", after, end) + 1, after)
    return _trimmed(text, start, end, "last line") if 0 < end - start <= MAX_CHARACTERS else None


def _trimmed(text: str, start: int, end: int, how: How) -> StatedAnswer:
    while start < end and text[start] in _MARKUP:
        start += 1
    while end > start and text[end - 1] in _MARKUP:
        end -= 1
    return StatedAnswer(text[start:end], start, how)
