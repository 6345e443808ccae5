"""Has the kernel end this process at a given time, whatever it is at then."""

from __future__ import annotations

import contextlib
import ctypes
import signal
import time
from collections.abc import Callable

TIMER_ABSTIME = 1


class _Event(ctypes.Structure):
    """`struct sigevent` with its padding (sigevent(7), Linux): which signal, delivered how."""

    _fields_ = (
        ("value", ctypes.c_void_p),
        ("signal", ctypes.c_int),
        ("notify", ctypes.c_int),
        ("padding", ctypes.c_byte * 48),
    )


class _Times(ctypes.Structure):
    """`struct itimerspec`: an interval (here none) and a time, each in seconds and nanoseconds."""

    _fields_ = (
        ("interval_seconds", ctypes.c_long),
        ("interval_nanoseconds", ctypes.c_long),
        ("seconds", ctypes.c_long),
        ("nanoseconds", ctypes.c_long),
    )


class Fuse:
    """A timer of the kernel's (timer_create(2)) that sends SIGKILL: no lock, handler or loop in C can hold it up.

    Where the system has no such timer it does nothing, and the parent's kill is the last word.
    """

    def __init__(self) -> None:
        self._timer = ctypes.c_void_p()
        self._set: Callable[..., int] | None = None
        with contextlib.suppress(AttributeError, OSError):
            libc = ctypes.CDLL(None)
            event = _Event(signal=signal.SIGKILL, notify=0)
            if libc.timer_create(time.CLOCK_MONOTONIC, ctypes.byref(event), ctypes.byref(self._timer)) == 0:
                self._set = libc.timer_settime

    def light(self, at: float) -> None:
        """End the process at this time of `time.monotonic`; 0: not at all."""
        if self._set is not None:
            times = _Times(0, 0, int(at), int(at % 1 * 1e9))
            self._set(self._timer, TIMER_ABSTIME, ctypes.byref(times), None)
