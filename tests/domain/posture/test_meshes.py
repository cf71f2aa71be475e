"""PF8 and PF10: what the mesh itself must be able to do."""

from dataclasses import replace

import pytest

from egress.cluster import kinds
from egress.domain.access import Enforcement
from egress.domain.posture import Level, Scope, blocks
from tests.cluster.company import Company

CAPTURE = 'defaultConfig: {proxyMetadata: {ISTIO_META_DNS_CAPTURE: "%s"}}'


def stops(company: Company, *, needs_dns: bool, namespace: str = "shop") -> bool:
    rows = company.rows()
    return bool(blocks(rows, host="db.example.com", namespace=namespace, needs_dns=needs_dns))


def test_pf8_finds_a_mesh_that_does_not_capture_dns(company: Company) -> None:
    company.configure_mesh(CAPTURE % "false")
    row = company.find_one("PF8")
    assert (row.level, row.scope, row.object) == (Level.BLOCK, Scope.CLUSTER, "ConfigMap istio")
    assert "fixed addresses" in row.fix
    assert stops(company, needs_dns=True)
    assert not stops(company, needs_dns=False)


def test_pf8_finds_pods_that_say_otherwise(company: Company) -> None:
    pod = company.cluster.gateway.list(kinds.POD, "shop").items[0]
    note = {"proxy.istio.io/config": 'proxyMetadata: {ISTIO_META_DNS_CAPTURE: "false"}'}
    company.cluster.patch(pod, {"metadata": {"annotations": note}})
    row = company.find_one("PF8")
    assert (row.level, row.namespace) == (Level.BLOCK, "shop")
    assert row.object == f"Pod shop/{pod['metadata']['name']}"
    assert stops(company, needs_dns=True)
    assert not stops(company, needs_dns=True, namespace="payments")


def test_pf8_believes_pods_that_capture_where_the_mesh_does_not(company: Company) -> None:
    company.configure_mesh(CAPTURE % "false")
    for pod in company.cluster.gateway.list(kinds.POD, "shop").items:
        note = {"proxy.istio.io/config": 'proxyMetadata: {ISTIO_META_DNS_CAPTURE: "true"}'}
        company.cluster.patch(pod, {"metadata": {"annotations": note}})
    assert company.find_one("PF8").namespace == "payments"
    assert not stops(company, needs_dns=True)


def test_pf8_finds_an_istiod_that_gives_no_addresses(company: Company) -> None:
    company.set_istiod(PILOT_ENABLE_IP_AUTOALLOCATE="false")
    row = company.find_one("PF8")
    assert (row.level, row.object) == (Level.BLOCK, "Deployment istiod")
    assert stops(company, needs_dns=True)


@pytest.mark.parametrize(
    ("enforcement", "version", "old"),
    [
        (Enforcement.GATEWAY, "1.23.6", True),
        (Enforcement.GATEWAY, "1.24.0", False),
        (Enforcement.AMBIENT, "1.27.9", True),
        (Enforcement.AMBIENT, "1.28.0", False),
    ],
)
def test_pf10_finds_an_old_istio(
    company: Company, enforcement: Enforcement, version: str, old: bool
) -> None:
    company.profile = replace(company.profile, enforcement=enforcement)
    company.set_istiod(f"docker.io/istio/pilot:{version}")
    rows = company.found("PF10")
    assert bool(rows) is old
    assert all(row.level is Level.BLOCK and row.object == "Deployment istiod" for row in rows)
    assert not old or stops(company, needs_dns=False)


def test_pf10_allows_older_istios_where_rules_lie_at_clients(company: Company) -> None:
    company.set_istiod("docker.io/istio/pilot:1.22.3")
    assert company.found("PF10")
    company.profile = replace(company.profile, rules_at_clients=True)
    assert company.found("PF10") == []


def test_pf10_finds_another_trust_domain_than_the_portal_writes(company: Company) -> None:
    company.configure_mesh("trustDomain: corp.example\n" + CAPTURE % "true")
    row = company.find_one("PF10")
    assert (row.level, '"corp.example"' in row.sentence) == (Level.BLOCK, True)
    assert row.fix


def test_pf10_finds_that_the_egress_namespace_is_the_root_namespace(company: Company) -> None:
    company.configure_mesh("rootNamespace: istio-egress\n" + CAPTURE % "true")
    row = company.find_one("PF10")
    assert (row.level, row.object) == (Level.BLOCK, "Namespace istio-egress")


def test_pf10_does_not_know_a_version_that_cannot_be_read(company: Company) -> None:
    company.set_istiod("registry.corp.example/istio/pilot:stable")
    assert company.find_one("PF10").level is Level.UNKNOWN
    assert stops(company, needs_dns=False)
