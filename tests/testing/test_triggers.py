"""`check_trigger` lets good triggers pass, and finds each fault that it says it finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import pytest

import midtrace as mt
from midtrace.testing import ConformanceError, check_trigger
from midtrace.triggers import Boundary, Scanner, Trigger

TEXT = "a X! b\nc d X! e. f\nX!"


@pytest.mark.parametrize(
    ("trigger", "text"),
    [
        (mt.every_line(), "a\n\n b\r\nc"),
        (mt.every(characters=5), "some text of some length"),
        (mt.every_sentence(), "One. Two, e.g. three! Four"),
        (mt.on_match("X!"), TEXT),
        (mt.on_block("code"), "a\n```py\nx = 1\n```\nb"),
        (mt.on_phase_change(), "<think>a\nb</think>c"),
        (mt.every_line().within("thinking"), "<think>a\nb\n</think>c\nd"),
    ],
)
def test_built_in_triggers_pass(trigger: Trigger, text: str) -> None:
    assert "chunking" in check_trigger(trigger, texts=[text, ""]).kept


class _Marks(NamedTuple):
    """After every X!; the base of all that follows."""

    tail: str = ""

    def feed(self, text: str, offset: int, tokens: Sequence[mt.Token], /) -> tuple[Scanner, Sequence[Boundary]]:
        whole, start = self.tail + text, offset - len(self.tail)
        found = [Boundary(start + at + 2, start + at + 2) for at in range(len(whole) - 1) if whole[at : at + 2] == "X!"]
        return _Marks(whole[-1:]), found


@dataclass(frozen=True)
class Marks:
    def scanner(self, prompt: str, /) -> Scanner:
        return _Marks()


def test_a_users_own_trigger_passes() -> None:
    check_trigger(Marks(), texts=[TEXT, "XXX!!!X"], prompt="Say X!")


class _Chunkwise(NamedTuple):
    def feed(self, text: str, offset: int, tokens: Sequence[mt.Token], /) -> tuple[Scanner, Sequence[Boundary]]:
        at = text.find("X!")
        return self, [Boundary(offset + at + 2, offset + at + 2)] if at >= 0 else []


class _LateMemory(NamedTuple):
    """The boundaries of one text do not tell that it counts chunks; those of what follows do."""

    chunks: int = 0
    characters: int = 0

    def feed(self, text: str, offset: int, tokens: Sequence[mt.Token], /) -> tuple[Scanner, Sequence[Boundary]]:
        end = offset + len(text)
        found = [Boundary(end, end)] if text == "so it goes.\n" and self.chunks == 1 else []
        found += [Boundary(n, n) for n in range(offset + 1, end + 1) if n == 3]
        return _LateMemory(self.chunks + 1), found


@dataclass
class _Changing:
    seen: int = 0

    def feed(self, text: str, offset: int, tokens: Sequence[mt.Token], /) -> tuple[Scanner, Sequence[Boundary]]:
        found = []
        for at in range(offset + 1, offset + len(text) + 1):
            self.seen += 1
            if self.seen % 3 == 0:
                found.append(Boundary(at, at))
        return self, found


class _Rereading(NamedTuple):
    seen: str = ""

    def feed(self, text: str, offset: int, tokens: Sequence[mt.Token], /) -> tuple[Scanner, Sequence[Boundary]]:
        seen = self.seen + text
        found = [
            Boundary(n, n) for n in range(offset + 1, len(seen) + 1) if seen[:n].endswith("X!") and "\0" not in seen
        ]
        return _Rereading(seen), found


class _Says(NamedTuple):
    """Boundaries as offsets from the end of the first chunk."""

    boundaries: tuple[tuple[int, int], ...]
    fed: bool = False

    def feed(self, text: str, offset: int, tokens: Sequence[mt.Token], /) -> tuple[Scanner, Sequence[Boundary]]:
        end = offset + len(text)
        found = [] if self.fed else [Boundary(end + a, end + b) for a, b in self.boundaries]
        return _Says(self.boundaries, fed=True), found


class _Raises(NamedTuple):
    def feed(self, text: str, offset: int, tokens: Sequence[mt.Token], /) -> tuple[Scanner, Sequence[Boundary]]:
        raise LookupError


@dataclass(frozen=True)
class Starts:
    """A trigger whose scanner is given; a changing one is made anew."""

    first: Scanner

    def scanner(self, prompt: str, /) -> Scanner:
        return _Changing() if isinstance(self.first, _Changing) else self.first


class NoValue:
    def scanner(self, prompt: str, /) -> Scanner:
        return _Marks()


@dataclass(frozen=True)
class NoHash:
    names: list[str] = field(default_factory=list)

    def scanner(self, prompt: str, /) -> Scanner:
        return _Marks()


@pytest.mark.parametrize(
    ("trigger", "promise"),
    [
        (Starts(_Chunkwise()), "chunking"),
        (Starts(_LateMemory()), "chunking"),
        (Starts(_Says(((0, 0),))), "chunking"),
        (Starts(_Rereading()), "linear"),
        (Starts(_Says(((1, 0),))), "boundaries"),
        (Starts(_Says(((0, 1),))), "boundaries"),
        (Starts(_Says(((-100, -99),))), "boundaries"),
        (Starts(_Says(((-1, 0), (-2, 0)))), "boundaries"),
        (Starts(_Says(((-2, -1), (-1, -1), (-1, 0)))), "boundaries"),
        (Starts(_Raises()), "boundaries"),
        (NoValue(), "value"),
        (NoHash(), "value"),
    ],
)
def test_a_faulty_trigger_is_found(trigger: Trigger, promise: str) -> None:
    with pytest.raises(ConformanceError) as caught:
        check_trigger(trigger, texts=[TEXT])
    assert caught.value.promise == promise


@dataclass(frozen=True)
class Fresh:
    def scanner(self, prompt: str, /) -> Scanner:
        return _Changing()


def test_a_scanner_that_changes_is_found() -> None:
    with pytest.raises(ConformanceError, match="changed when a later one went on") as caught:
        check_trigger(Fresh(), texts=[TEXT])
    assert caught.value.promise == "value"


def test_nothing_to_check_is_no_success() -> None:
    with pytest.raises(mt.UsageError, match="finds a boundary"):
        check_trigger(Marks(), texts=["no marks here", ""])
