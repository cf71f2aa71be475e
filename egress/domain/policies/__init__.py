"""What is said about a wish before people decide: `evaluate(wish, context) -> findings`."""

from egress.domain.policies.chain import (
    blocking,
    evaluate,
    evaluate_without_inventory,
    needs_two_approvers,
)
from egress.domain.policies.context import Limits, PolicyContext
from egress.domain.policies.finding import Finding, Level

__all__ = [
    "Finding",
    "Level",
    "Limits",
    "PolicyContext",
    "blocking",
    "evaluate",
    "evaluate_without_inventory",
    "needs_two_approvers",
]
