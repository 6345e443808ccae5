"""Needs what is not there."""

import midtrace_sample_needs_this  # type: ignore[import-not-found]  # noqa: F401
