"""Claims about things that a problem names: where the names stand, whether a claim is meant, and final answers."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from midtrace import Span, View

NEAR = 600
"""Characters on each side of a claim in which a hypothesis or a withdrawal is looked for."""

MAX_NAMES = 100
"""Things that a problem may name: so many are closed over in about a millisecond."""

_SENTENCE_END = re.compile(r"[.!?](?=[\s\"')*\]]|\Z)[\"')*\]]{0,4}\s*|\n\s*")
_PARAGRAPH = re.compile(r"\n[ \t]*\n")
_UNMEANT = re.compile(
    r"\b(?:if|suppos\w*|assum\w*|let's\ say|imagin\w*|consider|hypothe\w*|pretend|unless|whether|would|perhaps|maybe"
    r"|might|may|possib\w*|seems?|impossible|contradict\w*|incorrect\w*|wrong\w*|false|mistak\w*|cases?|scenarios?"
    r"|option|options|try|trying|tried|claim(?:s|ed)?|what\ about|instead\ of|rather\ than|violat\w*|wait|unclear)\b"
    r"|\?|~~",
    re.IGNORECASE | re.VERBOSE,
)
_OPENED = re.compile(
    r"\b(?:(?-i:If)|what\ if|suppos\w*|assum\w*|let's\ say|imagin\w*|hypothe\w*|pretend|case\ (?:\d|[a-z]\b)|scenario"
    r"|option\ \(?[A-Z]\b|try|trying|possibilit\w*)\b|~~",
    re.IGNORECASE | re.VERBOSE,
)
_WITHDRAWN = re.compile(
    r"\b(?:wait|oops|sorry|correction|actually|hmm|(?:not|isn't)\ (?:right|correct|true|possible)"
    r"|incorrect|wrong|mistake|contradict\w*|impossible|false|re-?check|no,)|~~",
    re.IGNORECASE | re.VERBOSE,
)
_MARKER = re.compile(
    r"(?:\banswer(?:\ to\ (?:the|this)\ question)?(?:\ should\ be|\ must\ be|\ is|:)"
    r"|\b(?:correct|right)\ (?:option|choice)\ is|\\boxed(?=\{))[:*_\ \t]{0,6}",
    re.IGNORECASE | re.VERBOSE,
)
_BRACE = re.compile(r"[{}]")
_ANSWER = re.compile(r"[^\n]{1,90}")
_LATEX = re.compile(r"\\(?:text(?:bf|rm)?|mathrm|mathbf|boxed)(?=\{)|[{}$*_`\"“”\[\]]|\\[()\[\]]")
_LETTER = re.compile(r"\(([A-Z])\)|(?:option\s+|choice\s+)?([A-Z])(?=[.):,;]|\s*\Z)", re.IGNORECASE)
_DENIED = re.compile(
    r"n't\b|\b(?:not|if|would|wrong|incorrect|cannot|suppos\w*|assum\w*|might|may)\b|\?", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class StatedAnswer:
    """What the text gives as its answer: `text` without markup, and the option's `letter` if it starts with one."""

    span: Span
    text: str
    letter: str | None = None


@lru_cache(maxsize=32)
def mention(names: tuple[str, ...]) -> re.Pattern[str]:
    """What finds the names, the longest first, where they are whole words."""
    spellings = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.compile(rf"(?<![\w'-])(?:{spellings})(?![\w-])" if names else r"(?!)")


def plain(text: str) -> str:
    """The text with straight apostrophes, plain spaces and hyphens; as long as before."""
    return text.translate(_PLAIN)


_PLAIN = str.maketrans({"’": "'", "‘": "'", "\u00a0": " ", "\u2010": "-", "\u2011": "-", "\u2013": "-"})


@dataclass(frozen=True, slots=True)
class Sentences:
    """Where the sentences of a text end, and where it supposes, doubts and withdraws something; offsets in the text.

    `supposing` says that a hypothesis holds at its start.
    """

    ends: tuple[int, ...]
    paragraphs: tuple[int, ...]
    unmeant: tuple[int, ...]
    opened: tuple[int, ...]
    withdrawn: tuple[int, ...]
    supposing: bool

    @classmethod
    def of(cls, view: View) -> Sentences:
        """Those of the view's text; its `before` may leave a hypothesis open."""
        text, earlier = view.text, view.before[-NEAR:]
        ends = [match.end() for match in _SENTENCE_END.finditer(text)]
        if not ends or ends[-1] < len(text):
            ends.append(len(text))
        paragraphs, unmeant, opened, withdrawn = (
            tuple(match.start() for match in pattern.finditer(text))
            for pattern in (_PARAGRAPH, _UNMEANT, _OPENED, _WITHDRAWN)
        )
        supposing = _OPENED.search(earlier, earlier.rfind("\n\n") + 1) is not None
        return cls(tuple(ends), paragraphs, unmeant, opened, withdrawn, supposing)

    def around(self, start: int, end: int) -> Span:
        """The sentence, or sentences, of `[start, end)`."""
        first, last = bisect_right(self.ends, start), bisect_left(self.ends, end)
        return Span(self.ends[first - 1] if first else 0, self.ends[last])

    def meant(self, start: int, end: int) -> bool:
        """Whether the claim at `[start, end)` stands as it is: not supposed, doubted or withdrawn.

        A hypothesis holds from where it is opened to the end of its paragraph, at most for `NEAR` characters.
        """
        begin, stop = self.around(start, end)
        following = bisect_right(self.ends, stop)
        until = self.ends[following] if following < len(self.ends) else stop
        paragraph = bisect_right(self.paragraphs, begin)
        since = max(self.paragraphs[paragraph - 1] if paragraph else 0, begin - NEAR)
        if self.supposing and not paragraph and begin < NEAR:
            return False
        return not (
            _within(self.unmeant, begin, stop)
            or _within(self.withdrawn, stop, until)
            or _within(self.opened, since, begin)
        )


