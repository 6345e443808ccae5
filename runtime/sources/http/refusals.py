"""What a server's refusal means, and what its user can do about it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Mapping
from email.utils import parsedate_to_datetime
from typing import Literal, NamedTuple, TypeAlias

import httpx2

from ...errors import one_line
from ...records.json import Json
from .endpoints import without

TRANSIENT = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
"""Status codes after which the same request may succeed."""

PASSING = frozenset(
    {"server_error", "internal_server_error", "internalservererror", "overloaded_error", "rate_limit_error", "timeout"}
    | {"unavailable_error", "service_unavailable", "rate_limit_exceeded", "api_error"}
)
"""Types and codes of errors, as servers name them, after which the same request may succeed."""

SHOWN = 200
"""Characters of a server's own words that a message repeats."""

SAID = 4_000
"""Characters of its body that a field's name is looked for in."""

Kind: TypeAlias = Literal["path", "model", "context", "key", "rate", "other"]

CONTEXT = re.compile(
    r"exceed_context_size|context_length_exceeded|context (length|size|window)|maximum (context|model) length"
    r"|max_model_len|longer than the (maximum|model)|prompt is too long|inputs?`? tokens \+ `?max_new_tokens"
    r"|too many tokens in the prompt|input is too long",
    re.IGNORECASE,
)
MODEL = re.compile(
    r"model_not_found|invalid_model|\bmodel\b.{0,120}?(does not exist|not found|is not available|unknown|not supported)"
    r"|(no such|unknown|invalid) model",
    re.IGNORECASE | re.DOTALL,
)


class Failure(NamedTuple):
    """A request that failed before its first frame.

    `transient`: trying again can help, also elsewhere; `again`: this call may ask the same endpoint once more, after
    the `wait` seconds that it asks for. `said` is the body of a refusal that may be about a field of the request.
    """

    message: str
    transient: bool = False
    again: bool = False
    wait: float | None = None
    kind: Kind = "other"
    said: str = ""


def passing(message: str, wait: float | None = None) -> Failure:
    """A failure that may not happen the next time."""
    return Failure(message, transient=True, again=True, wait=wait)


class Told(NamedTuple):
    """An error as a server words it."""

    text: str
    marks: str  # its type and code, in lower case
    tokens: str  # how many the prompt has and how many fit, where it says that


def told(body: str, secrets: Iterable[str]) -> Told:
    """Read the body of a refusal: an error object in one of the usual shapes, or plain words."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return Told(plain_line(body, secrets), "", "")
    if isinstance(value, list) and value:
        value = value[0]
    error = value.get("error", value) if isinstance(value, dict) else value
    if not isinstance(error, dict):
        return Told(plain_line(error if isinstance(error, str) else body, secrets), "", "")
    words = next((error[key] for key in ("message", "detail", "error", "msg") if error.get(key)), None)
    text = words if isinstance(words, str) else json.dumps(error if words is None else words)
    marks = " ".join(str(error[key]) for key in ("type", "code", "status") if error.get(key) is not None)
    has, fits = error.get("n_prompt_tokens"), error.get("n_ctx")
    tokens = f"{has} tokens, {fits} fit" if _is_count(has) and _is_count(fits) else ""
    return Told(plain_line(text, secrets), plain_line(marks, secrets).lower(), tokens)


def _is_count(value: Json) -> bool:
    return type(value) is int and 0 <= value < 1 << 53


def plain_line(text: str, secrets: Iterable[str] = (), most: int = SHOWN) -> str:
    """A server's words as one printable line without secrets."""
    line = " ".join(without(text, secrets)[: most * 20].split())
    return "".join(each if each.isprintable() else "?" for each in line)[:most]


