"""The schemas in `docs/` describe exactly what runs write: no field more, no field less, and nothing else passes."""

from __future__ import annotations

import copy
import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

import pytest
from jsonschema import Draft202012Validator

import midtrace as mt
from midtrace import certificate, ledger
from midtrace.records import dump, outcome_record
from midtrace.testing import InlineEngine, ManualEngine, Scripted
from midtrace.triggers import Trigger

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "records.md").read_text(encoding="utf-8")


# The schemas


class Schema(NamedTuple):
    """A schema, where it lies, and the version of documents that it must describe."""

    path: Path
    name: str
    body: dict[str, Any]

    def at(self, pointer: str) -> dict[str, Any]:
        """The part under `$defs`, or all of it for an empty pointer."""
        part: dict[str, Any] = self.body["$defs"][pointer] if pointer else self.body
        return part

    def property(self, pointer: str, name: str) -> dict[str, Any]:
        """One property, with the definition that it refers to filled in."""
        given: dict[str, Any] = self.at(pointer)["properties"][name]
        reference = given.get("$ref", "").rpartition("/")[2]
        return {**self.at(reference), **given} if reference else given

    def errors(self, document: object) -> list[str]:
        return [f"{each.json_path}: {each.message}" for each in Draft202012Validator(self.body).iter_errors(document)]


@cache
def schema(kind: str) -> Schema:
    name = {"certificate": certificate.SCHEMA, "ledger": ledger.SCHEMA}[kind]
    path = DOCS / "schemas" / f"{name.removeprefix('midtrace.').replace('/', '-')}.schema.json"
    assert path.exists(), f"{name} has no schema: expected {path.relative_to(DOCS.parent)}"
    return Schema(path, name, json.loads(path.read_text(encoding="utf-8")))


KINDS = ("certificate", "ledger")

DESCRIBED: list[tuple[str, str, type, frozenset[str]]] = [
    ("certificate", "", mt.Certificate, frozenset()),
    ("certificate", "attested", certificate.Attested, frozenset()),
    ("certificate", "row", certificate.Row, frozenset()),
    ("certificate", "injected", certificate.Injected, frozenset()),
    ("ledger", "", mt.Ledger, frozenset({"added_seconds"})),
    ("ledger", "fork", mt.ForkCost, frozenset()),
]
"""Which class each part of a schema describes, and what is written beside its fields."""

JSON_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean", tuple: "array"}