def _within(offsets: Sequence[int], begin: int, end: int) -> bool:
    return bisect_left(offsets, begin) < bisect_left(offsets, end)


def speaks(text: str) -> bool:
    """Whether the text may state an answer; a quick look."""
    return any(sign in text for sign in ("nswer", "NSWER", "\\boxed{", "option is", "choice is"))


def answers(view: View, sentences: Sentences) -> Iterator[StatedAnswer]:
    """The answers that the text states, in its order: behind "the answer is", "answer:" and in `\\boxed{}`.

    One that runs to the end of a text which goes on is not read, nor one in a sentence that denies or supposes.
    """
    text = view.text
    if not speaks(text):
        return
    markers = list(_MARKER.finditer(text))
    ends = [*(marker.start() for marker in markers[1:]), len(text)]
    for marker, following in zip(markers, ends, strict=False):
        line = _ANSWER.match(text, marker.end())
        if line is None:
            continue
        stop = _boxed_end(text, line) if text.startswith("{", line.start()) else _sentence_stop(text, line)
        if stop is None or (stop == len(text) and not view.final):
            continue
        if following < stop:
            continue  # "the answer is \\boxed{B}": the second says it
        begin = sentences.around(marker.start(), stop).start
        if _DENIED.search(text, max(begin, marker.start() - 100), stop) is not None:
            continue
        said = _LATEX.sub(" ", text[line.start() : stop]).strip(" .,:;\t")
        letter = _LETTER.match(said)
        if said:
            where = Span(view.start + marker.start(), view.start + stop)
            yield StatedAnswer(where, said, (letter[1] or letter[2]).upper() if letter else None)


def _boxed_end(text: str, line: re.Match[str]) -> int | None:
    depth = 0
    for brace in _BRACE.finditer(text, line.start(), line.end()):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            return brace.end()
    return None


def _sentence_stop(text: str, line: re.Match[str]) -> int:
    """Where the sentence behind a marker ends; the period of "B." or "St. Mary's" does not end it."""
    for stop in re.finditer(r"[.!;](?=\s|\Z)", text[line.start() : line.end()]):
        word = text[line.start() : line.start() + stop.start()].split()[-1:]
        if not word or (len(word[0].strip("(*_")) > 2 and word[0].lower() != "mrs"):
            return line.start() + stop.start()
    return line.end()


def quoted(text: str, start: int, end: int) -> bool:
    """Whether quotation marks stand right around `[start, end)`."""
    return text[max(start - 1, 0) : start] in {'"', "“"} and text[end : end + 1] in {'"', "”", "."}


def lettered(problem: str) -> tuple[tuple[str, str], ...]:
    """The options `(A) ...` or `A. ...` of a problem, letter and text; empty if it lists none that start with A."""
    begin = max(problem.rfind("Options:"), problem.rfind("options:"))
    listed = problem[max(begin, 0) :]
    marks: list[re.Match[str]] = []
    for mark in re.finditer(r"(?<!\S)(?:\(([A-Z])\)|([A-Z])[.)])\s", listed):
        if (mark[1] or mark[2]) == chr(ord("A") + len(marks)):
            marks.append(mark)
    ends = [*(mark.start() for mark in marks[1:]), len(listed)]
    found = [
        (mark[1] or mark[2], listed[mark.end() : end].split("\n")[0].strip(" \t,|;").removesuffix("."))
        for mark, end in zip(marks, ends, strict=False)
    ]
    return tuple(found) if len(found) > 1 else ()


def chosen(answer: StatedAnswer, options: Sequence[tuple[str, str]]) -> str | None:
    """The text of the option that an answer chooses, or its own text where there are none.

    None if it is no option's text, or if the text behind the letter is that of another one.
    """
    if not options:
        return answer.text
    texts = dict(options)
    if answer.letter is None:
        return answer.text if answer.text in texts.values() else None
    said = answer.text.lstrip("( ")[1:].strip(" ).:,;").lower()
    others = [text for letter, text in options if letter != answer.letter]
    return None if any(text.lower() == said for text in others) else texts.get(answer.letter)
