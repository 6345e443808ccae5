"""Addresses: what they lead to, and what of them may be shown."""

from __future__ import annotations

import base64

import pytest

import midtrace as mt
from midtrace.sources.chat import Chat
from midtrace.sources.completions import Completions
from midtrace.sources.http.endpoints import Credentials, Endpoint, without
from midtrace.sources.http.transport import Transport

ADDRESSES = {
    "http://127.0.0.1:8000": ("http://127.0.0.1:8000/v1/models", "http://127.0.0.1:8000/props"),
    "http://127.0.0.1:8000/": ("http://127.0.0.1:8000/v1/models", "http://127.0.0.1:8000/props"),
    "http://127.0.0.1:8000/v1": ("http://127.0.0.1:8000/v1/models", "http://127.0.0.1:8000/props"),
    "https://host/v1/": ("https://host/v1/models", "https://host/props"),
    "https://host/api/v1": ("https://host/api/v1/models", "https://host/api/props"),
    "https://host/proxy": ("https://host/proxy/v1/models", "https://host/proxy/props"),
    "https://host/v1beta/openai/": ("https://host/v1beta/openai/models", "https://host/props"),
    "https://[::1]:80/v1?version=5": ("https://[::1]:80/v1/models?version=5", "https://[::1]:80/props?version=5"),
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_where_an_address_leads(address: str) -> None:
    endpoint = Endpoint.at(address)
    assert (endpoint.url("/v1/models"), endpoint.url("/props")) == ADDRESSES[address]


SECRET = "https://user:pa55word@host:8443/v1?token=s3cret"


def test_nothing_secret_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-from-environment")
    endpoint = Endpoint.at(SECRET)
    source = Completions(SECRET, api_key="sk-argument", headers={"x-key": "sk-header"})
    credentials = Credentials.of(None, {"x-key": "sk-header"})

    assert endpoint.name == "host:8443"
    assert endpoint.shows("/v1/completions") == "host:8443/v1/completions"
    assert dict(credentials.headers)["authorization"] == "Bearer sk-from-environment"
    shown = f"{endpoint!r} {source!r} {source} {credentials!r} {Transport(SECRET, api_key='sk-argument')!r}"
    for secret in ("pa55word", "user", "s3cret", "sk-"):
        assert secret not in shown
    said = "wrong key sk-from-environment, sk-header, s3cret, pa55word"
    assert without(said, (*credentials.secrets, *endpoint.secrets)) == "wrong key ***, ***, ***, ***"


@pytest.mark.parametrize("make", [Completions, Chat])
def test_a_source_shows_its_endpoint_and_its_model_alone(make: type[Completions | Chat]) -> None:
    source = make(["http://user:PASSW0RD@host:1/v1", "http://other?key=s3cret"], model="m", api_key="sk-argument")
    assert repr(source) == f"{make.__name__}(Transport(host:1, other), model='m')"


def test_a_secret_is_hidden_however_it_is_told() -> None:
    endpoint = Endpoint.at("http://user:p%40ssw%22rd@host/v1?token=a%2Fb%2Fc")
    sent = base64.b64encode(b'user:p@ssw"rd').decode()
    for said in ("p%40ssw%22rd", 'p@ssw"rd', r"p@ssw\"rd", sent, "a/b/c", "a%2Fb%2Fc"):
        assert without(f"<{said}>", endpoint.secrets) == "<***>"
    credentials = Credentials.of("", {"Authorization": "Bearer sk-abcdefghijkl"})
    assert without("key: sk-abcdefghijkl.", credentials.secrets) == "key: ***."
    assert without("Bearer sk-abcde...", credentials.secrets) == "Bearer ***..."
    assert without("Bearer sk-abcd", credentials.secrets) == "Bearer sk-abcd", "seven characters tell nothing"


def test_no_key_is_sent_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert Credentials.of(None, {}).headers == ()
    assert Credentials.of(" sk-key\n", {}).headers == (("authorization", "Bearer sk-key"),)
    assert Credentials.of("sk-key", {"Authorization": "Basic x"}).headers == (("Authorization", "Basic x"),)


@pytest.mark.parametrize(
    "address", ["", "host:8000", "ftp://host", "http://", "http://host:port/pa55", "http://a b/", 7]
)
def test_what_is_no_address_is_refused_without_repeating_it(address: str) -> None:
    with pytest.raises(mt.UsageError, match="base_url: expected the address of a server, such as") as caught:
        Completions(address)
    assert "pa55" not in str(caught.value)


def test_other_arguments_that_are_none() -> None:
    with pytest.raises(mt.UsageError, match="the API key: expected printable ASCII"):
        Completions("http://host", api_key="schlüssel")
    with pytest.raises(mt.UsageError, match="at least one address"):
        Completions([])
    with pytest.raises(mt.UsageError, match=r"timeout=0.*: expected seconds above 0"):
        Completions("http://host", timeout=0)
    with pytest.raises(mt.UsageError, match=r"Completions\(api_key=\.\.\.\): expected text, or None"):
        Completions("http://host", api_key=b"secret")  # type: ignore[arg-type]
    with pytest.raises(mt.UsageError, match=r"Completions\(headers=\.\.\.\): expected texts by name"):
        Completions("http://host", headers={"token": b"secret"})  # type: ignore[dict-item]
    with pytest.raises(mt.UsageError, match=r"first_timeout='long'\): expected seconds above 0, or None"):
        Completions("http://host", first_timeout="long")  # type: ignore[arg-type]
    with pytest.raises(mt.UsageError, match="max_tokens=0"):
        Completions("http://host", max_tokens=0)
    with pytest.raises(mt.UsageError, match="expected texts, such as"):
        Completions("http://host", stop="END")
    with pytest.raises(mt.UsageError, match="logprobs=0"):
        Completions("http://host", logprobs=0)
