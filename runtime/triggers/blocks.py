"""Checkpoints where a block of a kind closes."""

from __future__ import annotations

import re

from ..errors import UsageError
from .boxed import BoxedBlock
from .composition import Composable
from .fences import CodeBlock
from .json_blocks import JsonBlock
from .tagged import TagBlock

_TAG = re.compile(r"<([^\W\d][\w.:-]{0,90})>")


def on_block(kind: str) -> Composable:
    r"""A checkpoint after each closed block of a kind.

    Args:
        kind: "code" is a fenced block (three or more of ` or ~; ends after the line that closes it), "json" an object
            or array that starts a line or follows white space, "boxed" a `\boxed{...}`, and a tag such as "<answer>"
            what ends with `</answer>`.

    A block that is never closed hides those that it would hold. Raises `UsageError` for any other kind.
    """
    match kind:
        case "code":
            return CodeBlock()
        case "json":
            return JsonBlock()
        case "boxed":
            return BoxedBlock()
    tag = _TAG.fullmatch(kind) if isinstance(kind, str) else None
    if tag is None:
        raise UsageError(f"on_block({kind!r:.60}): expected 'code', 'json', 'boxed' or a tag such as '<answer>'")
    return TagBlock(tag[0], f"</{tag[1]}>")
