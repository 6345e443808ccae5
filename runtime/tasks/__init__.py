"""midtrace.tasks."""
