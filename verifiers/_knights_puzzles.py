"""Puzzles about people who always tell the truth or always lie, from their text: who says what of whom."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from midtrace import UsageError
from midtrace.extractors import Apply, Constant, Term, Variable
from midtrace.extractors.propositional import FormulaParser, FormulaToken, NotAFormula, formula_tokens


class Puzzle(NamedTuple):
    """What a text says. A person's name as a variable means that he tells the truth."""

    people: tuple[str, ...]
    statements: tuple[tuple[str, Term], ...]
    truthful: str
    lying: str


_ROLES = re.compile(r"\b(\w{2,30})s\s+always\s+(tell\s+the\s+truth|lie)\b", re.IGNORECASE)
_PEOPLE = re.compile(
    r"\b(?:you\s+(?:meet|encounter|see)|there\s+are)\s+(?:\w+\s+)?inhabitants?\s*:\s*([^.:]{1,4000})\.", re.IGNORECASE
)
_NAME = re.compile(r"[A-Z][\w'’-]{0,39}")
_QUESTION = re.compile(r"\bso\s+who\s+is\b|\bwho\s+is\s+(?:a|an|the)\b", re.IGNORECASE)
_VERBS = re.compile(
    r"\b(?:says|said|tells|told|states|stated|remarks|remarked|declares|declared|heard\s+saying|express(?:es|ed)|put(?:s)?\s+it"
    r"|asserts|asserted|mentions|mentioned|comments|commented|notes|noted|claims|claimed|words|statement\s+by|according\s+to"
    r"|announces|announced|insists|insisted|explains|explained|replies|replied|adds|added|observes|observed)\b",
    re.IGNORECASE,
)
_REVERSED = re.compile(r"\b(?:not|never|n't|denie[sd]|doubt\w*|deny|asks?|asked)\b", re.IGNORECASE)
_SPOKEN = re.compile(
    r'"([^"]{1,4000})"([^".]{0,80})\.?|([^".]{1,80}?)(?:[,:]?\s*"([^"]{1,4000})"\.?|\s+that\s+([^".]{1,4000})\.)'
)


def read_knights(problem: str) -> Puzzle:
    """The puzzle that a text tells. Raises `UsageError` where it cannot be read for certain."""
    roles = {match[2].split()[0].lower(): match[1].lower() for match in _ROLES.finditer(problem)}
    listed = _PEOPLE.search(problem)
    question = None if listed is None else _QUESTION.search(problem, listed.end())
    if len(roles) < 2 or listed is None or question is None:
        raise UsageError(
            "expected a puzzle such as 'Knights always tell the truth, and knaves always lie. You meet 2 inhabitants: "
            "Ava, and Leo. Ava said that Leo is a knave. ... So who is a knight and who is a knave?'"
        )
    people = tuple(re.sub(r"^and\s+", "", name.strip()) for name in re.split(r",|\band\b", listed[1]) if name.strip())
    if not all(_NAME.fullmatch(name) for name in people) or len(set(people)) < len(people):
        raise UsageError(f"expected the people by name, got {listed[1]!r}")
    truthful, lying = roles["tell"], roles["lie"]
    statements = []
    at = listed.end()
    story = problem[: question.start()].rstrip()
    while at < len(story):
        if story[at].isspace():
            at += 1
            continue
        spoken = _SPOKEN.match(story, at)
        if spoken is None:
            raise UsageError(f"expected who says what, got {story[at : at + 80]!r}")
        at = spoken.end()
        attribution = spoken[2] if spoken[1] else spoken[3]
        speaker = _speaker(attribution, people)
        content = spoken[1] or spoken[4] or spoken[5]
        statements.append((speaker, _content(content, speaker, people, truthful, lying)))
    return Puzzle(people, tuple(statements), truthful, lying)


def _speaker(attribution: str, people: Sequence[str]) -> str:
    named = [name for name in people if re.search(rf"\b{re.escape(name)}\b", attribution)]
    told = _VERBS.search(attribution) is not None or re.fullmatch(r"\s*[-–—]\s*\w+\s*", attribution) is not None
    if len(named) != 1 or not told or _REVERSED.search(attribution) is not None:
        raise UsageError(f"expected one speaker and a verb such as 'said', got {attribution.strip()!r}")
    return named[0]


def _content(text: str, speaker: str, people: Sequence[str], truthful: str, lying: str) -> Term:
    """A statement as a formula; its atoms say of a person that he is, or is not, one of the two."""
    atom = re.compile(
        rf"\b(?P<who>I|{'|'.join(map(re.escape, people))})\s+(?:is|am)\s+(?P<denied>not\s+)?"
        rf"(?:(?:an?\s+)?(?P<role>{re.escape(truthful)}|{re.escape(lying)})|(?P<act>telling\s+the\s+truth|lying))\b"
    )
    tokens: list[FormulaToken] = []
    end = 0
    for match in atom.finditer(text):
        tokens += _joining(text[end : match.start()])
        end = match.end()
        who = speaker if match["who"] == "I" else match["who"]
        lies = match["role"] == lying or match["act"] == "lying"
        if lies != (match["denied"] is not None):
            tokens.append(FormulaToken("not"))
        tokens.append(FormulaToken("name", who))
    tokens += _joining(text[end:])
    try:
        return FormulaParser(tokens, plain=True).whole()
    except NotAFormula:
        raise UsageError(f"cannot read the statement {text[:120]!r}") from None


def _joining(text: str) -> list[FormulaToken]:
    tokens = formula_tokens(text.replace(",", " ").rstrip(" ."))
    if tokens is None or any(token.kind == "name" for token in tokens):
        raise UsageError(f"cannot read {text.strip()[:80]!r} in a statement")
    return tokens


def exactly(counts: Sequence[int], people: Sequence[str]) -> Term:
    """The formula that one of so many of the people tell the truth."""
    ways: list[Term] = []
    for chosen in range(1 << len(people)):
        if chosen.bit_count() in counts:
            signs = [
                Variable(name) if chosen >> n & 1 else Apply("not", (Variable(name),)) for n, name in enumerate(people)
            ]
            ways.append(Apply("and", tuple(signs)))
    return Apply("or", tuple(ways)) if ways else Constant(value=False)
