"""Verifiers: one file a domain."""
