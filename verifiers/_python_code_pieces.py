"""The parts of a trace that are Python, and which of them make the program that is to be judged."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Sequence
from typing import NamedTuple

from midtrace import Span, Violation
from midtrace.extractors.code import Code, CodeBlock

from ._python_code_problem import bound
from ._python_code_problem import names as used_names
from ._python_code_syntax import SyntaxFault, Unjudged, broken, judgeable, parsed, plausible


class Piece(NamedTuple):
    """A block that parses: its code without common indentation, and its tree."""

    block: CodeBlock
    code: str
    tree: ast.Module

    def in_function(self, line: int) -> bool:
        """Whether the line is in the body of a function: what stands outside may be a fragment."""
        return any(
            node.body[0].lineno <= line <= (node.end_lineno or 0)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        )


def read_pieces(state: Code) -> tuple[list[Piece], list[Violation], str]:
    """The blocks that are Python, what is wrong with others, and why one could not be judged."""
    pieces: list[Piece] = []
    faults: list[Violation] = []
    unjudged = ""
    for index, block in enumerate(state.blocks):
        code = dedented(block.code)
        found: ast.Module | SyntaxFault | Unjudged | None = None
        if block.complete or state.final:
            found = parsed(code)
        if not block.complete and not isinstance(found, ast.Module):
            unjudged = "the last block of code is not finished" if state.final else unjudged
            found = broken(code)
        match found:
            case ast.Module():
                pieces.append(Piece(block, code, found))
            case Unjudged(reason):
                unjudged = f"a block of code was not judged: {reason}"
            case SyntaxFault():
                if not block.language or not judgeable(code, block.before):
                    continue
                if plausible(found, code):
                    unjudged = f"line {found.line} of a block may be right in a later Python, or is to be filled in"
                elif not _superseded(code, state.blocks[index + 1 :]):
                    faults.append(_syntax_violation(block, found))
            case None:
                pass
    return pieces, faults, unjudged


def dedented(code: str) -> str:
    """The code without the indentation that all of its lines share; left as it is if its first line has none."""
    first = next((line for line in code.split("\n") if line.strip()), "")
    return textwrap.dedent(code) if first[:1].isspace() else code


def _syntax_violation(block: CodeBlock, fault: SyntaxFault) -> Violation:
    span = block.line(fault.line)
    return Violation(
        f"line {fault.line} of the code is no valid Python: {fault.message}", span, evidence={"rule": "syntax"}
    )


_DEFINITION = re.compile(r"^(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)", re.MULTILINE)


def _superseded(code: str, later: Sequence[CodeBlock]) -> bool:
    """Whether blocks further on define again all that this one was to define."""
    names = set(_DEFINITION.findall(code))
    for block in later:
        names -= set(_DEFINITION.findall(dedented(block.code)))
        if not names:
            return True
    return False


def program_of(pieces: Sequence[Piece], names: frozenset[str]) -> list[Piece] | None:
    """The last pieces that define `names`, with those before them that define what they use themselves."""
    chosen: set[int] = set()
    missing = set(names)
    for index in reversed(range(len(pieces))):
        own = bound(pieces[index].tree)
        if missing & own:
            chosen.add(index)
            missing -= own
    if missing or not chosen:
        return None
    missing = set(used_names([pieces[index].tree for index in chosen]))
    for index in reversed(range(len(pieces))):
        own = bound(pieces[index].tree)
        if index not in chosen and missing & own:
            chosen.add(index)
            missing |= set(used_names([pieces[index].tree]))
            missing -= own
    return [pieces[index] for index in sorted(chosen)]


def lasting(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces whose definitions are not all replaced further on."""
    return [
        piece
        for index, piece in enumerate(pieces)
        if not _DEFINITION.search(piece.code)
        or not _superseded(piece.code, [each.block for each in pieces[index + 1 :]])
    ]


def definition(program: Sequence[Piece], names: Sequence[str]) -> Span:
    """The line in which the first of the names is defined."""
    for piece in reversed(program):
        for node in piece.tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name in names:
                return piece.block.line(node.lineno)
    return program[-1].block.span
