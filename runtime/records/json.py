"""Events and outcomes as JSON documents. Text with lone surrogates survives, escaped."""

from __future__ import annotations

import dataclasses
import enum
import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from ..events import Event
from ..outcome import Outcome

Json: TypeAlias = "None | bool | int | float | str | Sequence[Json] | Mapping[str, Json]"


def plain(value: object) -> Json:
    """A value of ours as plain JSON data; spans become `[start, end]`, verdicts carry their kind."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case enum.Enum():
            return plain(value.value)
        case Mapping():
            return {str(key): plain(each) for key, each in value.items()}
        case tuple() | list():
            return [plain(each) for each in value]
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = {each.name: plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
            name = type(value).__name__
            return {"kind": name.lower(), **fields} if name in ("Pass", "Violation", "Unknown") else fields
        case _:
            return str(value)


def event_record(event: Event, at: float) -> Mapping[str, Json]:
    """One event of a run; `at` is seconds since the run began."""
    fields = plain(event)
    assert isinstance(fields, Mapping)
    return {"type": type(event).__name__, "at": round(at, 6), **fields}


def outcome_record(outcome: Outcome) -> dict[str, Json]:
    """An outcome, as the command line prints it; `docs/records.md` explains its certificate and its ledger."""
    ledger = plain(outcome.ledger)
    assert isinstance(ledger, Mapping)
    return {
        "status": outcome.status,
        "reason": outcome.reason,
        "text": outcome.text,
        "violations": plain(outcome.violations),
        "interventions": plain(outcome.interventions),
        "certificate": plain(outcome.certificate),
        "ledger": {**ledger, "added_seconds": outcome.ledger.added_seconds},
    }


def dump(value: Json) -> str:
    """One line of JSON."""
    return json.dumps(value, ensure_ascii=True, allow_nan=False)
