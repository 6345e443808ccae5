"""Named parts: the built-in ones and those that other packages bring, through entry points alike."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Literal, TypeAlias, get_args

from .errors import UsageError, one_line
from .monitors import Monitor

Kind: TypeAlias = Literal["monitors", "verifiers", "extractors", "sources", "tasks"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Plugin:
    """A named part, where it comes from, and what went wrong with loading it (empty: nothing)."""

    kind: Kind
    name: str
    target: str
    distribution: str
    error: str = ""


def installed(kind: Kind) -> tuple[EntryPoint, ...]:
    """The entry points of one kind, by name."""
    return tuple(sorted(entry_points(group=f"midtrace.{kind}"), key=lambda point: point.name))


def survey() -> tuple[Plugin, ...]:
    """Everything that is installed; each is loaded to see whether that works. Failures are told, never raised."""
    found: list[Plugin] = []
    for kind in KINDS:
        for point in installed(kind):
            error = ""
            try:
                point.load()
            except Exception as failure:  # noqa: BLE001  (a broken plug-in must not break the others)
                error = one_line(failure)
            owner = f"{point.dist.name} {point.dist.version}" if point.dist is not None else "?"
            found.append(Plugin(kind, point.name, point.value, owner, error))
    return tuple(found)


def load(kind: Kind, name: str) -> object:
    """The part called `name`. Raises `UsageError` where there is none, or where it cannot be loaded."""
    points = installed(kind)
    for point in points:
        if point.name == name:
            try:
                return point.load()
            except Exception as failure:
                raise UsageError(
                    f"{kind[:-1]} {name!r} ({point.value}) cannot be loaded: {one_line(failure)}"
                ) from failure
    names = ", ".join(point.name for point in points)
    raise UsageError(f"{kind[:-1]} {name!r}: expected one of {names}")


Wants: TypeAlias = Literal["nothing", "may", "must"]
"""Whether a factory of monitors takes a `problem`, as text, and whether it can do without."""


@dataclass(frozen=True, slots=True)
class Factory:
    """What makes monitors of one kind; found once, it makes any number of them."""

    name: str
    function: Callable[..., object]

    @property
    def wants_problem(self) -> Wants:
        """Whether each monitor is for one problem."""
        try:
            parameter = inspect.signature(self.function).parameters.get("problem")
        except ValueError:  # written in C
            return "nothing"
        if parameter is None:
            return "nothing"
        return "must" if parameter.default is parameter.empty else "may"

    def make(self, options: Mapping[str, object]) -> Monitor:
        """A monitor. Raises `UsageError` for options that the factory does not take."""
        try:
            made = self.function(**options)
        except UsageError:
            raise
        except Exception as failure:
            raise UsageError(f"monitor {self.name!r} with options {dict(options)!r}: {one_line(failure)}") from failure
        if not isinstance(made, Monitor):
            raise UsageError(
                f"monitor {self.name!r}: expected its factory to give a Monitor, got {type(made).__name__}"
            )
        return made


def factory(name: str) -> Factory:
    """The factory of monitors called `name`. Raises `UsageError` where there is none."""
    function = load("monitors", name)
    if not callable(function):
        raise UsageError(f"monitor {name!r}: expected a function that makes a Monitor")
    return Factory(name, function)


def monitor(name: str, options: Mapping[str, object]) -> Monitor:
    """A monitor made by the factory called `name`. Raises `UsageError` for options that it does not take."""
    return factory(name).make(options)
