"""Wildcards: who may own them, and which mesh keeps them (istio.md 8)."""

from dataclasses import replace
from typing import Any

import pytest

from egress.domain.access import ClusterProfile, Protocol
from egress.domain.policies import Level, blocking
from tests.domain.examples import reasons
from tests.domain.policies.meshes import (
    AMBIENT,
    CENTRAL,
    GATEWAY,
    HTTP,
    SIDECAR,
    TCP,
    TLS,
    on,
    place,
)


def verdict(mesh: ClusterProfile, protocol: Protocol = TLS, host: str = "*.example.com") -> str:
    """The reasons that block a wildcard, or those that ask for two approvers."""
    port = 80 if protocol.is_http_family else 443
    found = on(mesh, place(host, port, protocol))
    return ", ".join(sorted(reasons(found, Level.BLOCK) or reasons(found, Level.REVIEW)))


@pytest.mark.parametrize("mesh", [SIDECAR, CENTRAL, AMBIENT])
def test_a_wildcard_of_one_owner_needs_two_approvers(mesh: ClusterProfile) -> None:
    assert verdict(mesh) == "Wildcard"
    assert verdict(mesh, host="*.api.example.com") == "Wildcard"


def test_a_gateway_keeps_no_wildcard() -> None:
    (finding,) = blocking(on(GATEWAY, place("*.example.com")))
    assert finding.reason == "WildcardNotSupported"
    assert "Request the single hosts" in finding.message


@pytest.mark.parametrize(
    ("mesh", "protocol", "version", "expected"),
    [
        (SIDECAR, TLS, "1.30.0", "Wildcard"),
        (SIDECAR, TLS, "1.29.9", "WildcardNotSupported"),
        (SIDECAR, TLS, "", "WildcardNotSupported"),
        (SIDECAR, HTTP, "1.31.0", "WildcardNotSupported"),
        (SIDECAR, TCP, "1.31.0", "WildcardNotSupported"),
        (AMBIENT, HTTP, "1.28.0", "Wildcard"),
        (AMBIENT, HTTP, "", "WildcardNotSupported"),
        (AMBIENT, TLS, "1.29.0", "Wildcard"),
        (AMBIENT, TLS, "1.28.9", "WildcardNotSupported"),
        (AMBIENT, TCP, "1.31.0", "WildcardNotSupported"),
        (replace(AMBIENT, flags={}), TLS, "1.31.0", "WildcardNotSupported"),
        (replace(AMBIENT, flags={}), HTTP, "1.31.0", "Wildcard"),
    ],
)
def test_protocol_and_version_decide(
    mesh: ClusterProfile, protocol: Protocol, version: str, expected: str
) -> None:
    assert verdict(replace(mesh, istio_version=version), protocol) == expected


@pytest.mark.parametrize(
    "host",
    [
        "*.amazonaws.com",
        "*.windows.net",
        "*.core.windows.net",
        "*.cloudfront.net",
        "*.githubusercontent.com",
        "*.googleapis.com",
    ],
)
def test_a_wildcard_of_many_owners_is_refused(host: str) -> None:
    assert "WildcardOfManyOwners" in verdict(SIDECAR, host=host)


@pytest.mark.parametrize("host", ["*.com", "*.co.uk", "*.github.io", "*.s3.amazonaws.com"])
def test_a_wildcard_below_a_public_suffix_is_refused(host: str) -> None:
    assert reasons(blocking(on(SIDECAR, place(host)))) & {"NameOwnedByNobody", "HostSingleLabel"}


@pytest.mark.parametrize(
    ("option", "reason"),
    [
        ({"alias": "example"}, "AliasNotSupported"),
        ({"addresses": ("8.8.8.8",)}, "AddressesNotSupported"),
    ],
)
def test_a_wildcard_has_no_alias_and_no_addresses(option: dict[str, Any], reason: str) -> None:
    assert reason in reasons(on(SIDECAR, place("*.example.com", **option)), Level.BLOCK)
