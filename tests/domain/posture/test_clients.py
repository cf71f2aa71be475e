"""PF5, PF6 and PF9: what keeps workloads from using what they were granted."""

from dataclasses import replace
from typing import Any

import pytest

from egress.cluster import kinds
from egress.domain.access import Enforcement
from egress.domain.posture import Level, Scope, blocks
from tests.cluster.company import Company

SERVICE = "egressgateway.istio-egress.svc.cluster.local"


def rule(company: Company, host: str, namespace: str = "shop") -> dict[str, Any]:
    return company.plant("DestinationRule", namespace, "tuning", spec={"host": host})


def sidecar(company: Company, *hosts: str, name: str = "default", **spec: Any) -> dict[str, Any]:
    egress = {"egress": [{"hosts": list(hosts)}]} if hosts else {}
    policy = {"outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}}
    where = spec.pop("namespace", "shop")
    return company.plant("Sidecar", where, name, spec={**policy, **egress, **spec})


@pytest.mark.parametrize("host", [SERVICE, "*.svc.cluster.local", "*.local", "*"])
def test_pf5_finds_a_rule_that_hides_the_gateway(company: Company, host: str) -> None:
    rule(company, host)
    row = company.find_one("PF5")
    assert (row.level, row.scope, row.namespace) == (Level.BLOCK, Scope.NAMESPACE, "shop")
    assert row.object == "DestinationRule shop/tuning"
    assert row.fix
    rows = company.rows()
    assert blocks(rows, host="any.example.com", namespace="shop", needs_dns=False)
    assert not blocks(rows, host="any.example.com", namespace="payments", needs_dns=False)


def test_pf5_leaves_other_rules_and_namespaces_alone(company: Company) -> None:
    rule(company, "checkout.shop.svc.cluster.local")
    rule(company, "*", namespace="legacy")
    assert company.found("PF5") == []


def test_pf5_minds_the_exact_name_only_where_ours_lies_beside_it(company: Company) -> None:
    company.profile = replace(company.profile, rules_at_clients=True)
    rule(company, "*.local")
    assert company.found("PF5") == []
    rule(company, SERVICE, namespace="payments")
    assert company.find_one("PF5").namespace == "payments"


def test_pf6_finds_a_sidecar_that_hides_the_portals_objects(company: Company) -> None:
    sidecar(company, "./*", "istio-system/*")
    row = company.find_one("PF6")
    assert (row.level, row.scope, row.namespace) == (Level.BLOCK, Scope.NAMESPACE, "shop")
    assert row.object == "Sidecar shop/default"
    assert '"istio-egress/*"' in row.fix
    assert blocks(company.rows(), host="any.example.com", namespace="shop", needs_dns=False)


@pytest.mark.parametrize("hosts", [(), ("*/*",), ("./*", "istio-egress/*")])
def test_pf6_is_content_with_sidecars_that_admit_them(
    company: Company, hosts: tuple[str, ...]
) -> None:
    sidecar(company, *hosts)
    assert company.found("PF6") == []


def test_pf6_looks_for_the_own_namespace_under_sidecar_enforcement(company: Company) -> None:
    company.enforcements = {"shop": Enforcement.SIDECAR}
    made = sidecar(company, "./*", "istio-system/*")
    assert company.found("PF6") == []
    company.cluster.remove(made)
    sidecar(company, "istio-egress/*")
    assert '"shop/*"' in company.find_one("PF6").fix


def test_pf6_finds_the_meshs_own_sidecar_where_a_namespace_has_none(company: Company) -> None:
    sidecar(company, "./*", namespace="istio-system")
    assert {row.namespace for row in company.found("PF6")} == {"shop", "payments"}
    sidecar(company, "*/*")
    assert {row.namespace for row in company.found("PF6")} == {"payments"}


def test_pf6_lists_sidecars_for_some_pods_as_a_warning(company: Company) -> None:
    picks = {"workloadSelector": {"labels": {"app": "storefront"}}}
    sidecar(company, name="partly", **picks)
    row = company.find_one("PF6")
    assert (row.level, row.object) == (Level.WARN, "Sidecar shop/partly")
    assert not blocks(company.rows(), host="a.example.com", namespace="shop", needs_dns=True)


def test_pf6_tells_of_several_sidecars_and_blocks_where_default_deny_is_on(
    company: Company,
) -> None:
    sidecar(company, name="one")
    sidecar(company, name="two")
    row = company.find_one("PF6")
    assert (row.level, "picks one" in row.sentence) == (Level.WARN, True)
    company.default_deny = {"shop"}
    assert company.find_one("PF6").level is Level.BLOCK


def test_pf9_names_pods_without_a_proxy(company: Company) -> None:
    row = company.find_one("PF9", namespaces=["shop", "marketing"])
    assert (row.level, row.scope, row.namespace) == (Level.WARN, Scope.NAMESPACE, "marketing")
    assert row.object.startswith("Pod marketing/campaign-import-")
    assert "network policy" in row.fix


def test_pf9_names_namespaces_outside_the_mesh(company: Company) -> None:
    row = company.find_one("PF9", namespaces=["legacy"])
    assert (row.level, row.object) == (Level.WARN, "Namespace legacy")
    assert '"istio-injection: enabled"' in row.fix
    company.enforcements = {"shop": Enforcement.AMBIENT}
    assert "istio.io/dataplane-mode" in company.find_one("PF9", namespaces=["shop"]).fix


def test_pf9_names_pods_that_can_get_past_their_proxy(company: Company) -> None:
    pod = company.cluster.gateway.list(kinds.POD, "shop").items[0]
    note = {"traffic.sidecar.istio.io/excludeOutboundPorts": "443"}
    company.cluster.patch(pod, {"metadata": {"annotations": note}})
    row = company.find_one("PF9")
    assert row.object == f"Pod shop/{pod['metadata']['name']}"
    assert "excludeOutboundPorts" in row.sentence
