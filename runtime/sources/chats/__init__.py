"""A trace as a conversation."""
