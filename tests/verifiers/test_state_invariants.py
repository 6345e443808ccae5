"""State that a text gives as JSON: a schema, a model, rules; and whatever else the text may hold."""

from __future__ import annotations

import json

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from midtrace import Pass, Span, UsageError, Verdict, View, Violation
from midtrace.extractors import JsonObjects, JsonValue
from midtrace.testing import check_extractor, check_verifier
from midtrace.verifiers import StateInvariants

SCHEMA = {
    "type": "object",
    "properties": {"total": {"type": "number", "minimum": 0}, "items": {"type": "array"}},
    "required": ["total"],
}


class Order(pydantic.BaseModel):
    total: float
    items: list[str] = []


RULES = StateInvariants(rules={"sum": "total == net + tax", "open": "status == 'open' implies total < 100"})


def judge(verifier: StateInvariants, text: str) -> Verdict:
    return verifier.check(JsonObjects().extract(View(text, 10)) or ())


def wrong(verifier: StateInvariants, text: str) -> list[str]:
    verdict = judge(verifier, text)
    assert isinstance(verdict, Violation)
    return [each.message for each in (verdict, *verdict.also)]


def test_a_schema_is_kept() -> None:
    verifier = StateInvariants(SCHEMA)
    assert judge(verifier, 'The order is {"total": 3, "items": []}.') == Pass(checked=1)
    assert wrong(verifier, '{"total": -3, "items": 1}') == [
        "total: -3 is less than the minimum of 0",
        "items: 1 is not of type 'array'",
    ]


def test_a_model_is_kept() -> None:
    verifier = StateInvariants(model=Order)
    assert judge(verifier, '{"total": 3}') == Pass(checked=1)
    (message,) = wrong(verifier, '{"total": 3, "items": [1]}')
    assert message == "items.0: Input should be a valid string"


def test_rules_are_exact() -> None:
    assert judge(RULES, '{"total": 0.3, "net": 0.1, "tax": 0.2}') == Pass(checked=1)
    assert wrong(RULES, '{"total": 0.31, "net": 0.1, "tax": 0.2}') == [
        "sum does not hold: total is 0.31, net is 0.1, tax is 0.2"
    ]


def test_texts_are_in_quotes() -> None:
    assert judge(RULES, '{"status": "closed", "total": 200}') == Pass(checked=1)
    assert wrong(RULES, '{"status": "open", "total": 200}') == ["open does not hold: status is open, total is 200"]


def test_a_rule_about_what_is_not_there_says_nothing() -> None:
    assert judge(RULES, '{"other": 1}') == Pass(checked=1)
    deep = StateInvariants(rules={"first": "order.items.0.price <= order.total"})
    assert judge(deep, '{"order": {"total": 3}}') == Pass(checked=1)
    assert wrong(deep, '{"order": {"total": 3, "items": [{"price": 4}]}}') == [
        "first does not hold: order.items.0.price is 4, order.total is 3"
    ]


def test_what_cannot_be_worked_out_does_not_hold() -> None:
    assert wrong(RULES, '{"total": "12", "net": 10, "tax": 2}')[0].startswith("sum does not hold")
    assert wrong(RULES, '{"total": 1, "net": "9e999999999", "tax": 2}')[0].startswith("sum cannot be worked out")


def test_rules_may_be_functions() -> None:
    verifier = StateInvariants(
        rules={"few": lambda state: len(state["items"]) < 3, "named": lambda state: state["why"]}
    )
    assert wrong(verifier, '{"items": [1, 2, 3], "why": "no reason"}') == ["few does not hold", "no reason"]


def test_rules_are_not_asked_of_what_has_not_its_shape() -> None:
    verifier = StateInvariants(SCHEMA, rules={"raises": lambda state: state["nothing"]})
    assert wrong(verifier, '{"total": "x"}') == ["total: 'x' is not of type 'number'"]


def test_no_reference_is_fetched() -> None:
    """A port where nobody listens would be refused in another way."""
    verifier = StateInvariants({"$ref": "http://127.0.0.1:9/schema.json"})
    with pytest.raises(Exception, match="Unresolvable"):
        judge(verifier, "{}")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "expected a schema, a model or rules"),
        ({"schema": {"type": "thing"}}, "schema: type: 'thing' is not valid under any of the given schemas"),
        ({"rules": {"r": "a +"}}, "rule 'r': character 4: expected a value"),
        ({"rules": {"r": 3}}, "rule 'r': expected text or a function, got 3"),
    ],
)
def test_what_is_no_invariant_is_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError) as raised:
        StateInvariants(**arguments)  # type: ignore[arg-type]
    assert message in str(raised.value)


documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.lists(st.dictionaries(st.text(max_size=3), documents, max_size=3), max_size=4), st.text("abc \n}]", max_size=9)
)
def test_whole_objects_are_read_wherever_they_stand(objects: list[dict[str, object]], between: str) -> None:
    text = between
    spans = []
    for each in objects:
        document = json.dumps(each)
        spans.append(Span(len(text), len(text) + len(document)))
        text += document + between
    found = JsonObjects().extract(View(text)) or ()
    assert [value.value for value in found] == objects
    assert [value.span for value in found] == spans


@pytest.mark.parametrize("text", ['{"a": 1', "{'a': 1}", '{"a": NaN}', '{"a": 1,}', "{" + "9" * 10 + "}", "[1, 2]"])
def test_what_is_not_whole_is_left_out(text: str) -> None:
    assert JsonObjects().extract(View(text)) is None


def test_objects_inside_what_is_broken_are_read() -> None:
    (value,) = JsonObjects().extract(View('{oops {"a": 1}')) or ()
    assert value == JsonValue({"a": 1}, Span(6, 14))
    assert JsonObjects(lists=True, last=True).extract(View('{"a": 1} [2]')) == (JsonValue([2], Span(9, 12)),)


def test_conformance() -> None:
    check_verifier(
        RULES,
        passes=[(JsonValue({"total": 3, "net": 1, "tax": 2}, Span(0, 9)),)],
        violates=[(JsonValue({"total": 4, "net": 1, "tax": 2}, Span(0, 9)),)],
        hostile=[(JsonValue({str(n): n for n in range(50_000)}, Span(0, 9)),)],
    )
    check_extractor(
        JsonObjects(lists=True),
        examples={'a {"b": 1} c': (JsonValue({"b": 1}, Span(2, 10)),), "none": None},
        hostile=['{"a":', "[", '{"a": [1, ', '{"a": 1} ', "[[1],", '{"', "[1e999, "],
        longest=30_000,
    )
