"""What is said about a wish before people decide: `evaluate(wish, context) -> findings`."""

from egress.domain.policies.chain import (
    blocking,
    evaluate,
    evaluate_without_inventory,
    needs_two_approvers,
)
from egress.domain.policies.context import Limits, PolicyContext
from egress.domain.policies.existing import allows
from egress.domain.policies.finding import Finding, Level
from egress.domain.policies.fixes import Fix, fixes_for, fixes_for_text

__all__ = [
    "Finding",
    "Fix",
    "Level",
    "Limits",
    "PolicyContext",
    "allows",
    "blocking",
    "evaluate",
    "evaluate_without_inventory",
    "fixes_for",
    "fixes_for_text",
    "needs_two_approvers",
]