@pytest.mark.parametrize("kind", KINDS)
def test_schemas_are_valid_and_versioned(kind: str) -> None:
    found = schema(kind)

    Draft202012Validator.check_schema(found.body)
    assert found.body["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert found.body["properties"]["schema"]["const"] == found.name
    assert found.body["$id"] == f"urn:midtrace:schema:{kind}:{found.name.rpartition('/')[2]}"


@pytest.mark.parametrize(("kind", "pointer", "described", "derived"), DESCRIBED)
def test_every_field_is_described_and_the_other_way_round(
    kind: str, pointer: str, described: type[Any], derived: frozenset[str]
) -> None:
    found = schema(kind)
    written = {each.name for each in dataclasses.fields(described)} | derived
    known = set(found.at(pointer)["properties"])
    file = f"{found.path.relative_to(DOCS.parent)}{f' under $defs/{pointer}' if pointer else ''}"

    assert written == known, (
        f"{described.__name__} and {file} differ: not in the schema {sorted(written - known)}, only in the schema "
        f"{sorted(known - written)}. If no release has shipped {found.name} yet, change the schema: `properties` with "
        f"a description and its unit, and `required`. If one has, bump SCHEMA in the module of {described.__name__} "
        f"and write the schema of the new version beside the old one, which stays as it is. Then renew the example in "
        f"docs/records.md from `midtrace demo --json`."
    )


@pytest.mark.parametrize(("kind", "pointer", "described", "derived"), DESCRIBED)
def test_types_and_choices_are_those_of_the_class(
    kind: str, pointer: str, described: type[Any], derived: frozenset[str]
) -> None:
    for name, hint in get_type_hints(described).items():
        if name not in {each.name for each in dataclasses.fields(described)}:
            continue
        told = schema(kind).property(pointer, name)
        if get_origin(hint) is Literal:
            assert tuple(told["enum"]) == get_args(hint), name
        elif "const" not in told:
            assert told["type"] == JSON_TYPES[get_origin(hint) or hint], name
    assert all(isinstance(getattr(described, name), property) for name in derived)


@pytest.mark.parametrize(("kind", "pointer"), [each[:2] for each in DESCRIBED])
def test_objects_are_closed_and_properties_explained(kind: str, pointer: str) -> None:
    part = schema(kind).at(pointer)

    assert part["additionalProperties"] is False
    assert part["required"] == list(part["properties"]), "every property is always there, in this order"
    for name, told in part["properties"].items():
        assert told["description"].endswith("."), name
        if name.endswith("_seconds"):
            assert "econds" in told["description"], name
        if name in ("start", "end", "length", "detection_lag") or name.endswith("_characters"):
            assert "haracters" in told["description"], name


# What runs write


@mt.verifier
def rule(line: str) -> mt.Verdict:
    """Lines with an X are wrong, and lines with a question mark are too much for it."""
    if "?" in line:
        raise ZeroDivisionError("a question")
    if "X" not in line:
        return mt.Pass(checked=2)
    return mt.Violation("there is an X", hint="x", correction=line.strip().replace("X", "x"))


class Case(NamedTuple):
    status: str
    source: Scripted
    policy: mt.Policy = mt.Rollback()
    limits: mt.Limits = mt.Limits()
    answered: bool = True
    on: Trigger = mt.every_line()


def cases() -> dict[str, Case]:
    """Runs that end in every way, with everything that midtrace may write into a text."""
    bad = "one\nX\nthree\n"
    return {
        "nothing wrong": Case("verified", Scripted("one\ntwo\n")),
        "corrected": Case("verified", Scripted(bad, "three\n"), mt.Rollback(repair="correct")),
        "corrected twice": Case("verified", Scripted(bad, bad, "end"), mt.Rollback(repair="correct")),
        "noted": Case("verified", Scripted(bad, "two\nthree\n")),
        "tried again": Case("verified", Scripted(bad, "two\n"), mt.Rollback(repair="resample")),
        "retried after a fault": Case("verified", Scripted(["on", mt.SourceError("reset", transient=True)], "e\n")),
        "surrogate": Case("verified", Scripted("\ud800 \U0001f600\n")),
        "wrong text kept": Case("unverified", Scripted(bad, "three\n"), mt.Rollback(to="checkpoint")),
        "observed": Case("unverified", Scripted(bad), mt.Observe()),
        "not decided": Case("unverified", Scripted("one\ntwo?\n")),
        "not decided, let pass": Case("verified", Scripted("one?\n"), mt.Rollback(on_unknown="pass")),
        "another phase skipped": Case(
            "verified", Scripted("<think>\nX\n</think>\none\n"), on=mt.every_line().within("answer")
        ),
        "closed": Case("unverified", Scripted(bad, "answer\n"), mt.Stop(closing="So:\n")),
        "abstained": Case("abstained", Scripted(bad), mt.Abstain()),
        "no repair helped": Case("abstained", Scripted("X\n")),
        "rollbacks spent": Case("exhausted", Scripted(bad), limits=mt.Limits(rollbacks=0)),
        "characters spent": Case("exhausted", Scripted(bad), limits=mt.Limits(characters=5), answered=False),
        "source broke": Case("failed", Scripted(["one\n", ValueError("no")])),
        "source said nothing": Case("failed", Scripted([])),
        "source gave no reason": Case("failed", Scripted([mt.SourceError("")])),
    }


CASES = list(cases())


async def outcome_of(name: str) -> mt.Outcome:
    case = cases()[name]
    runtime = mt.Runtime(InlineEngine() if case.answered else ManualEngine())
    words = mt.Monitor("no-x", on=case.on, verify=rule, policy=case.policy)
    monitors = [words, mt.Monitor("ends", on=mt.at_end(), verify=lambda text: None, required=False)]
    outcome = await runtime.generate(case.source, "P", monitors=monitors, limits=case.limits)
    assert outcome.status == case.status, outcome.reason
    return outcome


async def document_of(name: str) -> dict[str, Any]:
    """The document as a reader gets it, through JSON."""
    return read(await outcome_of(name))


def read(outcome: mt.Outcome) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(dump(outcome_record(outcome)))
    return document


@pytest.mark.parametrize("name", CASES)
async def test_what_a_run_writes_fits(name: str) -> None:
    document = await document_of(name)

    for kind in KINDS:
        assert schema(kind).errors(document[kind]) == []
        assert list(document[kind]) == schema(kind).body["required"]
        assert next(iter(document[kind])) == "schema"


async def test_the_runs_show_all_that_the_schema_allows() -> None:
    """Else a choice in the schema could be wrong, and no test would see it."""
    written = [(await document_of(name))["certificate"] for name in CASES]

    seen = {
        ("", "status"): {each["status"] for each in written},
        ("row", "verdict"): {row["verdict"] for each in written for row in each["rows"]},
        ("injected", "origin"): {part["origin"] for each in written for part in each["injected"]},
    }
    for (pointer, name), values in seen.items():
        assert values == set(schema("certificate").property(pointer, name)["enum"])


@pytest.mark.parametrize("name", CASES)
async def test_what_a_schema_cannot_say(name: str) -> None:
    """Offsets lie inside the text and in order, hashes are those of the text, sums add up."""
    outcome = await outcome_of(name)
    document = read(outcome)
    told, cost = document["certificate"], document["ledger"]

    assert told["text_sha256"] == certificate.digest(outcome.text)
    assert told["prompt_sha256"] == certificate.digest("P")
    assert told["length"] == len(outcome.text)
    names = [each["name"] for each in told["monitors"]]
    rows = [(names.index(row["monitor"]), row["start"], row["end"]) for row in told["rows"]]
    assert rows == sorted(rows)
    assert all(0 <= start <= end <= told["length"] for _, start, end in rows)
    edges = [edge for part in told["injected"] for edge in (part["start"], part["end"])]
    assert edges == sorted(edges)
    assert all(part["start"] < part["end"] <= told["length"] for part in told["injected"])
    assert cost["interventions"] == len(outcome.interventions)
    parts = ("handling_seconds", "settling_seconds", "restarting_seconds")
    assert cost["added_seconds"] == pytest.approx(sum(cost[part] for part in parts))


@pytest.mark.asyncio(loop_scope="session")
async def test_a_run_on_real_workers_fits(local: mt.Runtime) -> None:
    source = Scripted("12 * 7 = 84\n143 + 37 = 510\nDone.\n", "Done.\n", size=5)

    document = read(await local.generate(source, "P", monitors=[mt.monitors.arithmetic()]))

    assert [schema(kind).errors(document[kind]) for kind in KINDS] == [[], []]
    assert document["ledger"]["check_seconds"] > 0
    assert document["certificate"]["monitors"][0]["verifier"] == "midtrace.verifiers.arithmetic.Arithmetic"


# What must not pass


FREE = {"reason", "message", "midtrace", "version", "extractor", "verifier", "name", "monitor"}
"""Strings that may say anything."""


def damaged(document: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Copies of a document with one thing wrong each, and what that is."""
    match document:
        case dict():
            yield f"{key} as a list", [document]
            yield f"{key} with a field too many", {**document, "more": 1}
            for name, value in document.items():
                yield f"without {name}", {other: each for other, each in document.items() if other != name}
                for what, wrong in damaged(value, name):
                    yield what, {**document, name: wrong}
        case list():
            yield f"{key} as an object", {"0": document}
            yield f"{key} with a null", [*document, None]
            for index, value in enumerate(document):
                for what, wrong in damaged(value, f"{key}[{index}]"):
                    yield what, [*document[:index], wrong, *document[index + 1 :]]
        case bool():
            yield from ((f"{key} as {wrong!r}", wrong) for wrong in (None, 1, "true"))
        case int():
            yield from ((f"{key} as {wrong!r}", wrong) for wrong in (None, -1, document + 0.5, str(document), True))
        case float():
            yield from ((f"{key} as {wrong!r}", wrong) for wrong in (None, -0.5, str(document), True))
        case str():
            yield from ((f"{key} as {wrong!r}", wrong) for wrong in (None, 1, [document]))
            if key not in FREE:
                yield f"{key} with other words", f"{document}!"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CASES)
async def test_a_damaged_document_is_rejected(name: str, kind: str) -> None:
    document = (await document_of(name))[kind]
    tried = 0
    for what, wrong in damaged(document):
        assert schema(kind).errors(wrong), what
        tried += 1
    assert tried > 80


def changed(document: Mapping[str, Any], *path: str | int, to: object) -> Any:
    wrong: Any = copy.deepcopy(document)
    *way, last = path
    place = wrong
    for step in way:
        place = place[step]
    place[last] = to
    return wrong


async def test_what_contradicts_itself_is_rejected() -> None:
    good = (await document_of("corrected"))["certificate"]
    observed = (await document_of("observed"))["certificate"]
    at = next(n for n, row in enumerate(observed["rows"]) if row["verdict"] == "violation")
    skipping = (await document_of("another phase skipped"))["certificate"]
    left = next(n for n, row in enumerate(skipping["rows"]) if row["verdict"] == "skipped")
    refuses = schema("certificate").errors

    assert refuses(changed(good, "rows", 0, "message", to="wrong all the same")), "a pass has no message"
    assert refuses(changed(observed, "rows", at, "claims", to=1)), "a violation decides no claim as right"
    assert refuses(changed(observed, "rows", at, "checks", to=2)), "a violation has a row of its own"
    assert refuses(changed(good, "rows", 0, "checks", to=0)), "a pass without a check"
    assert refuses(changed(skipping, "rows", left, "checks", to=1)), "nobody checks what is skipped"
    assert refuses(changed(skipping, "rows", left, "message", to="why"))
    assert refuses(changed(good, "monitors", 0, "required", to=False)), "verified, and nothing was required"
    assert refuses(changed(good, "monitors", to=[])), "nobody looked"
    assert refuses(changed(good, "rows", to=[])), "verified without a row"
    assert refuses(changed(good, "length", to=0)), "verified without a text"
    assert refuses(changed(good, "injected", 0, "origin", to="generated")), "the source's own text is not injected"
    assert refuses(changed(good, "text_sha256", to=good["text_sha256"].upper()))
    assert refuses(changed(good, "schema", to="midtrace.certificate/2"))
    assert refuses((await document_of("corrected"))["ledger"]), "another document"


# The page


def test_the_example_of_the_page_is_a_real_document() -> None:
    """Its certificate and ledger fit the schemas, and its text is the one that the certificate speaks of."""
    blocks = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)
    (text,) = [body.removesuffix("\n") for kind, body in blocks if kind == "text"]
    shown = [json.loads(body) for kind, body in blocks if kind == "json"]

    assert [each["schema"] for each in shown] == [certificate.SCHEMA, ledger.SCHEMA]
    for kind, document in zip(KINDS, shown, strict=True):
        assert schema(kind).errors(document) == [], (
            "the example in docs/records.md is out of date: put in the documents that `midtrace demo --json` prints"
        )
    assert shown[0]["text_sha256"] == certificate.digest(text)
    assert shown[0]["length"] == len(text)
    for row in shown[0]["rows"]:
        assert (row["start"], row["end"], row["verdict"]) == (0, len(text), "pass")


def test_the_page_names_every_field() -> None:
    for kind, pointer, *_ in DESCRIBED:
        for name in schema(kind).at(pointer)["properties"]:
            assert f"`{name}`" in PAGE, f"docs/records.md does not explain `{name}` of the {kind}"


def test_the_links_of_the_page_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", PAGE):
        assert (DOCS / target).exists(), target
