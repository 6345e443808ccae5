"""OpenAI-compatible servers: one pooled client, event streams, refusals in plain words."""
