"""PF1: the gateway is there, and is what the objects rely on."""

from typing import Any

import pytest

from egress.cluster import kinds
from egress.cluster.gateway import Kind
from egress.domain.access import Enforcement
from egress.domain.posture import Level, Scope, blocks
from tests.cluster.company import PROFILE, Company, company_in_process

GOOD = [
    {"name": "http2", "port": 80, "targetPort": 8080},
    {"name": "tls", "port": 443, "targetPort": 8443},
]


def set_ports(company: Company, *ports: dict[str, Any]) -> None:
    change = {"spec": {"ports": list(ports)}}
    company.change(kinds.SERVICE, "istio-egress", "egressgateway", change)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "https", "port": 443, "targetPort": 8443},
        {"name": "tls", "port": 8443, "targetPort": 8443},
        {"name": "tls", "port": 443, "targetPort": 443},
        {"name": "tls", "port": 443, "targetPort": "nowhere"},
    ],
)
def test_pf1_finds_a_wrong_port(company: Company, wrong: dict[str, Any]) -> None:
    set_ports(company, GOOD[0], wrong)
    row = company.find_one("PF1")
    assert (row.level, row.scope) == (Level.BLOCK, Scope.CLUSTER)
    assert row.object == "Service istio-egress/egressgateway"
    assert row.fix == "Set the port to {name: tls, port: 443, targetPort: 8443}."


def test_pf1_finds_a_missing_service(company: Company) -> None:
    company.remove(kinds.SERVICE, "istio-egress", "egressgateway")
    row = company.find_one("PF1")
    assert "does not exist" in row.sentence
    assert "manage.py bootstrap" in row.fix


def test_pf1_blocks_every_namespace_behind_the_gateway_and_no_other(company: Company) -> None:
    company.remove(kinds.SERVICE, "istio-egress", "egressgateway")
    rows = company.rows()
    where = {"host": "api.example.com", "namespace": "shop", "needs_dns": False}
    assert blocks(rows, **where)  # type: ignore[arg-type]
    assert blocks(rows, enforcement=Enforcement.GATEWAY, **where)  # type: ignore[arg-type]
    assert not blocks(rows, enforcement=Enforcement.SIDECAR, **where)  # type: ignore[arg-type]


def test_pf1_finds_pods_that_no_policy_selects(company: Company) -> None:
    change = {"spec": {"selector": {"app": "egressgateway", "istio": None}}}
    company.change(kinds.SERVICE, "istio-egress", "egressgateway", change)
    for pod in company.cluster.gateway.list(kinds.POD, "istio-egress").items[:1]:
        company.cluster.patch(pod, {"metadata": {"labels": {"istio": "other"}}})
        row = company.find_one("PF1")
        assert row.object == f"Pod istio-egress/{pod['metadata']['name']}"
        assert '"istio: egressgateway"' in row.fix


def test_pf1_warns_when_no_pod_of_the_gateway_runs(company: Company) -> None:
    for pod in company.cluster.gateway.list(kinds.POD, "istio-egress").items:
        company.cluster.remove(pod)
    row = company.find_one("PF1")
    assert (row.level, row.object) == (Level.WARN, "Service istio-egress/egressgateway")


def test_pf1_wants_the_service_exported_where_the_mesh_exports_nothing(company: Company) -> None:
    company.configure_mesh('defaultServiceExportTo: ["."]')
    assert "not exported to all" in company.find_one("PF1").sentence
    note = {"metadata": {"annotations": {"networking.istio.io/exportTo": "*"}}}
    company.change(kinds.SERVICE, "istio-egress", "egressgateway", note)
    assert company.found("PF1") == []


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (kinds.GATEWAY, "egress-http"),
        (kinds.AUTHORIZATION_POLICY, "default-deny"),
        (kinds.AUTHORIZATION_POLICY, "handshake"),
    ],
)
def test_pf1_finds_static_objects_that_are_missing(company: Company, kind: Kind, name: str) -> None:
    company.remove(kind, "istio-egress", name)
    row = company.find_one("PF1")
    assert (row.level, row.object) == (Level.BLOCK, f"{kind.kind} istio-egress/{name}")
    assert "manage.py bootstrap" in row.fix


def test_pf1_finds_static_objects_that_were_changed(company: Company) -> None:
    change = {"spec": {"selector": {"matchLabels": {"app": "nothing"}}}}
    company.change(kinds.AUTHORIZATION_POLICY, "istio-egress", "default-deny", change)
    assert "not as it was laid down" in company.find_one("PF1").sentence


def test_pf1_tells_the_gateways_objects_from_the_waypoints_whatever_that_is_called() -> None:
    with company_in_process(bootstrapped=False) as company:
        company.profile = type(PROFILE)(**{**vars(PROFILE), "waypoint": "egress"})
        (row,) = [r for r in company.found("PF1") if r.object.endswith("/egress-http")]
        assert row.enforcements == (Enforcement.GATEWAY,)


def test_pf1_finds_a_waypoint_that_does_not_work_yet() -> None:
    with company_in_process(bootstrapped=False) as company:
        company.profile = type(PROFILE)(**{**vars(PROFILE), "enforcement": Enforcement.AMBIENT})
        assert "Gateway istio-egress/egress-waypoint" in {r.object for r in company.found("PF1")}
        company.bootstrap()
        assert company.found("PF1") == []
        change = {"spec": {"gatewayClassName": "other"}}
        company.change(kinds.K8S_GATEWAY, "istio-egress", "egress-waypoint", change)
        assert company.found("PF1")
