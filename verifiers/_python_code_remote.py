"""Objects of the code in question, as the process that holds the tests sees them.

An object is a `Remote` here. It can be called, and its attributes, items and length can be asked for; whether it equals
or holds something is not for it to say.
"""

from __future__ import annotations

import builtins

from . import _python_code_values as values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

LONGEST_TEXT = 300
"""Characters of a value in a report."""

_ENVIRONMENT = ("OSError", "ImportError", "MemoryError", "EOFError")
"""What code raises that wants a file, a module, memory or input: the sandbox gives none, so it is not at fault."""


class UndecidedError(BaseException):
    """A test cannot be decided; no `Exception`, so that a test's own handlers let it pass."""


class MissingError(UndecidedError):
    """The code does not define a name that the tests use."""


class Line:
    """Asks the process that holds the code, one question at a time."""

    def __init__(self, ask: int, answer: int) -> None:
        self._ask, self._answer = ask, answer
        self._exceptions: dict[str, type[BaseException]] = {}
        self.last = ""
        self.foreign = False
        """Whether an object of the code's own, other than a function, has come here."""

    def start(self) -> tuple[object, ...]:
        """What the code's process says of itself: held how, and whether the code could be loaded."""
        match self._receive():
            case ("ready", str() as held):
                pass
            case ("refused", str() as reason):
                return ("refused", reason)
            case _:
                return ("lost", "")
        match self._receive():
            case ("loaded",):
                return ("loaded", held, "", "")
            case ("raised", [str() as kind, *_] as kinds, str() as text):
                forgiven = any(each in kinds for each in (*_ENVIRONMENT, "SystemExit"))
                return ("loaded", held, "" if forgiven else "code", f"{kind}: {text}" if text else kind)
            case _:
                return ("lost", held)

    def ask(self, question: tuple[object, ...], about: str) -> Any:  # noqa: ANN401
        """The answer as a plain value or a `Remote`. Raises what the code raised, or `UndecidedError`."""
        written = f"{about}{_arguments(question)}"  # now: a call may change its arguments
        try:
            message = values.encode(question, number_of)
        except values.UntransferableError as error:
            raise UndecidedError(f"{about} is given what cannot be handed over: {error}") from None
        try:
            values.send(self._ask, message)
            reply: Any = self._receive(about)
        except OSError:
            reply = ()
        match reply:
            case ("value", value, list() | tuple() as changed):
                self._write_back(question, changed)
                if question[0] == "call":
                    self.last = f"{written} gives {shown(value)}"
                return value
            case ("missing", _):
                raise MissingError(about)
            case ("untold", reason):
                raise UndecidedError(f"what {about} gives cannot be compared: {reason}")
            case ("raised", [str(), *_] as kinds, str() as text):
                self._raise(kinds, text, written)
        raise UndecidedError("the code ended its process")

    def exception(self, kinds: list[Any]) -> type[BaseException]:
        """A class here for one of the code's exceptions: the built-in one, or one made after its built-in ancestor."""
        for kind in kinds:
            found = getattr(builtins, str(kind), None)
            if isinstance(found, type) and issubclass(found, BaseException):
                name = str(kinds[0])
                if kind is kinds[0]:
                    return found
                return self._exceptions.setdefault(name, type(name, (found,), {}))
        return Exception

    def _raise(self, kinds: list[Any], text: str, call: str) -> NoReturn:
        if any(kind in _ENVIRONMENT for kind in kinds) or "start new thread" in text:
            raise UndecidedError(f"{call} needs what the sandbox does not give: {kinds[0]}: {text}")
        self.last = f"{call} raises {kinds[0]}" + (f": {text}" if text else "")
        try:
            error = self.exception(kinds)(text)
        except TypeError:  # UnicodeDecodeError and its like are made of more than a text
            error = Exception(text)
        error._midtrace_remote = True  # type: ignore[attr-defined]  # noqa: SLF001
        raise error

    def _receive(self, about: str = "") -> object:
        def resolve(number: int, kind: str) -> object:
            if kind.startswith("exception "):
                return self.exception(kind.split()[1:])
            self.foreign = self.foreign or kind != "function"
            return Remote(self, number, kind, about)

        try:
            return values.decode(values.receive(self._answer), resolve)
        except (values.MalformedError, EOFError):
            return ()

    @staticmethod
    def _write_back(question: tuple[object, ...], changed: Any) -> None:  # noqa: ANN401
        """Change arguments here as the call has changed its copies."""
        if question[0] != "call":
            return
        arguments: Any = question[2]
        for entry in changed:
            match entry:
                case (int() as index, value) if 0 <= index < len(arguments) and type(arguments[index]) is type(value):
                    target = arguments[index]
                    if isinstance(target, list):
                        target[:] = value
                    elif isinstance(target, dict | set):
                        target.clear()
                        target.update(value)


class Remote:
    """An object of the code. Comparing it, or calculating with it, leaves the test undecided."""

    __slots__ = ("_kind", "_line", "_name", "_number")
    _kind: str
    _line: Line
    _name: str
    _number: int

    def __init__(self, line: Line, number: int, kind: str, name: str) -> None:
        for field, value in zip(self.__slots__, (kind, line, name, number), strict=True):
            object.__setattr__(self, field, value)

    def __call__(self, *positional: object, **keyword: object) -> object:
        return self._line.ask(("call", self, list(positional), keyword), self._name)

    def __getattr__(self, name: str) -> object:
        return self._line.ask(("attribute", self, name), f"{self._name}.{name}")

    def __repr__(self) -> str:
        return f"<{self._kind[:40]}>"


def _special(name: str) -> Any:  # noqa: ANN401
    def method(self: Remote, *operands: object) -> object:
        operands = () if name == "__exit__" else operands
        return self._line.ask(("special", name, [self, *operands]), self._name)

    return method


def _undecided(name: str) -> Any:  # noqa: ANN401
    def method(self: Remote, *_: object) -> NoReturn:
        raise UndecidedError(f"the test needs {name} of {self!r}, an object of the code's own")

    return method


_ASKED = "iter next len str getitem setitem enter exit"
_NEVER = (
    "eq ne lt le gt ge contains hash bool int float index complex round trunc floor ceil neg pos abs invert"
    " add radd iadd sub rsub isub mul rmul imul truediv rtruediv floordiv rfloordiv mod rmod divmod pow rpow matmul"
    " and rand or ror xor rxor lshift rshift reversed delitem format bytes setattr delattr"
)
for _word in _ASKED.split():
    setattr(Remote, f"__{_word}__", _special(f"__{_word}__"))
for _word in _NEVER.split():
    setattr(Remote, f"__{_word}__", _undecided(f"__{_word}__"))


def shown(value: object) -> str:
    """The value as text of bounded length."""
    try:
        text = repr(value)
    except ValueError:  # a number with more digits than Python writes
        return "a very large number"
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}..."


def _arguments(question: tuple[object, ...]) -> str:
    if question[0] != "call":
        return ""
    positional: Any = question[2]
    keyword: Any = question[3]
    parts = [shown(each) for each in positional] + [f"{name}={shown(each)}" for name, each in keyword.items()]
    return f"({', '.join(parts)})"


def number_of(value: object) -> tuple[int, str]:
    """How an object of the code is spoken of to its process; nothing else can be handed over."""
    if type(value) is Remote:
        return value._number, value._kind  # noqa: SLF001
    raise values.UntransferableError(type(value).__name__)
