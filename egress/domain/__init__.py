"""Pure Python: what egress access is, which rules it obeys and which objects grant it."""
