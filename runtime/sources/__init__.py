"""midtrace.sources."""
