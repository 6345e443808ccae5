"""The two ways in which every command names monitors: `--monitor NAME` and `--monitors FILE`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal, TypeAlias, TypeVar

import click
import pydantic
import yaml

from .. import plugins
from ..errors import UsageError
from ..monitors import Monitor, check_names
from ..policies import Abstain, Gate, Observe, OnUnknown, Policy, Repair, Rollback, Stop, Target

F = TypeVar("F", bound=Callable[..., object])


class _Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid")


class _Policy(_Strict):
    on_unknown: OnUnknown = "unverified"
    on_error: OnUnknown | None = None


class _Observe(_Policy):
    action: Literal["observe"]

    def policy(self) -> Observe:
        return Observe(on_unknown=self.on_unknown, on_error=self.on_error)


class _Rollback(_Policy):
    action: Literal["rollback"]
    to: Target = "unit"
    repair: Repair = "note"
    feedback: str | None = None
    anchor: str = ""
    limit: int | None = None

    def policy(self) -> Rollback:
        plain = Rollback(
            to=self.to,
            repair=self.repair,
            anchor=self.anchor,
            limit=self.limit,
            on_unknown=self.on_unknown,
            on_error=self.on_error,
        )
        return plain if self.feedback is None else replace(plain, feedback=self.feedback)


class _Abstain(_Policy):
    action: Literal["abstain"]

    def policy(self) -> Abstain:
        return Abstain(on_unknown=self.on_unknown, on_error=self.on_error)


class _Stop(_Policy):
    action: Literal["stop"]
    closing: str = Stop().closing
    otherwise: Annotated[_Observe | _Rollback | _Abstain, pydantic.Field(discriminator="action")] | None = None

    def policy(self) -> Stop:
        otherwise = None if self.otherwise is None else self.otherwise.policy()
        return Stop(self.closing, otherwise, on_unknown=self.on_unknown, on_error=self.on_error)


_AnyReaction: TypeAlias = Annotated[_Observe | _Rollback | _Stop | _Abstain, pydantic.Field(discriminator="action")]


class _Gate(_Strict):
    action: Literal["gate"]
    then: _AnyReaction = _Rollback(action="rollback")

    def policy(self) -> Policy:
        return Gate(self.then.policy())


class _Entry(_Strict):
    use: str
    name: str | None = None
    options: Mapping[str, object] = {}
    policy: Annotated[
        _Observe | _Rollback | _Stop | _Abstain | _Gate | None, pydantic.Field(discriminator="action")
    ] = None
    required: bool | None = None
    priority: int | None = None
    deadline: float | None = None

    @functools.cached_property
    def factory(self) -> plugins.Factory:
        return plugins.factory(self.use)

    @functools.cached_property
    def wants_problem(self) -> plugins.Wants:
        return "nothing" if "problem" in self.options else self.factory.wants_problem

    def monitor(self, problem: str) -> Monitor:
        bound = self.wants_problem == "must" or (self.wants_problem == "may" and problem)
        made = self.factory.make({**self.options, "problem": problem} if bound else self.options)
        return replace(
            made,
            name=made.name if self.name is None else self.name,
            policy=made.policy if self.policy is None else self.policy.policy(),
            required=made.required if self.required is None else self.required,
            priority=made.priority if self.priority is None else self.priority,
            deadline=made.deadline if self.deadline is None else self.deadline,
        )


class _File(_Strict):
    monitors: list[_Entry]


def monitor_options(command: F) -> F:
    """Add `--monitor` and `--monitors` to a command."""
    named = click.option("--monitor", "names", multiple=True, metavar="NAME", help="A monitor by name; repeatable.")
    filed = click.option(
        "--monitors", "file_of_monitors", type=click.Path(path_type=Path), help="Monitors from a YAML file."
    )
    return named(filed(command))


class Chosen:
    """The monitors that a command was given. Raises `UsageError` where there are none, or where one is wrong."""

    def __init__(self, names: tuple[str, ...], file: Path | None) -> None:
        self._entries = [_Entry(use=name) for name in names]
        if file is not None:
            self._entries += _read(file).monitors
        if not self._entries:
            raise UsageError("no monitor: expected --monitor NAME or --monitors FILE (`midtrace plugins` lists names)")
        self.needing = tuple(entry.use for entry in self._entries if entry.wants_problem == "must")
        self.bound = any(entry.wants_problem != "nothing" for entry in self._entries)
        self._free = None if self.bound else self._made("")

    def monitors(self, problem: str) -> list[Monitor]:
        """Them, for this problem. Raises `UsageError` where one of them cannot read it."""
        return self._made(problem) if self._free is None else self._free

    def _made(self, problem: str) -> list[Monitor]:
        monitors = [entry.monitor(problem) for entry in self._entries]
        check_names(monitors)
        return monitors


def _read(file: Path) -> _File:
    try:
        return _File.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: expected YAML: {' '.join(str(error).split())[:200]}") from error
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"{file}: {where or 'the file'}: {first['msg']}") from error
