"""The rules of istio.md 10.4 by name: what a request is refused for before anything is rendered."""

from typing import Any

import pytest

from egress.domain.access import Protocol, Subject
from egress.domain.policies import Level
from egress.domain.posture import Read, blocks
from tests.domain.examples import findings, inventory, namespace, reasons, to
from tests.domain.rule_examples import AMBIENT, GATEWAY, HOST, RANGE, foreign, posture


def blocked(*args: Any, **context: Any) -> set[str]:
    """The reasons that block a wish."""
    return reasons(findings(*args, **context), Level.BLOCK)


@pytest.mark.parametrize(
    "host", ["API.example.com", "localhost.localdomain", "kubernetes.default", "a.internal"]
)
def test_10_4_the_host_is_canonical_and_public(host: str) -> None:
    assert blocked(to(host))


def test_10_4_a_door_name_has_at_most_253_characters() -> None:
    long = ".".join(["a" * 60] * 3 + ["b" * 56, "com"])
    assert "DoorNameTooLong" in blocked(to(long), cluster=GATEWAY)
    assert "DoorNameTooLong" not in blocked(to(long))


@pytest.mark.parametrize("port", [0, 15000, 15090, 15099, 65536])
def test_10_4_a_port_is_none_of_istio_s_own(port: int) -> None:
    assert blocked(to(HOST, port)) & {"PortReserved", "PortOutOfRange"}


def test_10_4_protocol_and_port_are_plausible() -> None:
    assert "HttpOnTlsPort" in blocked(to(HOST, 443, Protocol.HTTP))
    assert "TlsOnHttpPort" in blocked(to(HOST, 80, Protocol.TLS))


def test_10_4_tls_is_originated_for_the_http_family_only() -> None:
    assert "OriginationNeedsHttp" in blocked(to(HOST, 443, Protocol.TLS, origination=True))


def test_10_4_namespace_and_service_account_exist() -> None:
    assert "NamespaceUnknown" in blocked(to(HOST), subject=Subject("nowhere"))
    nobody = Subject("default", "nobody")
    assert "ServiceAccountUnknown" in blocked(to(HOST), subject=nobody, cluster=GATEWAY)
    dotted = namespace("default", service_accounts={"web.front": "uid"})
    found = blocked(to(HOST), subject=Subject("default", "web.front"), cluster=GATEWAY)
    known = {"cluster": GATEWAY, "inventory": inventory(dotted)}
    assert "ServiceAccountUnknown" in found
    assert not blocked(to(HOST), subject=Subject("default", "web.front"), **known) & found


@pytest.mark.parametrize("name", ["istio-egress", "istio-system", "kube-system"])
def test_10_4_the_namespace_is_none_of_the_cluster_s_own(name: str) -> None:
    known = inventory(namespace(name))
    assert "NamespaceProtected" in blocked(to(HOST), subject=Subject(name), inventory=known)


def test_10_4_the_enforcement_supports_the_destination() -> None:
    wildcard = to("*.example.com")
    assert blocked(RANGE, cluster=GATEWAY)
    assert blocked(RANGE, cluster=AMBIENT)
    assert blocked(wildcard, cluster=GATEWAY)


def test_10_4_the_gateway_has_room() -> None:
    known = {"cluster": GATEWAY, "http_hosts": {"main": 2000}}
    assert "GatewayFull" in blocked(to(HOST), doors={"main": 2000}, **known)
    assert "GatewayFull" in blocked(to(HOST, 80, Protocol.HTTP), **known)
    assert "GatewayFull" not in blocked(to(HOST), **known)


def test_10_4_no_row_of_the_posture_blocks_it() -> None:
    theirs = foreign("ServiceEntry", hosts=[HOST], exportTo=["*"], ports=[])
    rows = posture(Read.SERVICE_ENTRY, theirs)
    assert "PF4" in {r.id for r in blocks(rows, host=HOST, namespace="default", needs_dns=False)}
