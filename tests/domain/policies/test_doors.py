"""Doors: names that fit, lists that let somebody in, and connections that stay."""

from dataclasses import replace

import pytest

from egress.domain.access import Destination
from egress.domain.policies import Level, blocking
from tests.domain.examples import inventory, namespace, reasons, to
from tests.domain.policies.meshes import AMBIENT, GATEWAY, HTTP, LONG_LIVED, SIDECAR, TCP, on, place


def host_of(length: int) -> str:
    """A host of exactly so many characters."""
    start = ".".join(letter * 60 for letter in "abc")
    return f"{start}.{'d' * (length - len(start) - len('..example.com'))}.example.com"


def test_a_door_with_a_name_of_253_characters_is_the_longest() -> None:
    room = 253 - len("p443.default.")
    fits, too_long = host_of(room), host_of(room + 1)
    assert (len(fits), len(too_long)) == (room, room + 1)
    assert blocking(on(GATEWAY, to(fits))) == []
    (finding,) = blocking(on(GATEWAY, to(too_long)))
    assert (finding.reason, finding.field) == ("DoorNameTooLong", "destinations.0.host")
    assert blocking(on(GATEWAY, to(too_long, 80, HTTP))) == []
    assert blocking(on(SIDECAR, to(too_long))) == []


def test_r_b16_a_door_for_nobody_is_refused() -> None:
    empty = inventory(namespace("default", service_accounts={}, network_policy=True))
    found = on(GATEWAY, to("a.example.com"), inventory=empty)
    assert reasons(found, Level.BLOCK) == {"DoorWithoutIdentities"}
    assert blocking(on(GATEWAY, to("a.example.com", 80, HTTP), inventory=empty)) == []
    assert blocking(on(SIDECAR, to("a.example.com"), inventory=empty)) == []


@pytest.mark.parametrize(
    "destination", [to("db.example.net", 5432, TCP), place("a.example.com", **LONG_LIVED)], ids=str
)
def test_r_b15_long_lived_connections_are_better_granted_to_a_service_account(
    destination: Destination,
) -> None:
    (finding,) = (f for f in on(GATEWAY, destination) if f.reason == "LongLivedNamespaceGrant")
    assert finding.level is Level.WARN
    assert "service account" in finding.message
    quiet = (
        on(GATEWAY, destination, account="billing"),
        on(GATEWAY, to("a.example.com")),
        on(AMBIENT, destination),
        on(SIDECAR, destination),
    )
    assert not any("LongLivedNamespaceGrant" in reasons(found) for found in quiet)


def test_the_length_of_a_door_counts_its_namespace() -> None:
    longer = replace(next(iter(inventory(namespace("default")).namespaces.values())), name="x" * 40)
    host = host_of(253 - len("p443.default."))
    found = on(GATEWAY, to(host), inventory=inventory(longer, namespace("default")))
    assert blocking(found) == []
