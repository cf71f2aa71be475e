"""The posture of a cluster: what could make grants untrue, check by check (istio.md 3.10)."""

from egress.domain.posture.evaluation import CHECKS, evaluate, list_foreign
from egress.domain.posture.findings import findings_for
from egress.domain.posture.guidance import WHY, Site, Step, steps_for
from egress.domain.posture.rows import Level, Row, Scope, attested, blocks, in_order, is_boundary
from egress.domain.posture.snapshot import MeshState, PodState, Read, Snapshot

__all__ = [
    "CHECKS",
    "WHY",
    "Level",
    "MeshState",
    "PodState",
    "Read",
    "Row",
    "Scope",
    "Site",
    "Snapshot",
    "Step",
    "attested",
    "blocks",
    "evaluate",
    "findings_for",
    "in_order",
    "is_boundary",
    "list_foreign",
    "steps_for",
]
