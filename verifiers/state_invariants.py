"""What must hold of structured state: a JSON Schema, a pydantic model, rules."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, TypeAlias

import pydantic

from midtrace import Pass, UsageError, Verdict, Violation
from midtrace.extractors import JsonValues, Term, TermError, Value, parse_term, variables_of
from midtrace.extractors.json_values import Json

from ._evaluation import Undefined, evaluate
from ._findings import in_text_order, together

MAX_FINDINGS = 10
"""Findings about one value; the rest can wait until these are mended."""

MAX_LEAVES = 10_000
"""Numbers, texts and truth values of one state that rules can name."""

JudgeOfState: TypeAlias = Callable[[Any], str | bool | None]
"""A rule in Python: None or True holds, False does not, a string says what is wrong."""


@dataclass(frozen=True, slots=True)
class StateInvariants:
    """Every value that a text states keeps a schema, a model and rules.

    Args:
        schema: A JSON Schema. Needs the package jsonschema: `pip install "midtrace[schema]"`.
        model: What pydantic validates: a model, a dataclass, a `TypedDict`.
        rules: By name: text such as `"total == net + tax"` over names and paths (`order.total`, `items.0.price`), with
            texts in quotes (`status != "open"`), or functions of the value. A rule in text about what a value does not
            have says nothing of it.

    Raises `UsageError` for a schema or a rule that is none, and where there is nothing to keep.
    """

    schema: Mapping[str, object] | None = None
    model: type | None = None
    rules: Mapping[str, str | JudgeOfState] = field(default_factory=dict)
    _terms: Mapping[str, Term] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.schema is None and self.model is None and not self.rules:
            raise UsageError("StateInvariants(): expected a schema, a model or rules")
        terms: dict[str, Term] = {}
        for name, rule in self.rules.items():
            if isinstance(rule, str):
                try:
                    terms[name] = parse_term(rule)
                except TermError as error:
                    raise UsageError(f"rule {name!r}: {error}") from error
            elif not callable(rule):
                raise UsageError(f"rule {name!r}: expected text or a function, got {rule!r}")
        object.__setattr__(self, "_terms", terms)
        if self.schema is not None:
            _schema_checked(self.schema)

    def check(self, state: JsonValues, /) -> Verdict:
        """Each value by itself. A rule that raises makes the verdict unknown."""
        # Made once a check, as both take longer to make than to ask.
        schema = None if self.schema is None else _validator(self.schema)
        model: pydantic.TypeAdapter[object] | None = None if self.model is None else pydantic.TypeAdapter(self.model)
        violations = [
            Violation(message, span=value.span, evidence={"rule": rule})
            for value in state
            for rule, message in self._findings(value.value, schema, model)
        ]
        return together(in_text_order(violations)) if violations else Pass(checked=len(state))

    def _findings(
        self,
        value: Json,
        schema: Any,  # noqa: ANN401  (a class that jsonschema makes)
        model: pydantic.TypeAdapter[object] | None,
    ) -> Iterator[tuple[str, str]]:
        wrong = itertools.chain(self._by_schema(value, schema), self._by_model(value, model))
        shape = list(itertools.islice(wrong, MAX_FINDINGS))
        yield from shape
        if not shape:  # rules may rely on the shape
            yield from self._by_rules(value)

    @staticmethod
    def _by_schema(value: Json, schema: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401  (as above)
        if schema is None:
            return
        for error in schema.iter_errors(value):
            yield "schema", f"{_path(error.absolute_path)}{_short(error.message)}"

    @staticmethod
    def _by_model(value: Json, model: pydantic.TypeAdapter[object] | None) -> Iterator[tuple[str, str]]:
        if model is None:
            return
        try:
            model.validate_python(value)
        except pydantic.ValidationError as invalid:
            for error in invalid.errors(include_url=False, include_context=False):
                yield "model", f"{_path(error['loc'])}{error['msg']}"

    def _by_rules(self, value: Json) -> Iterator[tuple[str, str]]:
        leaves = dict(_leaves(value)) if self._terms else {}
        for name, rule in self.rules.items():
            if not isinstance(rule, str):
                answer = rule(value)
                if answer is False or isinstance(answer, str):
                    yield name, f"{name} does not hold" if answer is False else answer
                continue
            term = self._terms[name]
            used = {path: leaves.get(path) for path in variables_of(term)}
            named = {path: value for path, value in used.items() if value is not None}
            if len(named) < len(used):
                continue
            try:
                held = evaluate(term, named)
            except Undefined:
                yield name, f"{name} cannot be worked out: {_listed(named)}"
            else:
                if not held:
                    yield name, f"{name} does not hold: {_listed(named)}"


def _leaves(value: Json) -> Iterator[tuple[str, Value]]:
    """The scalars of a value by path; no more than `MAX_LEAVES`."""
    pending: list[tuple[str, Json]] = [("", value)]
    count = 0
    while pending and count < MAX_LEAVES:
        path, node = pending.pop()
        prefix = f"{path}." if path else ""
        match node:
            case dict():
                pending += [(f"{prefix}{key}", each) for key, each in node.items()]
            case list():
                pending += [(f"{prefix}{index}", each) for index, each in enumerate(node)]
            case bool() | str():
                yield path, node
                count += 1
            case int() | float():
                if math.isfinite(node):
                    yield path, Fraction(str(node))  # as written: 0.1 is a tenth
                    count += 1
            case None:
                pass


def _short(text: str) -> str:
    return " ".join(text.split())[:200]


def _path(parts: Any) -> str:  # noqa: ANN401  (a sequence of names and numbers, of either library)
    path = ".".join(str(part) for part in parts)
    return f"{path}: " if path else ""


def _listed(named: Mapping[str, Value]) -> str:
    def shown(value: Value) -> str:
        if isinstance(value, Fraction) and value.denominator != 1:
            return str(float(value))
        return str(value).lower() if isinstance(value, bool) else str(value)[:80]

    return ", ".join(f"{path} is {shown(value)}" for path, value in named.items())


def _schema_checked(schema: Mapping[str, object]) -> None:
    try:
        import jsonschema  # noqa: PLC0415
    except ImportError as error:
        raise UsageError('StateInvariants(schema=...) needs jsonschema: pip install "midtrace[schema]"') from error
    try:
        jsonschema.validators.validator_for(schema).check_schema(dict(schema))
    except jsonschema.SchemaError as error:
        raise UsageError(f"schema: {_path(error.absolute_path)}{_short(error.message)}") from error


def _validator(schema: Mapping[str, object]) -> Any:  # noqa: ANN401  (a class that jsonschema makes)
    import jsonschema  # noqa: PLC0415
    import referencing  # noqa: PLC0415

    # With a registry of its own it resolves references inside the schema only, and never fetches one.
    return jsonschema.validators.validator_for(schema)(dict(schema), registry=referencing.Registry())
