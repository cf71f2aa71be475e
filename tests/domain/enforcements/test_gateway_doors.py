"""Doors: TLS and TCP through the egress gateway (istio.md 3.6)."""

import pytest

from egress.domain.access import Inventory
from egress.domain.naming import base
from tests.domain.enforcements.gateway_examples import KNOWN, MIXED, TCP, identities, objects, spec
from tests.domain.examples import grant, inventory, namespace, to


def test_r_b14_a_door_of_one_account_admits_that_account_alone() -> None:
    found = objects(grant(to("db.example.net", 5432, TCP), "otherns", "billing"))
    assert identities(found, "db.example.net", 5432) == {
        "./p5432.otherns.db.example.net": ["spiffe://cluster.local/ns/otherns/sa/billing"]
    }


def test_r_b14_each_client_namespace_has_a_door_of_its_own() -> None:
    found = objects(*MIXED)
    assert identities(found, "api.example.com", 443) == {
        "./p443.default.api.example.com": [
            "spiffe://cluster.local/ns/default/sa/default",
            "spiffe://cluster.local/ns/default/sa/web",
        ],
        "./p443.otherns.api.example.com": ["spiffe://cluster.local/ns/otherns/sa/billing"],
    }
    names = [
        server["port"]["name"]
        for server in spec(found, "Gateway", f"{base('api.example.com')}-p443")["servers"]
    ]
    assert names == ["tls-37a8eec1ce", "tls-2bee00e9ae"]


def test_r_b15_a_new_service_account_is_admitted_by_its_namespaces_doors_and_nothing_else() -> None:
    before = objects(*MIXED)
    grown = namespace("default", service_accounts={"web": "", "default": "", "worker": ""})
    after = objects(*MIXED, known=Inventory({**KNOWN.namespaces, "default": grown}))
    changed = {key for key in before if before[key] != after[key]}
    api, other = f"{base('api.example.com')}-p443", f"{base('other.example.com')}-p443"
    assert changed == {("Gateway", api), ("Gateway", other)}
    assert before.keys() == after.keys()
    worker = "spiffe://cluster.local/ns/default/sa/worker"
    assert worker in identities(after, "api.example.com", 443)["./p443.default.api.example.com"]
    unchanged = "./p443.otherns.api.example.com"
    assert (
        identities(after, "api.example.com", 443)[unchanged]
        == identities(before, "api.example.com", 443)[unchanged]
    )


def test_r_b15_a_namespace_and_one_of_its_accounts_share_one_door() -> None:
    whole, one = grant(to("api.example.com")), grant(to("api.example.com"), "default", "web")
    gone = grant(to("api.example.com"), "default", "unknown-yet")
    assert identities(objects(whole, one), "api.example.com", 443) == identities(
        objects(whole), "api.example.com", 443
    )
    ids = identities(objects(whole, gone), "api.example.com", 443)
    assert [one.rpartition("/")[2] for one in ids["./p443.default.api.example.com"]] == [
        "default",
        "unknown-yet",
        "web",
    ]


@pytest.mark.parametrize(
    "known", [Inventory(), inventory(namespace("default", service_accounts={}))]
)
def test_r_b16_a_door_without_identities_is_refused_instead_of_written(known: Inventory) -> None:
    door = grant(to("api.example.com"))
    with pytest.raises(ValueError, match="every identity of the mesh"):
        objects(door, grant(to("api.example.com"), "otherns", "billing"), known=known)


def test_r_b11_a_door_leads_to_the_real_host_and_port() -> None:
    found = objects(*MIXED)
    name = f"{base('api.example.com')}-p5432"
    assert spec(found, "VirtualService", name) == {
        "hosts": ["p5432.otherns.api.example.com"],
        "exportTo": ["."],
        "gateways": [f"istio-egress/{name}"],
        "tcp": [
            {
                "match": [{"port": 443}],
                "route": [{"destination": {"host": "api.example.com", "port": {"number": 5432}}}],
            }
        ],
    }
    both = spec(found, "VirtualService", f"{base('api.example.com')}-p443")["hosts"]
    assert both == ["p443.default.api.example.com", "p443.otherns.api.example.com"]
