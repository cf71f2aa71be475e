"""PF3 and PF4: nobody else's entry or route stands in for the portal's."""

from dataclasses import replace
from typing import Any

import pytest

from egress.domain.access import Enforcement
from egress.domain.posture import Level, Scope, blocks
from tests.cluster.company import Company

HOST = "api.example.com"


def entry(company: Company, namespace: str, *export_to: str, host: str = HOST) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "hosts": [host],
        "location": "MESH_EXTERNAL",
        "resolution": "DNS",
        "ports": [{"number": 443, "name": "tls", "protocol": "TLS"}],
    }
    if export_to:
        spec["exportTo"] = list(export_to)
    return company.plant("ServiceEntry", namespace, "squatter", spec=spec)


def route(company: Company, namespace: str, *hosts: str, **more: Any) -> dict[str, Any]:
    way = [{"route": [{"destination": {"host": "elsewhere.example.net"}}]}]
    spec = {"hosts": list(hosts), "http": way, **more}
    return company.plant("VirtualService", namespace, "detour", spec=spec)


@pytest.mark.parametrize("export_to", [("istio-egress",), ("*",), ()])
def test_pf3_finds_an_entry_that_the_gateway_sees(
    company: Company, export_to: tuple[str, ...]
) -> None:
    entry(company, "data", *export_to)
    row = company.find_one("PF3")
    assert (row.level, row.scope, row.host) == (Level.BLOCK, Scope.HOST, HOST)
    assert row.object == "ServiceEntry data/squatter"
    assert "owner" in row.fix


def test_pf3_blocks_that_host_and_no_other(company: Company) -> None:
    entry(company, "data", "istio-egress")
    rows = company.rows({HOST: ["shop"], "other.example.com": ["shop"]})
    assert blocks(rows, host=HOST, namespace="payments", needs_dns=False)
    assert not blocks(rows, host="other.example.com", namespace="shop", needs_dns=False)


def test_pf3_leaves_private_entries_and_sidecar_namespaces_alone(company: Company) -> None:
    entry(company, "data", ".")
    assert company.found("PF3") == []
    company.enforcements = {"shop": Enforcement.SIDECAR}
    entry(company, "search", "istio-egress")
    assert company.found("PF3") == []


def test_pf3_counts_any_entry_of_the_mesh_for_an_ambient_host(company: Company) -> None:
    company.enforcements = {"shop": Enforcement.AMBIENT}
    entry(company, "data", ".")
    assert company.find_one("PF3").enforcements == (Enforcement.AMBIENT,)


def test_pf3_watches_central_entries_too(company: Company) -> None:
    company.profile = replace(
        company.profile, enforcement=Enforcement.SIDECAR, central_entries=True
    )
    entry(company, "data", "istio-egress")
    assert company.find_one("PF3").object == "ServiceEntry data/squatter"


@pytest.mark.parametrize(("namespace", "export_to"), [("shop", "."), ("data", "shop")])
def test_pf4_finds_an_entry_that_the_client_sees(
    company: Company, namespace: str, export_to: str
) -> None:
    entry(company, namespace, export_to)
    row = company.find_one("PF4")
    assert (row.level, row.scope) == (Level.BLOCK, Scope.HOST)
    assert (row.host, row.namespace) == (HOST, "shop")
    assert row.object == f"ServiceEntry {namespace}/squatter"
    assert row.fix
    rows = company.rows({HOST: ["shop", "payments"]})
    assert blocks(rows, host=HOST, namespace="shop", needs_dns=False)
    assert not blocks(rows, host=HOST, namespace="payments", needs_dns=False)


@pytest.mark.parametrize("host", [HOST, "*.example.com", "API.example.com"])
def test_pf4_finds_a_route_that_the_client_sees(company: Company, host: str) -> None:
    route(company, "shop", host)
    row = company.find_one("PF4")
    assert (row.level, row.object) == (Level.BLOCK, "VirtualService shop/detour")


def test_pf4_follows_the_meshs_default_for_routes(company: Company) -> None:
    route(company, "data", HOST)
    assert company.found("PF4")
    company.configure_mesh(
        'defaultVirtualServiceExportTo: ["."]\n'
        'defaultConfig: {proxyMetadata: {ISTIO_META_DNS_CAPTURE: "true"}}'
    )
    assert company.found("PF4") == []


def test_pf4_leaves_routes_of_gateways_and_other_hosts_alone(company: Company) -> None:
    route(company, "shop", HOST, gateways=["shop/front"])
    company.plant(
        "VirtualService",
        "payments",
        "own",
        spec={"hosts": ["www.example.org"], "http": [{"route": [{"destination": {"host": "a"}}]}]},
    )
    assert company.found("PF4") == []
