"""midtrace.models."""
