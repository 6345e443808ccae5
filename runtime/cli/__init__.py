"""midtrace.cli."""
