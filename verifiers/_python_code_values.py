"""Plain values as bytes, so that untrusted code can tell a result and has no say in how it is compared.

Both ends of a pipe use this module, and what is read back consists of exact built-in types only: whatever `__eq__`,
`__repr__` or `__hash__` an object had stays where it was made. Runs in a fresh interpreter, hence the few imports.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

MAX_BYTES = 1_000_000
"""Bytes of one message."""

MAX_DEPTH = 100
"""Containers within containers."""

_LENGTH = 4


class UntransferableError(Exception):
    """A value is too large, too deep, or not plain."""


class MalformedError(Exception):
    """Bytes that `encode` does not write."""


def encode(value: object, refer: Callable[[object], tuple[int, str]]) -> bytes:
    """The value as bytes; `refer` gives number and kind of an object that is not plain, or raises.

    Subclasses of built-in types are not plain, except the dictionaries of `collections`. Raises `UntransferableError`.
    """
    parts: list[bytes] = []
    _write(value, refer, parts, [0], 0)
    return b"".join(parts)


def decode(data: bytes, resolve: Callable[[int, str], object]) -> object:
    """What `encode` made bytes of; `resolve` gives the object behind a number. Raises `MalformedError`."""
    try:
        value, end = _read(data, 0, resolve, 0)
    except (ValueError, TypeError, IndexError, KeyError, OverflowError, RecursionError) as error:
        raise MalformedError(type(error).__name__) from None
    if end != len(data):
        raise MalformedError("more than one value")
    return value


def send(descriptor: int, data: bytes) -> None:
    """Write one message."""
    if len(data) > MAX_BYTES:
        raise UntransferableError("too large")
    rest = len(data).to_bytes(_LENGTH, "big") + data
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def receive(descriptor: int) -> bytes:
    """Read one message. Raises `EOFError` where none will come, `MalformedError` for one that is too long."""
    length = int.from_bytes(_exactly(descriptor, _LENGTH), "big")
    if length > MAX_BYTES:
        raise MalformedError("too long")
    return _exactly(descriptor, length)


def take_input() -> bytes:
    """Everything in standard input, which is empty from then on, also for who reads it again."""
    parts = []
    while part := os.read(0, 1 << 16):
        parts.append(part)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return b"".join(parts)


def _exactly(descriptor: int, length: int) -> bytes:
    parts = []
    while length:
        part = os.read(descriptor, length)
        if not part:
            raise EOFError
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def _write(
    value: Any,  # noqa: ANN401
    refer: Callable[[object], tuple[int, str]],
    parts: list[bytes],
    size: list[int],
    depth: int,
) -> None:
    if depth > MAX_DEPTH:
        raise UntransferableError("nested too deeply")
    items: list[Any] = []
    kind = type(value)
    tag, content = "", b""
    # Exact types: a subclass brings methods of its own.
    if value is None or value is True or value is False:
        tag = "N" if value is None else "T" if value else "F"
    elif kind is int:
        if value.bit_length() > 4 * MAX_BYTES:
            raise UntransferableError("too large")
        tag, content = "I", b"%x" % value
    elif kind is float:
        tag, content = "D", float.hex(value).encode()
    elif kind is str:
        tag, content = "S", str.encode(value, "utf-8", "surrogatepass")
    elif kind is bytes:
        tag, content = "B", value
    elif kind is complex:
        tag, items = "C", [value.real, value.imag]
    elif kind is range:
        tag, items = "G", [value.start, value.stop, value.step]
    elif kind in _CONTAINERS:
        tag, items = _CONTAINERS[kind], list(value)
    elif kind is dict or (kind.__module__ == "collections" and isinstance(value, dict)):
        tag, items = "M", [part for pair in dict.items(value) for part in pair]
    else:
        number, name = refer(value)
        tag, items = "R", [number, name]
    count = len(items) if tag in _WITH_ITEMS else len(content)
    head = f"{tag}{count}:".encode()
    size[0] += len(head) + len(content)
    if size[0] > MAX_BYTES:
        raise UntransferableError("too large")
    parts += (head, content)
    if tag in "EZ":
        parts += sorted(_alone(item, refer, size, depth + 1) for item in items)
        return
    for item in items:
        _write(item, refer, parts, size, depth + 1)


def _alone(item: object, refer: Callable[[object], tuple[int, str]], size: list[int], depth: int) -> bytes:
    """An element of a set, to be sorted: equal sets are equal bytes whatever their order."""
    parts: list[bytes] = []
    _write(item, refer, parts, size, depth)
    return b"".join(parts)


_CONTAINERS: dict[type, str] = {list: "L", tuple: "U", set: "E", frozenset: "Z"}
_WITH_ITEMS = frozenset("CGLUEZMR")


def _read(data: bytes, at: int, resolve: Callable[[int, str], object], depth: int) -> tuple[object, int]:
    if depth > MAX_DEPTH + 2:
        raise ValueError("depth")
    tag = chr(data[at])
    colon = data.index(b":", at, at + 12)
    count = int(data[at + 1 : colon])
    at = colon + 1
    if tag in _WITH_ITEMS:
        items = []
        for _ in range(count):
            item, at = _read(data, at, resolve, depth + 1)
            items.append(item)
        return _built(tag, items, resolve), at
    content = data[at : at + count]
    if count < 0 or len(content) != count:
        raise ValueError("length")
    return _atom(tag, content), at + count


def _atom(tag: str, content: bytes) -> object:
    match tag:
        case "N":
            return None
        case "T" | "F":
            return tag == "T"
        case "I":
            return int(content, 16)
        case "D":
            return float.fromhex(content.decode("ascii"))
        case "S":
            return content.decode("utf-8", "surrogatepass")
        case "B":
            return content
    raise ValueError("tag")


def _built(tag: str, items: list[object], resolve: Callable[[int, str], object]) -> object:
    match tag, items:
        case "L", _:
            return items
        case "U", _:
            return tuple(items)
        case "E", _:
            return set(items)
        case "Z", _:
            return frozenset(items)
        case "M", _:
            return dict(zip(items[::2], items[1::2], strict=True))
        case "C", [float() as real, float() as imaginary]:
            return complex(real, imaginary)
        case "G", [int() as start, int() as stop, int() as step]:
            return range(start, stop, step)
        case "R", [int() as number, str() as kind]:
            return resolve(number, kind)
    raise ValueError("tag")
