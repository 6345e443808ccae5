"""Messages become the raw prompt: by a template, a function or the server; a template is hostile data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

import midtrace as mt
from midtrace.sources.completions import Completions
from midtrace.sources.http import templates
from midtrace.sources.http.templates import Message, render
from midtrace.sources.http.transport import Transport

from .fault_server import Asked, Reply, serving

MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "caf\u00e9 & <b>"}]
CHATML = """\
{%- for message in messages %}
{{- '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""
PROMPT = "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\ncaf\u00e9 & <b><|im_end|>\n<|im_start|>assistant\n"


async def test_a_template_as_models_bring_it() -> None:
    assert await render(MESSAGES, template=CHATML) == PROMPT
    assert await render(MESSAGES, template=CHATML, variables={"add_generation_prompt": False}) == PROMPT[:-22]
    fancy = (
        "{%- for m in messages %}{% if loop.index > 1 %}{% break %}{% endif %}{{ m | tojson }}{{ extra }}{% endfor %}"
    )
    assert await render(MESSAGES, template=fancy, variables={"extra": "!"}) == (
        '{"role": "system", "content": "Be brief."}!'
    )
    assert len(await render(MESSAGES, template="{{ strftime_now('%Y') }}")) == 4


BAD = {
    "syntax": ("{% if %}", "template: line 1: TemplateSyntaxError: Expected an expression"),
    "its own refusal": ("{{ raise_exception('roles must alternate') }}", "template: TemplateError: roles must altern"),
    "an unknown filter": ("{{ messages | nope }}", "template: line 1: TemplateAssertionError: No filter named 'nope'"),
    "undefined": ("{{ messages[9].content.text }}", "template: UndefinedError"),
    "an escape": ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "template: SecurityError"),
    "a change": ("{{ messages.append(1) }}", "template: SecurityError"),
    "another file": ("{% include 'x' %}", "template: TypeError: no loader"),
    "much memory": ("{{ 'x' * 10 ** 10 }}", "template: it takes too much memory"),
    "much text": (
        "{% for n in range(99999) %}{{ 'x' * 9999 }}{% endfor %}",
        "ValueError: the prompt has more",
    ),
    "depth": ("{{ " + "(" * 5_000 + "1" + ")" * 5_000 + " }}", "template: (it is nested too deeply|rendering it took)"),
}


@pytest.mark.parametrize("case", BAD)
async def test_what_cannot_be_rendered_is_one_clear_line(case: str) -> None:
    template, match = BAD[case]
    with pytest.raises(mt.UsageError, match=match) as caught:
        await render(MESSAGES, template=template)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300


async def test_a_template_without_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(templates, "SECONDS", 1.0)
    endless = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    with pytest.raises(mt.UsageError, match="it was not rendered within 1 s"):
        await render(MESSAGES, template=endless)


async def test_a_function_is_a_template() -> None:
    def plainly(messages: Sequence[Message]) -> str:
        return "\n".join(str(message["content"]) for message in messages)

    async def later(messages: Sequence[Message]) -> str:
        return "later"

    def broken(messages: Sequence[Message]) -> str:
        raise KeyError("role")

    assert await render(MESSAGES, template=plainly) == "Be brief.\ncaf\u00e9 & <b>"
    assert await render(MESSAGES, template=later) == "later"
    with pytest.raises(mt.UsageError, match="template: the function raised KeyError: 'role'"):
        await render(MESSAGES, template=broken)
    nothing: Any = lambda messages: None  # noqa: E731
    with pytest.raises(mt.UsageError, match="template: expected text from the function, got NoneType"):
        await render(MESSAGES, template=nothing)


async def test_llama_cpp_renders_itself() -> None:
    def applied(asked: Asked) -> Any:
        return {"prompt": f"{len(asked.body['messages'])} {asked.body.get('chat_template_kwargs')}"}

    with serving(others={"/apply-template": applied}) as site:
        async with Completions(f"{site.url}/v1") as source:
            assert await source.prompt(MESSAGES) == "2 None"
            assert await source.prompt(MESSAGES, enable_thinking=False) == "2 {'enable_thinking': False}"
        async with Completions(site.url, template=CHATML) as source:
            assert await source.prompt(MESSAGES) == PROMPT, "what is given is used"


async def test_where_nobody_can_render() -> None:
    with serving() as site:
        async with Transport(site.url) as server:
            with pytest.raises(mt.UsageError, match=r"/apply-template: answered 404.*; only llama.cpp renders"):
                await render(MESSAGES, server=server)
    with serving(others={"/apply-template": Reply(body={"error": {"message": "bad template"}}, status=400)}) as site:
        async with Transport(site.url) as server:
            with pytest.raises(mt.UsageError, match="answered 400: bad template"):
                await render(MESSAGES, server=server)
    with serving(others={"/apply-template": {"text": "x"}}) as site:
        async with Transport(site.url) as server:
            with pytest.raises(mt.UsageError, match="/apply-template: expected a prompt, got"):
                await render(MESSAGES, server=server)
    with pytest.raises(mt.UsageError, match="template: expected one, or an open source"):
        await Completions("http://host").prompt(MESSAGES)


async def test_what_is_no_message_is_refused() -> None:
    nonsense: Any
    for nonsense in ([], ["hi"], [{"content": "no role"}]):
        with pytest.raises(mt.UsageError, match="messages: expected"):
            await render(nonsense, template=CHATML)
    strange: Any = [{"role": "user", "content": {1, 2}}]
    with pytest.raises(mt.UsageError, match="messages: expected JSON data"):
        await render(strange, template=CHATML)
