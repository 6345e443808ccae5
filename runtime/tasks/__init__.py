"""Tasks: generated problems with known answers, the rules their solutions keep, and how an answer is read."""

from __future__ import annotations

from ..errors import UsageError
from .running_sums import RunningSums
from .shopping import Shopping
from .task import Problem as Problem
from .task import Task as Task

TASKS: tuple[Task, ...] = (RunningSums(), Shopping())


def task(name: str) -> Task:
    """The task called `name`. Raises `UsageError` with the names that there are."""
    for each in TASKS:
        if each.name == name:
            return each
    raise UsageError(f"task {name!r}: expected one of {', '.join(each.name for each in TASKS)}")


__all__ = ["TASKS", "Problem", "Task", "task"]
