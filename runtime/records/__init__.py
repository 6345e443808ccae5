"""Records: what happened in a run, as JSON."""

from .json import dump as dump
from .json import event_record as event_record
from .json import outcome_record as outcome_record

__all__ = ["dump", "event_record", "outcome_record"]
