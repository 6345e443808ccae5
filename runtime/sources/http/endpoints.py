"""Where a server is: its addresses, and what of them may be shown."""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from ...errors import UsageError

VERSION = re.compile(r"/v\d+\w*(?=/|$)")
"""A segment of a path that names a version of an interface, such as `/v1` or `/v1beta`."""

API_KEY = "OPENAI_API_KEY"

HIDDEN = "***"

SCHEME = re.compile(r"(?:bearer|basic|token|apikey)\s+(?=\S)", re.IGNORECASE)

TELLING = 8
"""Characters of the beginning of a secret that are hidden like all of it: servers and cuts shorten what they repeat."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One server. `name` is what messages show of it: host, port and path; never a user, a password or a query."""

    name: str
    _root: str = field(repr=False)
    _version: str = field(repr=False)
    _query: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)

    @staticmethod
    def at(base_url: str) -> Endpoint:
        """The endpoint of a base URL, with or without `/v1` at its end; an address with any version is taken as it is.

        Raises `UsageError`, which does not repeat the address: it may hold a password.
        """
        try:
            parts = urlsplit(base_url.strip())
            host, port = parts.hostname, parts.port
            secrets = [value for _, value in parse_qsl(parts.query)]
            secrets += [field.partition("=")[2] for field in parts.query.split("&")]
            secrets += _passwords(parts.username or "", parts.password or "")
        except (ValueError, AttributeError, TypeError):
            host = port = None
            parts = urlsplit("")
            secrets = []
        if parts.scheme not in ("http", "https") or not host or re.search(r"[\s\x00-\x1f\x7f]", base_url.strip()):
            raise UsageError(
                "base_url: expected the address of a server, such as http://127.0.0.1:8000 or https://host/v1"
            )
        path = parts.path.rstrip("/")
        found = VERSION.search(path)
        root, version = (path[: found.start()], path[found.start() :]) if found else (path, "/v1")
        shown = f"[{host}]" if ":" in host else host
        where = f"{shown}:{port}" if port else shown
        return Endpoint(
            name=f"{where}{root}",
            _root=f"{parts.scheme}://{parts.netloc}{root}",
            _version=version,
            _query=f"?{parts.query}" if parts.query else "",
            secrets=_worth_hiding(secrets),
        )

    def url(self, path: str) -> str:
        """The full address of `path`: what begins with `/v1/` lies under the version, all else beside it."""
        return f"{self._root}{self._placed(path)}{self._query}"

    def shows(self, path: str) -> str:
        """The address of `path` for a message."""
        return f"{self.name}{self._placed(path)}"

    def _placed(self, path: str) -> str:
        return f"{self._version}{path[3:]}" if path.startswith("/v1/") else path


@dataclass(frozen=True, slots=True)
class Credentials:
    """What is sent with each request and shown nowhere: a key, and headers of the user's own."""

    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @staticmethod
    def of(api_key: str | None, headers: Mapping[str, str]) -> Credentials:
        """A key as given, else the one in OPENAI_API_KEY. Raises `UsageError` for what no header can carry."""
        key = (os.environ.get(API_KEY, "") if api_key is None else api_key).strip()
        sent = dict(headers)
        if key and "authorization" not in {name.lower() for name in sent}:
            sent["authorization"] = f"Bearer {key}"
        for name, value in sent.items():
            if not value.isascii() or not value.isprintable():
                what = "the API key" if name == "authorization" else f"the header {name!r:.40}"
                raise UsageError(f"{what}: expected printable ASCII characters only")
        # a server that repeats a key may leave out what stands before it
        values = [SCHEME.sub("", value.strip()) for value in headers.values()]
        return Credentials(tuple(sent.items()), _worth_hiding([key, *values]))


def without(text: str, secrets: Iterable[str]) -> str:
    """`text` with each secret replaced, and each longer beginning of one: servers like to repeat a wrong key."""
    for secret in sorted(secrets, key=len, reverse=True):
        head = secret[:TELLING]
        first, *rest = text.split(head)
        pieces = [first]
        tail = secret[len(head) :]
        for piece in rest:
            ends = (n for n, (own, there) in enumerate(zip(tail, piece, strict=False)) if own != there)
            more = next(ends, min(len(tail), len(piece)))
            pieces += (HIDDEN, piece[more:])
        text = "".join(pieces)
    return text


def _worth_hiding(secrets: Iterable[str]) -> tuple[str, ...]:
    """Secrets as they are and as JSON writes them, without those that are too short to tell from other words."""
    known = {form for each in secrets if len(each) >= 4 for form in (each, json.dumps(each)[1:-1])}
    return tuple(sorted(known, key=lambda each: (-len(each), each)))


def _passwords(user: str, password: str) -> list[str]:
    """A password as the address has it, as it is meant, and as it is sent."""
    if not password:
        return []
    meant = unquote(password)
    sent = base64.b64encode(f"{unquote(user)}:{meant}".encode()).decode()
    return [password, meant, sent]
