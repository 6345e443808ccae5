"""Texts to verify, as files hold them: plain, or JSON Lines."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import UsageError
from ..records import dump
from ..records.json import Json


@dataclass(frozen=True, slots=True)
class Row:
    """One text to verify, and the problem that it is about."""

    id: Json
    text: str
    problem: str


def read_text(file: Path) -> str:
    """What a file holds; `-` is standard input. Raises `UsageError` where it cannot be read."""
    try:
        raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from error
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{file}: expected UTF-8 text (byte {error.start} is not)") from error


def read_rows(text: str, name: str, text_field: str | None, problem_field: str | None) -> Iterator[Row]:
    """The rows of a text called `name`: all of it, or one a line of JSON. Raises `UsageError` with the line."""
    if text_field is None:
        if text:
            yield Row(1, text, "")
        return
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError as error:
            raise UsageError(f"{name}, line {number}: expected JSON ({error})") from error
        except RecursionError as error:
            raise UsageError(f"{name}, line {number}: expected JSON, nested less deeply") from error
        if not isinstance(record, Mapping):
            raise UsageError(f"{name}, line {number}: expected a JSON object")
        content = _field(record, text_field, f"{name}, line {number}")
        problem = "" if problem_field is None else _field(record, problem_field, f"{name}, line {number}")
        yield Row(record.get("id", number), content, problem)


def _field(record: Mapping[str, object], field: str, where: str) -> str:
    value = record.get(field)
    if isinstance(value, str):
        return value
    if field not in record:
        raise UsageError(f"{where}: no field {field!r}; it has {', '.join(list(record)[:8])}")
    return dump(value) if isinstance(value, Mapping | list) else _not_text(field, value, where)


def _not_text(field: str, value: object, where: str) -> str:
    raise UsageError(f"{where}: expected text in field {field!r}, got {type(value).__name__}")
