"""Sources: generation calls that continue a prefix. Each needs an extra of its own; import the one you use."""
