"""These tests need torch, over a gigabyte: they are run where they are named, by `make test-transformers`."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """No test of this folder is collected on the way through all of them."""
    named = (config.invocation_params.dir / argument.partition("::")[0] for argument in config.args)
    asked = any(each.resolve().is_relative_to(HERE) for each in named)
    return None if asked or not collection_path.is_relative_to(HERE) else True
