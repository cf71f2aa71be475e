"""Where the client's own sidecar decides alone: istio.md 2.1 to 2.6."""

from typing import Any

import pytest

from egress.domain.access import Subject
from tests.domain.explain.meshes import (
    CENTRAL,
    HTTP,
    SIDECAR,
    TCP,
    TLS,
    asked,
    changed,
    mesh,
    objects,
    reasons,
    without,
)


def entries() -> list[dict[str, Any]]:
    """Entries of namespaces under sidecar enforcement, with default deny."""
    return objects("default-deny", "sidecar")


@pytest.mark.parametrize(
    ("who", "host", "port", "protocol", "allowed"),
    [
        ("default", "developers.google.com", 443, TLS, True),
        ("default/web", "developers.google.com", 443, TLS, True),
        ("otherns", "developers.google.com", 443, TLS, False),
        ("default", "developers.google.com", 8443, TLS, False),
        ("default", "developers.google.com", 443, HTTP, False),
        ("default", "archive.ubuntu.com", 80, HTTP, True),
        ("otherns", "developer.yahoo.com", 80, HTTP, True),
        ("otherns", "db.example.net", 5432, TCP, True),
        ("otherns", "203.0.113.7/32", 5432, TCP, True),
        ("otherns", "203.0.113.0/24", 5432, TCP, True),
        ("otherns", "203.0.112.0/23", 5432, TCP, False),
        ("otherns", "203.0.114.7/32", 5432, TCP, False),
        ("default", "203.0.113.7/32", 5432, TCP, False),
        ("otherns", "api.example.org", 443, TLS, True),
        ("otherns", "*.example.org", 443, TLS, True),
        ("otherns", "example.org", 443, TLS, False),
        ("default", "stranger.example", 443, TLS, False),
    ],
)
def test_an_entry_is_the_permission_of_its_namespace(
    who: str, host: str, port: int, protocol: Any, allowed: bool
) -> None:
    answer = asked(mesh(entries(), SIDECAR), who, host, port, protocol)
    assert answer.allowed is allowed, answer


def test_faithful_entries_have_nothing_to_complain_about() -> None:
    assert mesh(entries(), SIDECAR).anomalies() == ()
    assert mesh(objects("central"), CENTRAL).anomalies() == ()


def test_without_a_sidecar_everything_is_reachable_and_the_answer_says_why() -> None:
    found = mesh(without(entries(), "Sidecar", "otherns/default"), SIDECAR)
    answer = asked(found, "otherns", "stranger.example", 443, TLS)
    assert answer.allowed
    assert answer.why == 'no Sidecar denies any destination in namespace "otherns"'
    assert not asked(found, "default", "stranger.example", 443, TLS).allowed


def test_a_sidecar_of_the_root_namespace_denies_where_there_is_no_other() -> None:
    def move(obj: Any) -> None:
        obj["metadata"]["namespace"] = "istio-system"

    found = mesh(changed(entries(), "Sidecar", "otherns/default", move), SIDECAR)
    assert not asked(found, "otherns", "stranger.example", 443, TLS).allowed


@pytest.mark.parametrize(("policy", "open_"), [({}, False), ({"mode": "ALLOW_ANY"}, True)])
def test_an_empty_mode_is_the_strict_one(policy: dict[str, str], open_: bool) -> None:
    def change(obj: Any) -> None:
        obj["spec"]["outboundTrafficPolicy"] = policy

    found = mesh(changed(entries(), "Sidecar", "default/default", change), SIDECAR)
    assert asked(found, "default", "stranger.example", 443, TLS).allowed is open_


def test_a_sidecar_for_some_workloads_opens_the_namespace_for_those() -> None:
    some = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "Sidecar",
        "metadata": {"name": "some", "namespace": "default"},
        "spec": {
            "workloadSelector": {"labels": {"app": "x"}},
            "outboundTrafficPolicy": {"mode": "ALLOW_ANY"},
        },
    }
    found = mesh([*entries(), some], SIDECAR)
    assert asked(found, "default", "stranger.example", 443, TLS).allowed
    assert {"SidecarForSome", "SidecarAllowsAny"} <= reasons(found)


def test_pods_without_a_proxy_are_held_back_by_nothing() -> None:
    found = mesh(entries(), SIDECAR, injected=False)
    assert asked(found, "default", "stranger.example", 443, TLS).allowed


