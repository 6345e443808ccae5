"""midtrace.testing."""
