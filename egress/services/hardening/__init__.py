"""Decisions that close a namespace: default deny, and the network policy beside it."""

from egress.services.hardening.decisions import HardeningPreview
from egress.services.hardening.default_deny import preview_default_deny, set_default_deny
from egress.services.hardening.network_policy import preview_network_policy, set_network_policy

__all__ = [
    "HardeningPreview",
    "preview_default_deny",
    "preview_network_policy",
    "set_default_deny",
    "set_network_policy",
]
