"""Recertification: owners confirm or drop grants on a cycle; without an answer they end.

`cycle` is what time does: it takes grants up, announces, reminds and ends. `answers` is what
people say.
"""

from egress.services.recertification.answers import confirm, drop
from egress.services.recertification.cycle import tend

__all__ = ["confirm", "drop", "tend"]
