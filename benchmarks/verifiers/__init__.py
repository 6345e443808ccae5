"""How right the verifiers are about real text, and what a check costs: one file a domain."""
