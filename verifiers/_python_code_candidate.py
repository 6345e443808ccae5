"""The process that holds the code in question: runs it shut in, and answers what is asked about its objects.

Nothing that comes from here is believed to be more than what the code says: it learns arguments and never what is
expected, and its answers are compared elsewhere. Runs in a fresh interpreter.
"""

from __future__ import annotations

import sys

from . import _python_code_cage as cage
from . import _python_code_values as values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NAME = "answer"
"""What the code finds as its `__name__`: it is imported, not run as a script."""

LONGEST_TEXT = 300
RECURSION = 1_010
"""Python's usual limit and the frames below the code."""


def main(ask: int, answer: int, parent: int, seconds: int, memory: int) -> None:
    """Read the sources from standard input, run them, then answer questions until nobody asks any more."""
    cage.end_with(parent)
    sources = values.decode(values.take_input(), lambda number, _: number)
    try:
        held = cage.confine(seconds, memory)
    except cage.NotConfinedError as reason:
        values.send(answer, _plain(("refused", str(reason))))
        return
    values.send(answer, _plain(("ready", held)))
    module = type(sys)(NAME)
    sys.modules[NAME] = module
    sys.setrecursionlimit(RECURSION)
    values.send(answer, _plain(_load(sources, module.__dict__)))
    desk = Desk(module.__dict__)
    while True:
        try:
            question = values.receive(ask)
        except EOFError:
            return
        values.send(answer, desk.reply(question))


def _load(sources: Any, namespace: dict[str, object]) -> tuple[object, ...]:  # noqa: ANN401
    try:
        for source in sources:
            exec(compile(source, f"<{NAME}>", "exec", dont_inherit=True), namespace)  # noqa: S102  (shut in)
    except BaseException as error:  # noqa: BLE001  (whatever the code raises, SystemExit as well)
        return _raised(error)
    return ("loaded",)


class Desk:
    """Objects of the code by number, and what can be done with them."""

    def __init__(self, namespace: dict[str, object]) -> None:
        self._namespace = namespace
        self._objects: list[object] = []

    def reply(self, question: bytes) -> bytes:
        """The answer to one question: a value, that something was raised, or that a value cannot be told."""
        try:
            match values.decode(question, lambda number, _: self._objects[number]):
                case ("get", str() as name):
                    if name not in self._namespace:
                        return _plain(("missing", name))
                    return values.encode(("value", self._namespace[name], ()), self._number)
                case ("attribute", target, str() as name):
                    return values.encode(("value", getattr(target, name), ()), self._number)
                case ("call", target, list() as positional, dict() as keyword):
                    return self._call(target, positional, keyword)
                case ("special", str() as name, list() as operands):
                    return values.encode(("value", _SPECIAL[name](*operands), ()), self._number)
        except values.UntransferableError as reason:
            return _plain(("untold", str(reason)))
        except BaseException as error:  # noqa: BLE001
            return _plain(_raised(error))
        return _plain(("untold", "not understood"))

    def _call(self, target: Any, positional: list[object], keyword: dict[Any, object]) -> bytes:  # noqa: ANN401
        before = [self._image(each) for each in positional]
        result = target(*positional, **keyword)
        changed = [
            (index, each)
            for index, each in enumerate(positional)
            if before[index] is not None and self._image(each) != before[index]
        ]
        return values.encode(("value", result, changed), self._number)

    def _image(self, value: object) -> bytes | None:
        """What a container looks like, to see whether a call changed it."""
        return values.encode(value, self._number) if type(value) in {list, dict, set} else None

    def _number(self, value: object) -> tuple[int, str]:
        self._objects.append(value)
        kind = type(value).__name__
        if isinstance(value, type) and issubclass(value, BaseException):
            kind = "exception " + " ".join(_ancestors(value))
        return len(self._objects) - 1, kind


_SPECIAL: dict[str, Any] = {
    "__iter__": iter,
    "__next__": next,
    "__len__": len,
    "__str__": str,
    "__getitem__": lambda target, key: target[key],
    "__setitem__": lambda target, key, value: target.__setitem__(key, value),
    "__enter__": lambda target: target.__enter__(),
    "__exit__": lambda target, *_: target.__exit__(None, None, None),
}


def _raised(error: BaseException) -> tuple[object, ...]:
    try:
        return ("raised", _ancestors(type(error)), str(error)[:LONGEST_TEXT])
    except BaseException:  # noqa: BLE001  (its own __str__ raises, and may do so for ever)
        return ("raised", ["Exception"], "")


def _ancestors(kind: type) -> list[str]:
    return [str(each.__name__) for each in kind.__mro__]


def _plain(value: object) -> bytes:
    return values.encode(value, _no_number)


def _no_number(value: object) -> tuple[int, str]:
    raise values.UntransferableError(type(value).__name__)
