"""How much the tests try of what varies: a part in everyday runs, all of it in `make slow`."""

import os

ALL = os.environ.get("EGRESS_TRY") == "all"


def tries(hurried: int, of: int) -> int:
    """Return how often something is tried: `hurried` times, or `of` times with EGRESS_TRY=all."""
    return of if ALL else hurried
