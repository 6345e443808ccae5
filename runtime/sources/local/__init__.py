"""Models in this process: decoding in a thread of its own, on a cache that is kept."""
