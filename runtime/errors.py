"""Everything midtrace raises on purpose.

    MidtraceError
    ├── UsageError        an argument, a file or an option is wrong; says what was expected and where
    │   └── ModelError    a model file is missing, damaged or not what it should be
    ├── EngineError       the engine could not start, or was lost
    ├── SourceError       a generation call failed; `transient` says whether trying again can help
    └── Unparsed          an extractor found no state where one was due; becomes `Unknown`

What third-party code raises never crosses the runtime as an exception: one boundary turns it into data
(`Unknown` for a check, the outcome `failed` for a source).
"""

from __future__ import annotations

from collections.abc import Sequence


class MidtraceError(Exception):
    """Root of what midtrace raises on purpose; its text is one clear line."""


class UsageError(MidtraceError):
    """Raised when an argument, a file or an option is wrong. The command line exits with 2."""


class ModelError(UsageError):
    """Raised when a model file is missing, damaged, or not what its name promises."""


class EngineError(MidtraceError):
    """Raised when an engine cannot start, or when it is gone and the run cannot go on."""


class SourceError(MidtraceError):
    """Raised by a source that failed; `transient` says whether trying again can help."""

    def __init__(self, message: str, *, transient: bool = False) -> None:
        super().__init__(message)
        self.transient = transient


class Unparsed(MidtraceError):  # noqa: N818  (it names a finding about text, not a fault of the program)
    """Raised by an extractor that found no state where one was due; the check becomes `Unknown`."""


def one_line(error: BaseException) -> str:
    """The error as one line: its type and the first line of its text, at most 300 characters."""
    try:
        text = str(error).strip()
    except Exception:  # noqa: BLE001  (it is somebody's error, and the text of somebody's method)
        text = ""
    first = text.splitlines()[0] if text else ""
    name = type(error).__name__
    return f"{name}: {first}"[:300] if first else name


def expect_one_of(owner: str, name: str, value: object, allowed: Sequence[object]) -> None:
    """Raise `UsageError` unless `value`, the argument `name` of `owner`, is among `allowed`."""
    if value not in allowed:
        raise UsageError(f"{owner}({name}={value!r}): expected {alternatives(allowed)}")


def alternatives(values: Sequence[object]) -> str:
    """Two values or more, as a message names them."""
    *most, last = map(repr, values)
    return f"{', '.join(most)} or {last}"