def test_an_entry_that_is_exported_to_all_is_a_grant_for_all() -> None:
    def widen(obj: Any) -> None:
        obj["spec"]["exportTo"] = ["*"]

    found = mesh(changed(entries(), "ServiceEntry", "google", widen), SIDECAR)
    assert asked(found, "otherns", "developers.google.com", 443, TLS).allowed
    assert "ExportedToAll" in reasons(found)


def test_the_clients_own_entry_hides_all_others_of_its_name_with_their_ports() -> None:
    shared = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "ServiceEntry",
        "metadata": {"name": "google-too", "namespace": "otherns"},
        "spec": {
            "hosts": ["developers.google.com"],
            "exportTo": [".", "default"],
            "location": "MESH_EXTERNAL",
            "resolution": "DNS",
            "ports": [{"number": 8443, "name": "tls-8443", "protocol": "TLS"}],
        },
    }
    found = mesh([*entries(), shared], SIDECAR)
    assert not asked(found, "default", "developers.google.com", 8443, TLS).allowed
    assert asked(found, "otherns", "developers.google.com", 8443, TLS).allowed


def test_an_entry_without_resolution_and_addresses_opens_its_port_to_the_world() -> None:
    def loosen(obj: Any) -> None:
        del obj["spec"]["resolution"]

    found = mesh(changed(entries(), "ServiceEntry", "google", loosen), SIDECAR)
    assert asked(found, "default", "stranger.example", 443, TLS).allowed
    assert "NoneWithName" in reasons(found)


def test_clear_text_to_a_tls_port_is_no_way_and_tls_without_names_is_an_anomaly() -> None:
    found = mesh(without(entries(), "DestinationRule", "yahoo-orig"), SIDECAR)
    assert not asked(found, "otherns", "developer.yahoo.com", 80, HTTP).allowed
    assert "OriginationMissing" in reasons(found)

    def forget(obj: Any) -> None:
        del obj["spec"]["trafficPolicy"]["portLevelSettings"][0]["tls"]["subjectAltNames"]

    found = mesh(changed(entries(), "DestinationRule", "yahoo-orig", forget), SIDECAR)
    assert asked(found, "otherns", "developer.yahoo.com", 80, HTTP).allowed
    assert reasons(found) == {"OriginationWithoutNames"}


def test_tcp_by_name_without_an_address_of_its_own_swallows_the_port() -> None:
    assert reasons(mesh(entries(), SIDECAR, dns_capture=False)) == {"PortSwallowed"}


def test_a_central_entry_is_for_namespaces_whose_sidecar_admits_it() -> None:
    found = mesh(objects("central"), CENTRAL)
    assert asked(found, "default", "archive.ubuntu.com", 80, HTTP).allowed
    assert not asked(found, "otherns", "archive.ubuntu.com", 80, HTTP).allowed

    def export(obj: Any) -> None:
        obj["spec"]["exportTo"].append("otherns")

    found = mesh(changed(objects("central"), "ServiceEntry", "ubuntu", export), CENTRAL)
    assert not asked(found, "otherns", "archive.ubuntu.com", 80, HTTP).allowed
    assert reasons(found) == {"HostNotAdmitted"}


def test_a_sidecar_that_excludes_a_host_knows_the_rest() -> None:
    def exclude(obj: Any) -> None:
        obj["spec"]["egress"] = [{"hosts": ["~istio-egress/archive.ubuntu.com"]}]

    found = mesh(changed(objects("central"), "Sidecar", "default/default", exclude), CENTRAL)
    assert not asked(found, "default", "archive.ubuntu.com", 80, HTTP).allowed


def test_a_route_on_port_80_is_live_without_any_entry() -> None:
    found = objects("gateway-static", "default-deny", "gateway-http", "client-rules")
    left_over = mesh(without(found, "ServiceEntry", "ubuntu"))
    assert "RouteWithoutEntry" in reasons(left_over)
    answer = asked(left_over, "default", "archive.ubuntu.com", 80, HTTP)
    assert [hop.place for hop in answer.path][-1] == "gateway"
    assert not answer.allowed


def test_a_workload_never_passes_the_gateway_by_its_own_sidecar_alone() -> None:
    assert (
        not mesh(entries(), SIDECAR)
        .admits(Subject("default"), "developers.google.com", 443, TLS)
        .allowed
    )
