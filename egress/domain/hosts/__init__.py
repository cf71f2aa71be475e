"""Hosts as people type them, and the one spelling that the portal keeps."""

from egress.domain.hosts.addresses import canonical_cidr
from egress.domain.hosts.canonical import canonical_destination_host, canonical_host, unicode_form
from egress.domain.hosts.errors import HostError
from egress.domain.hosts.pasted import Pasted, PastedDestination, parse_pasted
from egress.domain.hosts.pasted.credentials import without_credentials
from egress.domain.hosts.scripts import lookalike, mixed_script_labels
from egress.domain.hosts.suffixes import is_public_suffix, registrable_domain, shared_suffix

__all__ = [
    "HostError",
    "Pasted",
    "PastedDestination",
    "canonical_cidr",
    "canonical_destination_host",
    "canonical_host",
    "is_public_suffix",
    "lookalike",
    "mixed_script_labels",
    "parse_pasted",
    "registrable_domain",
    "shared_suffix",
    "unicode_form",
    "without_credentials",
]
