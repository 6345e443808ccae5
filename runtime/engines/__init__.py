"""Where checks run. `ray` is imported by `midtrace.engines.ray` alone, and only when a Ray engine opens."""