def of_status(where: str, status: int, headers: Mapping[str, str], body: str, secrets: Iterable[str]) -> Failure:
    """What an answer with another status than 200 means; `where` names the endpoint."""
    what = told(body, secrets)
    html = "html" in headers.get("content-type", "").lower() or body.lstrip()[:9].lower().startswith(
        ("<!doctype", "<html")
    )
    said = f"{where}: answered {status}" + (f": {what.text}" if what.text and not html else "")
    evidence = f"{what.marks} {what.text}"
    wait = retry_after(headers)
    match status:
        case 401 | 403:
            return Failure(f"{said}; is the API key right and not expired? (api_key= or OPENAI_API_KEY)", kind="key")
        case 429:
            if "insufficient_quota" in evidence:
                return Failure(f"{said}; the account has no quota left", kind="rate")
            return passing(f"{said}; send fewer requests at a time, or wait", wait)._replace(kind="rate")
        case 400 | 413 | 422 if status == 413 or CONTEXT.search(evidence):
            size = f" ({what.tokens})" if what.tokens else ""
            return Failure(
                f"{said}; prompt and max_tokens do not fit into the model's context{size}: "
                "shorten the prompt, lower max_tokens or serve the model with a larger context",
                kind="context",
                said=body[:SAID],
            )
        case 400 | 404 | 422 if MODEL.search(evidence):
            return Failure(said, kind="model", said=body[:SAID])
        case 404 | 405 | 501:
            return Failure(f"{said}; is this an OpenAI-compatible server, and is base_url right?", kind="path")
        case 400 | 422:
            return Failure(said, said=body[:SAID])
        case _ if 300 <= status < 400:
            return Failure(f"{where}: answered {status}, it redirects; give the address that it leads to", kind="path")
        case _:
            return passing(said, wait) if status in TRANSIENT else Failure(said)


def of_frame(where: str, error: Json, secrets: Iterable[str]) -> Failure:
    """What an error inside an answer means: a frame with `error`, or an answer 200 that holds one."""
    what = told(json.dumps({"error": error}), secrets)
    evidence = f"{what.marks} {what.text}"
    said = f"{where}: the server reports {what.text or 'an error'}"
    if CONTEXT.search(evidence):
        size = f" ({what.tokens})" if what.tokens else ""
        return Failure(
            f"{said}; prompt and max_tokens do not fit into the model's context{size}: "
            "shorten the prompt, lower max_tokens or serve the model with a larger context",
            kind="context",
        )
    marks = set(what.marks.split())
    again = bool(marks & PASSING) or any(
        each.isascii() and each.isdecimal() and int(each[:4]) in TRANSIENT for each in marks
    )
    return passing(said) if again else Failure(said)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a server asks to wait: `retry-after-ms`, or `retry-after` as seconds or as a date."""
    try:
        if "retry-after-ms" in headers:
            return _at_least_0(float(headers["retry-after-ms"]) / 1_000)
        value = headers.get("retry-after", "")
        if not value:
            return None
        try:
            return _at_least_0(float(value))
        except ValueError:
            return _at_least_0(parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


def _at_least_0(seconds: float) -> float | None:
    return max(seconds, 0.0) if seconds == seconds else None  # noqa: PLR0124  (not a number)


def no_stream(where: str, kind: str, secrets: Iterable[str] = ()) -> Failure:
    """What an answer of another kind means where an event stream was due."""
    what = "a web page (HTML)" if "html" in kind.lower() else plain_line(kind, secrets, 60)
    return Failure(
        f"{where}: answered {what} where an event stream is due; is this an OpenAI-compatible server, and is base_url "
        "right?",
        kind="path",
    )


def timed_out(where: str, what: str, option: str) -> Failure:
    """A server that was silent for too long; it is not asked again within the same call."""
    return Failure(f"{where}: Timeout: {what}; raise {option}= if the server is only slow", transient=True)


def unreached(where: str, error: httpx2.HTTPError, secrets: Iterable[str], *, connect: float, first: float) -> Failure:
    """What an error means that came before any answer."""
    if isinstance(error, httpx2.ConnectTimeout):
        return passing(f"{where}: Timeout: no connection within {connect:g} s")
    if isinstance(error, httpx2.TimeoutException):
        return timed_out(where, f"no answer for {first:g} s", "first_timeout")
    said = plain_line(one_line(error), secrets)
    if isinstance(error, httpx2.ConnectError):
        if "CERTIFICATE_VERIFY" in said:
            return Failure(f"{where}: cannot be trusted ({said}); SSL_CERT_FILE names further certificates")
        if "SSL" in said or "TLS" in said:
            return Failure(f"{where}: cannot be reached ({said}); does it speak https, or http?")
        known = "Errno -" not in said and "getaddrinfo" not in said
        hint = "is the server running, and are host and port right?" if known else "there is no host of this name"
        return passing(f"{where}: cannot be reached ({said}); {hint}")
    return passing(f"{where}: broke off before it answered ({said})")
