"""Plain TCP: addresses of its own, what hides in it, and who speaks first."""

from dataclasses import replace

import pytest

from egress.domain.access import ClusterProfile, Protocol, Subject, Wish
from egress.domain.policies import Level, PolicyContext, blocking, evaluate_without_inventory
from tests.domain.examples import inventory, namespace, reasons, to
from tests.domain.policies.meshes import (
    AMBIENT,
    GATEWAY,
    HTTP,
    MESHES,
    SIDECAR,
    TCP,
    TLS,
    on,
    place,
)

DATABASE = to("db.example.net", 5432, TCP)


@pytest.mark.parametrize("mesh", [SIDECAR, GATEWAY])
@pytest.mark.parametrize(
    ("capture", "reason"), [(False, "DnsCaptureOff"), (None, "DnsCaptureUnknown")]
)
def test_r_a7_tcp_by_name_needs_dns_capture(
    mesh: ClusterProfile, capture: bool | None, reason: str
) -> None:
    cluster = replace(mesh, dns_capture=capture)
    (finding,) = blocking(on(cluster, DATABASE))
    assert (finding.reason, finding.codes) == (reason, ("IST0134",))
    assert "fixed addresses" in finding.message
    with_addresses = replace(DATABASE, addresses=("8.8.8.8",))
    assert blocking(on(cluster, with_addresses)) == []
    assert blocking(on(cluster, to("db.example.net"))) == []


def test_r_a7_what_the_pods_of_a_namespace_say_wins() -> None:
    deaf = inventory(namespace("default", dns_capture=False))
    assert reasons(on(SIDECAR, DATABASE, inventory=deaf), Level.BLOCK) == {"DnsCaptureOff"}
    hearing = inventory(namespace("default", dns_capture=True))
    cluster = replace(SIDECAR, dns_capture=None)
    assert blocking(on(cluster, DATABASE, inventory=hearing)) == []


def test_the_waypoint_needs_no_dns_capture_of_sidecars() -> None:
    assert blocking(on(replace(AMBIENT, dns_capture=None), DATABASE)) == []


@pytest.mark.parametrize("mesh", MESHES)
def test_r_a7_tcp_by_name_needs_addresses_of_the_mesh(mesh: ClusterProfile) -> None:
    off = replace(mesh, flags={"PILOT_ENABLE_IP_AUTOALLOCATE": "False"})
    assert reasons(on(off, DATABASE), Level.BLOCK) == {"AddressAllocationOff"}
    assert blocking(on(off, replace(DATABASE, addresses=("8.8.8.8",)))) == []


def test_a_mesh_before_1_25_gives_no_addresses() -> None:
    old = replace(SIDECAR, istio_version="1.24.6")
    assert reasons(on(old, DATABASE), Level.BLOCK) == {"AddressAllocationOff"}


def test_a_file_without_inventory_is_not_asked_about_dns_capture() -> None:
    context = PolicyContext(replace(SIDECAR, dns_capture=None), inventory())
    wish = Wish(Subject("default"), (DATABASE,), None)
    assert blocking(evaluate_without_inventory(wish, context)) == []


@pytest.mark.parametrize("port", [80, 443, 8080, 8443])
def test_raw_tcp_on_a_port_of_the_web_asks_whether_it_is_tls(port: int) -> None:
    found = on(SIDECAR, to("a.example.com", port, TCP))
    (finding,) = (f for f in found if f.reason == "RawTcpOnWebPort")
    assert finding.level is Level.REVIEW
    assert "Is it TLS?" in finding.message
    assert "RawTcpOnWebPort" not in reasons(on(SIDECAR, DATABASE))


@pytest.mark.parametrize("protocol", [TLS, HTTP])
@pytest.mark.parametrize("port", [21, 22, 25, 110, 143, 587, 3306])
def test_a_protocol_in_which_the_server_speaks_first_must_be_tcp(
    port: int, protocol: Protocol
) -> None:
    found = on(GATEWAY, to("a.example.com", port, protocol))
    assert "ServerSpeaksFirst" in reasons(found, Level.WARN)
    assert "ServerSpeaksFirst" not in reasons(on(GATEWAY, to("a.example.com", port, TCP)))


def test_a_protocol_that_agrees_on_tls_later_must_be_tcp() -> None:
    assert "TlsBeginsLater" in reasons(on(GATEWAY, to("db.example.net", 5432)), Level.WARN)
    assert "TlsBeginsLater" not in reasons(on(GATEWAY, to("db.example.net", 6432)))


@pytest.mark.parametrize(("port", "shown"), [(22, True), (7000, True), (5432, False)])
def test_under_ambient_a_greeting_needs_two_approvers(port: int, shown: bool) -> None:
    wished = to("a.example.com", port, TCP)
    assert ("GreetingVisible" in reasons(on(AMBIENT, wished), Level.REVIEW)) is shown
    assert "GreetingVisible" not in reasons(on(GATEWAY, wished))
    assert "GreetingVisible" not in reasons(on(AMBIENT, place("a.example.com", port)))
