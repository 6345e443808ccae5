"""Progress of long work on standard error: a bar on a terminal, sparse lines elsewhere."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn


class Bar:
    """Shows bytes done of one thing at a time; nothing is shown for what is done at once."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._terminal = console.is_terminal
        self._said = ""
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), DownloadColumn(), console=console, transient=True
        )
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._progress.stop()

    def update(self, what: str, done: int, total: int) -> None:
        """Show that `done` bytes of `total` are done of `what`."""
        if not self._terminal:
            if what != self._said:
                self._said = what
                print(f"model: {what}, {total / 1e6:.0f} MB", file=sys.stderr, flush=True)  # noqa: T201
            return
        if self._task is None:
            self._progress.start()
            self._task = self._progress.add_task(what, total=total)
        self._progress.update(self._task, description=f"model: {what}", completed=done, total=total)
