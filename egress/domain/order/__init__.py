"""In which order a plan is written: every crash leaves less access than granted (istio.md 3.8)."""

from egress.domain.order.batches import batches
from egress.domain.order.namespaces import opened_to, without_namespaces
from egress.domain.order.step import Direction, HeldBack, Step, Verb
from egress.domain.order.writes import held_back, write_steps

__all__ = [
    "Direction",
    "HeldBack",
    "Step",
    "Verb",
    "batches",
    "held_back",
    "opened_to",
    "without_namespaces",
    "write_steps",
]
