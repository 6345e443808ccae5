"""What a sentence says about an order, read from its tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from ._ordering_words import ORDINAL, Scale, number


@dataclass(frozen=True, slots=True)
class Placed:
    """One of `objects` has one of `ranks`, or with `negated` none of them has any. Rank 1 is the low end."""

    objects: tuple[str, ...]
    ranks: tuple[int, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Before:
    """`first` stands nearer to the low end than `second`."""

    first: str
    second: str


Fact: TypeAlias = Placed | Before


@dataclass(frozen=True, slots=True)
class Objects:
    """The things in a row and what they may be called; `kinds` are words for all of them, such as "book"."""

    names: tuple[str, ...]
    scale: Scale
    kinds: tuple[str, ...] = ()


class Read(NamedTuple):
    """A fact and where it stands in the text."""

    start: int
    end: int
    fact: Fact


class Token(NamedTuple):
    """A word that matters, as a letter: `N` name, `S` rank, `=` is, `!` is not, `?` can be, `<` before, `>` after, ...

    `value` is the number of the name or the rank.
    """

    code: str
    start: int
    end: int
    value: int = 0


_ADVERBS = r"(?: (?:also|therefore|thus|then|now|definitely|indeed|either|currently|already|still))?"
_BE = r"(?:be|have been|have finished|finish|come|have come)"
_NOT = (
    rf"(?:is|are|was|were) not|(?:is|are|was|were)n't|(?:cannot|can't|can not|could not|couldn't|must not) {_BE}"
    r"|did(?: not|n't) finish"
)
_MODAL = r"(?:can|could|may|might|should|would)(?: (?:only|also|still))?(?: be| have been| have finished| finish)?"
_COPULA = (
    r"(?:is|are|was|were|finished|finishes|came|comes|placed|stands|sits|ended up|will be"
    rf"|(?:must|has to|have to) {_BE}){_ADVERBS}(?: in| at)?(?= |:)"
)
_FILLERS = (
    "the|an?|who|that|which|in|at|place|position|spot|objects?|items?|persons?|people|ones?|things?|overall|either"
)


_ASIDE = "(?:not|neither|nor|never|next to|adjacent to|besides?|near|except|of|than|with|by|like|for|between)\\b"
"""Words behind which a name is not what the sentence is about: "the book next to the red book is ..."."""


@lru_cache(maxsize=64)
def _pattern(objects: Objects) -> re.Pattern[str]:
    scale = objects.scale
    ends = "|".join(scale.ends)
    kinds = "|".join(re.escape(kind) for kind in objects.kinds) or "(?!)"
    return re.compile(
        rf"(?P<from>\bfrom (?:the )?(?P<one>{ends}) to (?:the )?(?P<two>{ends})\b)"
        rf"|(?P<name>{name_pattern(objects.names).pattern})"
        rf"|\b(?:(?P<nth>{ORDINAL})(?:(?P<low>{scale.from_low})|(?P<high>{scale.from_high}))"
        rf"|(?P<lowest>{scale.low})|(?P<highest>{scale.high})|(?P<ordinal>{ORDINAL}))\b"
        rf"|\b(?:(?P<before>{scale.before})|(?P<after>{scale.after})"
        rf"|(?P<not>{_NOT})|(?P<modal>{_MODAL})|(?P<be>{_COPULA})|(?P<or>or)|(?P<and>and)|(?P<only>only)"
        rf"|(?P<it>it|they|he|she)|(?P<never>{_ASIDE})|(?P<any>any|other|another|unknown)"
        rf"|(?P<filler>(?:{_FILLERS}|{kinds})\b)|(?P<word>\w+(?:['-]\w+)*))"
        r"|(?P<mark>[,;:])|(?P<odd>[^\s\"'*_()`.!])",
        re.IGNORECASE,
    )


_CODES = {
    "before": "<", "after": ">", "not": "!", "modal": "?", "be": "=", "or": "o", "and": "a", "only": "y", "never": "n",
    "any": "x", "word": "w", "odd": "w",
}  # fmt: skip


@lru_cache(maxsize=64)
def name_pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    """What finds the names in any spelling, where they are whole words."""
    spellings = "|".join(re.escape(each) for each in sorted(spelled(names), key=len, reverse=True)) or "(?!)"
    return re.compile(rf"(?<![\w'-])(?:{spellings})(?![\w-]|'\w)", re.IGNORECASE)


@lru_cache(maxsize=64)
def spelled(names: tuple[str, ...]) -> dict[str, int]:
    """Every spelling of the names, in lower case, with the name's number; a spelling of two names is left out."""
    spellings: dict[str, set[int]] = {}
    heads = {name.rpartition(" ")[2] for name in names}
    shared = len(names) > 1 and len(heads) == 1 and all(" " in name for name in names)
    for n, name in enumerate(names):
        lower = name.lower()
        forms = {lower, lower.rpartition(" ")[0] if shared else lower}
        if lower.endswith("s") and len(lower) > 4:
            forms |= {lower[:-1], lower.removesuffix("es")}
        for form in forms:
            spellings.setdefault(form, set()).add(n)
    return {form: min(owners) for form, owners in spellings.items() if len(owners) == 1}


