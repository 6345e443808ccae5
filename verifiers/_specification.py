"""Constraints as a document: YAML or JSON with `variables` and `rules`."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import yaml

from midtrace import UsageError
from midtrace.extractors import Boolean, Choice, Integer, Real, Sort

MAX_CHARACTERS = 1_000_000
"""Characters in a document."""

_FORMS = "expected boolean, integer, real, {integer: [low, high]}, {real: [low, high]} or a list of names"


def specification(text: str) -> tuple[dict[str, Sort], dict[str, str]]:
    """Sorts and rules, by name. Rules in a list are called `rule 1`, `rule 2`. Raises `UsageError`."""
    if len(text) > MAX_CHARACTERS:
        raise UsageError(f"constraints: expected at most {MAX_CHARACTERS} characters, got {len(text)}")
    try:
        document: object = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UsageError(f"constraints: expected YAML or JSON: {' '.join(str(error).split())[:200]}") from error
    match document:
        case {"variables": Mapping() as variables, "rules": Mapping() | list() as rules, **rest} if not rest:
            pass
        case _:
            raise UsageError("constraints: expected `variables` (by name) and `rules` (by name, or a list)")
    if isinstance(rules, list):
        rules = {f"rule {number}": rule for number, rule in enumerate(rules, 1)}
    return {str(name): _sort(str(name), form) for name, form in variables.items()}, {
        str(name): _rule(str(name), rule) for name, rule in rules.items()
    }


def _rule(name: str, rule: object) -> str:
    if not isinstance(rule, str):
        raise UsageError(f"constraints, rule {name!r}: expected text, got {rule!r}")
    return rule


def _sort(name: str, form: object) -> Sort:
    match form:
        case "boolean":
            return Boolean()
        case "integer":
            return Integer()
        case "real":
            return Real()
        case {"integer": [int() | None as low, int() | None as high], **rest} if not rest:
            return Integer(low, high)
        case {"real": [low, high], **rest} if not rest:
            try:
                return Real(*(None if bound is None else Fraction(str(bound)) for bound in (low, high)))
            except (ValueError, ZeroDivisionError) as error:
                raise UsageError(f"constraints, variable {name!r}: {error}") from error
        case list() if form and all(isinstance(value, str) for value in form):
            return Choice(tuple(form))
        case _:
            raise UsageError(f"constraints, variable {name!r}: {_FORMS}, got {form!r}")
