"""Whatever the generator writes passes the last look, under every enforcement."""

import random
from dataclasses import replace

import pytest

from egress.domain.access import (
    Access,
    ClusterProfile,
    Destination,
    Enforcement,
    GatewayProfile,
    Inventory,
    NamespaceFacts,
    Protocol,
    Resolution,
    Subject,
)
from egress.domain.manifests.check import check_object
from egress.domain.manifests.network_policy import gateway_policy, waypoint_policy
from egress.domain.manifests.static import static_objects
from egress.domain.render import render_what_can
from tests.domain.examples import namespace

SEED = 20261122
SETS = 150
HOSTS = ["a.example.com", "b.example.net", "*.example.org", "203.0.113.0/24", "203.0.113.9/32"]
NAMESPACES = ("shop", "data", "legacy")
CLUSTER = ClusterProfile(
    installation="portal-a",
    trust_domain="corp.example",
    trust_domain_aliases=("cluster.local",),
    istio_version="1.31.0",
    gateways=(GatewayProfile(), GatewayProfile(id="b", http_container_port=9080)),
    assignments={"b.example.net": "b"},
    flags={"ENABLE_WILDCARD_HOST_SERVICE_ENTRIES_FOR_TLS": "true"},
)
MESHES = {
    "sidecar": CLUSTER,
    "central": replace(CLUSTER, central_entries=True),
    "gateway": replace(CLUSTER, enforcement=Enforcement.GATEWAY),
    "gateway-rules-at-clients": replace(
        CLUSTER, enforcement=Enforcement.GATEWAY, rules_at_clients=True
    ),
    "ambient": replace(CLUSTER, enforcement=Enforcement.AMBIENT),
}


def known(luck: random.Random) -> Inventory:
    """Three namespaces under default deny, one with an enforcement of its own."""
    enforcement = luck.choice([None, *Enforcement])
    facts = {
        name: namespace(name, default_deny=True, network_policy=True) for name in NAMESPACES[:2]
    }
    return Inventory(facts | {"legacy": NamespaceFacts("legacy", enforcement=enforcement)})


def any_access(luck: random.Random) -> Access:
    """Any access, most of them sensible."""
    protocol = luck.choice(list(Protocol))
    destination = Destination(
        luck.choice(HOSTS),
        luck.choice([80, 80, 443, 5432, 8080]),
        protocol,
        luck.random() < 0.3,
        addresses=luck.choice([(), (), ("198.51.100.7", "198.51.100.8")]),
        resolution=luck.choice([Resolution.DNS, Resolution.DNS, Resolution.DNS_ROUND_ROBIN]),
        alias=luck.choice(["", "", "old-name"]),
    )
    return Access(Subject(luck.choice(NAMESPACES), luck.choice(["", "billing"])), destination)


@pytest.mark.parametrize("mesh", MESHES)
def test_every_rendered_object_passes(mesh: str) -> None:
    luck = random.Random(SEED)
    cluster = MESHES[mesh]
    domains = [cluster.trust_domain, *cluster.trust_domain_aliases]
    kinds = set()
    for _ in range(SETS):
        grants = [any_access(luck) for _ in range(luck.randrange(1, 5))]
        for obj in render_what_can(cluster, known(luck), grants).objects:
            kinds.add(obj["kind"])
            assert check_object(obj, domains) == [], (obj, grants)
    assert len(kinds) >= 5, f"seed {SEED}: only {kinds}"


def test_every_static_object_passes() -> None:
    found = static_objects(CLUSTER, enforcements=list(Enforcement))
    found += [waypoint_policy(CLUSTER), *(gateway_policy(CLUSTER, g) for g in CLUSTER.gateways)]
    assert len(found) == 10
    assert [problem for obj in found for problem in check_object(obj)] == []
