"""Messages as the raw prompt that a model was trained on: by the server, by a Jinja template, or by a function."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import anyio
import anyio.to_thread

from ...errors import SourceError, UsageError, one_line
from ...records.json import Json
from .refusals import plain_line
from .transport import Transport

Message: TypeAlias = Mapping[str, Json]
"""A message of a chat: `role`, `content`, and whatever else the template reads."""

Template: TypeAlias = str | Callable[[Sequence[Message]], str | Awaitable[str]]
"""The text of a Jinja template, as models bring it, or a function from messages to the prompt."""

SECONDS = 10.0
"""Seconds that a template may take; it is killed after that. Loading Jinja is part of it."""

LARGEST = 16 << 20
"""Bytes of template, messages and variables together, and of the prompt."""

CHILD = Path(__file__).with_name("rendering.py")


async def render(
    messages: Sequence[Message],
    *,
    server: Transport | None = None,
    template: Template | None = None,
    variables: Mapping[str, Json] | None = None,
) -> str:
    """The prompt for `messages`, up to where the assistant begins to write.

    A template that is given is used; without one the server is asked, which only llama.cpp answers. A Jinja template
    is rendered in a process of its own, in Jinja's sandbox, within ten seconds and one GiB. It sees `messages`,
    `add_generation_prompt` and `variables`, for example `bos_token` or `enable_thinking`.

    Raises `UsageError` for a template that cannot be rendered, and where there is none; `SourceError` where the server
    that is to render it fails.
    """
    if not messages:
        raise UsageError("messages: expected at least one")
    for message in messages:
        if not isinstance(message, Mapping) or not isinstance(message.get("role"), str):
            raise UsageError(f"messages: expected mappings with a role and a content, got {message!r:.60}")
    if template is None:
        return await _by_server(messages, server, variables or {})
    if isinstance(template, str):
        values = {"add_generation_prompt": True, **(variables or {})}
        return await anyio.to_thread.run_sync(_in_child, template, messages, values, abandon_on_cancel=True)
    try:
        prompt = template(messages)
        if inspect.isawaitable(prompt):
            prompt = await prompt
    except Exception as error:
        raise UsageError(f"template: the function raised {one_line(error)}") from error
    if not isinstance(prompt, str):
        raise UsageError(f"template: expected text from the function, got {type(prompt).__name__}")
    return prompt


async def _by_server(messages: Sequence[Message], server: Transport | None, variables: Mapping[str, Json]) -> str:
    if server is None:
        raise UsageError("template: expected one, or an open source whose server can render messages (llama.cpp)")
    body: dict[str, Json] = {"messages": list(messages), **({"chat_template_kwargs": variables} if variables else {})}
    try:
        answer = await server.post_json("/apply-template", body)
    except SourceError as error:
        if error.transient:
            raise
        raise UsageError(
            f"{error}; only llama.cpp renders messages itself (/apply-template), any other server needs template=, the "
            "model's chat template"
        ) from error
    prompt = answer.get("prompt") if isinstance(answer, Mapping) else None
    if not isinstance(prompt, str) or not prompt:
        name = server.endpoints[0].shows("/apply-template")
        got = plain_line(str(answer), server.secrets, 80)
        raise UsageError(f"{name}: expected a prompt, got {got!r}; give template=")
    return prompt


def _in_child(template: str, messages: Sequence[Message], values: Mapping[str, Json]) -> str:
    """Render in a process that can be killed. Blocks."""
    try:
        told = json.dumps({"template": template, "messages": list(messages), "values": values})
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"messages: expected JSON data ({one_line(error)})") from None
    if len(told) > LARGEST:
        raise UsageError(f"template: it and the messages have more than {LARGEST >> 20} MiB")
    command = [sys.executable, "-P", str(CHILD), str(LARGEST)]
    try:
        done = subprocess.run(  # noqa: S603  (our own file, the template is its input)
            command, input=told.encode(), capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise UsageError(f"template: it was not rendered within {SECONDS:g} s") from None
    except OSError as error:
        raise UsageError(f"template: no process to render it in ({one_line(error)})") from error
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        raise UsageError("template: rendering it took too much memory or time") from None
    if "error" in answer:
        raise UsageError(f"template: {plain_line(str(answer['error']))}")
    return str(answer["prompt"])