_AFTER = r"(?!a?[NSx](?![=!<>?o]))(?!o|[<>])"
_PLACED = re.compile(
    rf"(?<![NS],)(?<![NSo<>n?])(?<!N,a)(?<!Na)(?P<subject>N)(?P<link>=|!|=y\?)(?P<ranks>S(?:oS)*){_AFTER}"
    rf"|(?<![S][,oa])(?<!S,a)(?<![No<>n?!])(?P<rank>(?:=|y\?)?S(?:oS)*)(?P<verb>=|!)(?P<objects>N(?:oN)*){_AFTER}(?![=!<>?])"
    rf"|(?:(?<=[,;])|(?<![\s\S]))(?P<label>S):(?P<named>N){_AFTER}(?![=!<>?])"
    rf"|(?<![o<>n?!])(?P<one>N)(?P<is>[=!])(?P<way>[<>])(?P<two>N)(?!o)"
)


def facts(text: str, objects: Objects, orientation: int | None, begin: int, end: int) -> Iterator[Read]:
    """What the sentence at `[begin, end)` says for sure; what can be, and what is only said of some, is left out.

    `orientation` is what a plain ordinal counts from where the sentence does not say: 1 the low end, -1 the high end,
    None: unknown.
    """
    if name_pattern(objects.names).search(text, begin, end) is None:
        return
    found = tokens(text, objects, orientation, begin, end)
    codes = "".join(token.code for token in found)
    for match in _PLACED.finditer(codes):
        part = found[match.start() : match.end()]
        fact = _fact(objects, match, found)
        if fact is not None:
            yield Read(part[0].start, part[-1].end, fact)


def _fact(objects: Objects, match: re.Match[str], found: list[Token]) -> Fact | None:
    def named(group: str) -> tuple[str, ...]:
        part = found[match.start(group) : match.end(group)]
        return tuple(objects.names[token.value] for token in part if token.code == "N")

    def ranked(group: str) -> tuple[int, ...]:
        return tuple(token.value for token in found[match.start(group) : match.end(group)] if token.code == "S")

    if match["subject"]:
        return Placed(named("subject"), ranked("ranks"), negated=match["link"] == "!")
    if match["label"]:
        return Placed(named("named"), ranked("label"))
    if match["one"]:
        (one,), (two,) = named("one"), named("two")
        ahead = (match["way"] == "<") == (match["is"] == "=")
        return None if one == two else Before(one, two) if ahead else Before(two, one)
    held, ranks = named("objects"), ranked("rank")
    negated = match["verb"] == "!"
    return Placed(held, ranks, negated=negated) if negated or len(held) == 1 or len(ranks) == 1 else None


def tokens(text: str, objects: Objects, orientation: int | None, begin: int, end: int) -> list[Token]:
    """The tokens of `[begin, end)` that can matter to a fact; `facts` says what `orientation` is."""
    spellings = spelled(objects.names)
    found: list[Token] = []
    named: set[int] = set()
    for match in _pattern(objects).finditer(text, begin, end):
        kind, span = str(match.lastgroup), match.span()
        if match["from"]:
            orientation = declared(objects.scale, match["one"], match["two"])
            found.append(Token("w", *span))
        elif match["name"]:
            owner = spellings[match["name"].lower()]
            if match["name"][0].islower() and objects.names[owner][0].isupper():
                found.append(Token("w", *span))  # "to rob" is not Rob
                continue
            named.add(owner)
            found.append(Token("N", *span, owner))
        elif (rank := _rank(match, objects, orientation)) is not None:
            found.append(Token("S", *span, rank))
        elif match["ordinal"]:
            found.append(Token("w", *span))
        elif match["it"]:
            (code, value) = ("N", next(iter(named))) if len(named) == 1 else ("w", 0)
            found.append(Token(code, *span, value))
        elif match["mark"]:
            found.append(Token(match["mark"], *span))
        elif not match["filler"]:
            found.append(Token(_CODES[kind], *span))
    return found


def _rank(match: re.Match[str], objects: Objects, orientation: int | None) -> int | None:
    """The rank that a token names, counted from the low end; beyond the ends if there is no such place."""
    size = len(objects.names)
    if match["lowest"]:
        return 1
    if match["highest"]:
        return size
    if match["nth"]:
        return number(match["nth"]) if match["low"] else size + 1 - number(match["nth"])
    if not match["ordinal"]:
        return None
    if objects.scale.counted and orientation is None:
        orientation = 1
    count = number(match["ordinal"])
    return None if orientation is None else count if orientation > 0 else size + 1 - count


def declared(scale: Scale, one: str, two: str) -> int | None:
    """Which way an order runs that is told from the end `one` to the end `two`: 1 up, -1 down, None if neither."""
    low, high = (re.compile(end, re.IGNORECASE) for end in scale.ends)
    if low.fullmatch(one) and high.fullmatch(two):
        return 1
    return -1 if high.fullmatch(one) and low.fullmatch(two) else None
