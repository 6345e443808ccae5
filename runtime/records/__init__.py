"""midtrace.records."""
