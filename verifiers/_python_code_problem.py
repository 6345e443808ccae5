"""Tests of code, from Python text, JSON or the words of a problem."""

from __future__ import annotations

import ast
import builtins
import json
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from midtrace import UsageError

from ._python_code_sandbox import Compare, Question, Run, Wary

Case: TypeAlias = tuple[str, str]
"""A call, such as `"f([3, 1])"`, and the literal that it must return, such as `"[1, 3]"`."""

BUILTIN = frozenset(dir(builtins)) | {"__name__"}


class Spec(NamedTuple):
    """What a problem says: tests and cases, and code that stands in front of the answer."""

    tests: tuple[str, ...]
    cases: tuple[Case, ...]
    preamble: str = ""


def read(problem: str) -> Spec:
    """The tests that a problem states: a JSON object, lines `assert ...`, or examples `>>> call` and what it gives.

    Raises `UsageError` where there are none.
    """
    text = problem.strip()
    if text.startswith("{"):
        return _from_json(text)
    asserts = [line for line in _ASSERTS.findall(text) if _tree(line) is not None]
    if asserts:
        return Spec(tuple(asserts), (), _imports(text))
    examples = tuple(_examples(text))
    if not examples:
        raise UsageError("expected tests in the problem: lines that start with 'assert', or examples '>>> f(2)'")
    return Spec((), examples, _imports(text))


def questions(tests: Iterable[str], cases: Iterable[Case]) -> tuple[Question, ...]:
    """What is asked of the code. Raises `UsageError` for a test that is no Python, a case that is no call and value."""
    asked = [_question(test) for test in tests]
    for call, expected in cases:
        if _tree(call, "eval") is None or _literal(expected) is None:
            raise UsageError(f"case ({call!r:.80}, {expected!r:.80}): expected a call and a literal, both as text")
        asked.append(Compare(call, (expected,), close=True))
    return tuple(asked)


def names(sources: Sequence[str | ast.AST]) -> tuple[str, ...]:
    """Names that Python code uses and neither binds nor has from the start, sorted."""
    used: set[str] = set()
    own: set[str] = set()
    for source in sources:
        tree = _tree(source) if isinstance(source, str) else source
        for node in ast.walk(tree) if tree is not None else ():
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                used.add(node.id)
            else:
                own.update(_bound_by(node))
    return tuple(sorted(used - own - BUILTIN))


def bound(tree: ast.Module) -> frozenset[str]:
    """Names that a module binds at its top level, in whatever branch."""
    found: set[str] = set()
    todo: list[ast.AST] = list(tree.body)
    while todo:
        node = todo.pop()
        found.update(_bound_by(node))
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            todo += ast.iter_child_nodes(node)
    return frozenset(found)


_ASSERTS = re.compile(r"^[ \t]*(assert [^\n]{1,4000})$", re.MULTILINE)
_EXAMPLE = re.compile(r"^[ \t]*>>> ([^\n]{1,2000})\n[ \t]*([^\n]{1,2000})", re.MULTILINE)
_IMPORT = re.compile(r"^(?:import \w[^\n]{0,200}|from \w[\w.]{0,80} import [^\n]{1,200})$", re.MULTILINE)
_SPEC_KEYS = {"tests", "cases", "preamble"}


def _from_json(text: str) -> Spec:
    try:
        content = json.loads(text)
    except ValueError as error:
        raise UsageError(f"the problem starts like JSON and is none: {error}") from None
    if unknown := set(content) - _SPEC_KEYS:
        raise UsageError(f"unknown key {min(unknown)!r} in the problem: expected tests, cases, preamble")
    tests, cases, preamble = content.get("tests", []), content.get("cases", []), content.get("preamble", "")
    right = isinstance(tests, list) and isinstance(cases, list) and isinstance(preamble, str)
    if not right or not all(isinstance(test, str) for test in tests):
        raise UsageError("expected lists under 'tests' and 'cases', of text and of pairs, and text under 'preamble'")
    pairs = []
    for case in cases:
        match case:
            case [str() as call, str() as expected]:
                pairs.append((call, expected))
            case _:
                raise UsageError(f"case {case!r:.80}: expected a call and a literal, both as text")
    if not tests and not pairs:
        raise UsageError("expected at least one test or case in the problem")
    return Spec(tuple(tests), tuple(pairs), preamble)


def _examples(text: str) -> Iterator[Case]:
    for call, expected in _EXAMPLE.findall(text):
        tree = _tree(call, "eval")
        if isinstance(tree, ast.Expression) and isinstance(tree.body, ast.Call) and _literal(expected) is not None:
            yield call.strip(), expected.strip()


def _imports(text: str) -> str:
    return "".join(f"{line}\n" for line in _IMPORT.findall(text) if _tree(line) is not None)


def _question(test: str) -> Question:
    tree = _tree(test)
    if tree is None:
        raise UsageError(f"test {test!r:.80}: expected Python statements")
    wary = _wary(tree)
    match tree:
        case ast.Module(body=[ast.Assert(test=ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]))]):
            given, expected = (right, left) if isinstance(left, ast.Constant) else (left, right)
            return Compare(ast.unparse(given), (ast.unparse(expected),), wary=wary)
        case _:
            return Run(test, wary)


def _wary(tree: ast.AST) -> Wary:
    wary: Wary = ""
    for node in ast.walk(tree):
        match node:
            case ast.Compare(ops=operators, comparators=[*_, ast.expr() as last]) if any(
                isinstance(each, ast.Is | ast.IsNot) for each in operators
            ) and not isinstance(last, ast.Constant):
                return "identity"
            case ast.Name(id="id"):
                return "identity"
            case ast.Name(id="isinstance" | "type" | "issubclass" | "inspect" | "vars" | "dir"):
                wary = "type"
            case ast.Attribute(attr=name) if name.startswith("__"):
                wary = "type"
    return wary


def _tree(text: str, mode: str = "exec") -> ast.AST | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text.strip() if mode == "eval" else text, mode=mode)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _literal(text: str) -> str | None:
    try:
        ast.literal_eval(text.strip())
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        return None
    return text


def _bound_by(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            for alias in aliases:
                yield alias.asname or alias.name.partition(".")[0]
        case ast.arg(arg=name) | ast.ExceptHandler(name=str() as name):
            yield name
        case ast.MatchAs(name=str() as name) | ast.MatchStar(name=str() as name):
            yield name
        case ast.Global(names=several) | ast.Nonlocal(names=several):
            yield from several
        case _:
            return
