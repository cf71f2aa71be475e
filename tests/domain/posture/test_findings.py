"""What the live cluster says about a wish, before anybody decides it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from egress.cluster.snapshot import read_snapshot
from egress.domain.access import Destination, Enforcement, Protocol, Subject, Wish
from egress.domain.policies.finding import Finding, Level
from egress.domain.posture import findings_for, list_foreign
from egress.domain.posture.findings import CODES
from tests.cluster.company import Company

API = Destination("api.example.com", 443, Protocol.TLS)
DATABASE = Destination("db.example.com", 5432, Protocol.TCP)


def findings(
    company: Company, *destinations: Destination, namespace: str = "shop"
) -> dict[str, Finding]:
    wish = Wish(Subject(namespace), destinations or (API,), timedelta(days=1))
    found = findings_for(
        read_snapshot(company.cluster.gateway), company.profile, company.inventory(), wish, ours=()
    )
    return {one.reason: one for one in found}


def entry(company: Company, host: str, protocol: str = "TLS", **more: Any) -> None:
    spec = {
        "hosts": [host],
        "location": "MESH_EXTERNAL",
        "resolution": "DNS",
        "exportTo": ["*"],
        "ports": [{"number": 443, "name": "p", "protocol": protocol}],
    }
    company.plant("ServiceEntry", "data", "squatter", spec={**spec, **more})


def test_a_healthy_cluster_only_says_that_its_mesh_allows_any_host(company: Company) -> None:
    found = findings(company, API, DATABASE)
    assert set(found) == {"MeshAllowsAny"}
    assert found["MeshAllowsAny"].level is Level.INFO
    company.default_deny = {"shop"}
    assert findings(company) == {}


def test_r_a3_a_foreign_entry_for_the_host_blocks_the_wish_at_that_host(company: Company) -> None:
    entry(company, "api.example.com")
    finding = findings(company, DATABASE, API)["HostTaken"]
    assert (finding.level, finding.field) == (Level.BLOCK, "destinations.1.host")
    assert "data/squatter" in finding.message
    assert "KIA1212" in finding.codes


def test_ist0177_another_protocol_on_the_port_is_told(company: Company) -> None:
    entry(company, "api.example.com", "HTTP")
    finding = findings(company)["PortInConflict"]
    assert (finding.codes, finding.field) == (("IST0177",), "destinations.0.port")
    assert '"HTTP"' in finding.message


def test_a_service_of_the_cluster_is_no_destination_and_no_alias(company: Company) -> None:
    ports = {"ports": [{"port": 80}], "selector": {"app": "storefront"}}
    company.plant("Service", "shop", "front", spec=ports)
    host = replace(API, host="front.shop")
    assert findings(company, host)["HostIsService"].level is Level.BLOCK
    aliased = Destination("www.example.com", 80, Protocol.HTTP, alias="front")
    assert findings(company, aliased)["AliasTaken"].field == "destinations.0.alias"


def test_r_a10_several_sidecars_are_told(company: Company) -> None:
    for name in ("one", "two"):
        company.plant(
            "Sidecar", "shop", name, spec={"outboundTrafficPolicy": {"mode": "ALLOW_ANY"}}
        )
    finding = findings(company)["SeveralSidecars"]
    assert (finding.level, finding.codes) == (Level.WARN, ("IST0111", "KIA0002"))


def test_r_a11_a_sidecar_for_some_pods_is_told(company: Company) -> None:
    spec = {
        "workloadSelector": {"labels": {"app": "x"}},
        "outboundTrafficPolicy": {"mode": "ALLOW_ANY"},
    }
    company.plant("Sidecar", "shop", "partly", spec=spec)
    assert "shop/partly" in findings(company)["SidecarOverrides"].message


def test_missing_dns_capture_blocks_tcp_by_name_and_nothing_else(company: Company) -> None:
    company.configure_mesh("{}")
    assert findings(company, DATABASE)["DnsCaptureMissing"].field == "destinations.0.protocol"
    fixed = replace(DATABASE, addresses=("203.0.113.9",))
    assert "DnsCaptureMissing" not in findings(company, fixed, API)


def test_a_gateway_that_is_no_boundary_is_a_warning_except_for_sidecars(company: Company) -> None:
    servers = [{"port": {"number": 80, "name": "h", "protocol": "HTTP"}, "hosts": ["*"]}]
    company.plant("Gateway", "shop", "own", spec={"servers": servers})
    finding = findings(company)["NotABoundary"]
    assert (finding.level, finding.codes) == (Level.WARN, ("IST0145", "KIA0301"))
    company.enforcements = {"shop": Enforcement.SIDECAR}
    assert "NotABoundary" not in findings(company)


def test_another_trust_domain_is_told_by_its_own_reason(company: Company) -> None:
    company.profile = replace(company.profile, trust_domain="corp.example")
    finding = findings(company)["TrustDomainDiffers"]
    assert (finding.level, finding.codes) == (Level.BLOCK, ("KIA0108",))


def test_every_code_of_the_specification_that_a_cluster_can_show_is_on_a_finding() -> None:
    """istio.md 10.5 and 10.6: what only our own objects could show is a bug of the generator."""
    shown = {code for codes in CODES.values() for code in codes}
    assert shown >= {"IST0101", "IST0109", "IST0110", "IST0111", "IST0118", "IST0127", "IST0132"}
    assert shown >= {"IST0134", "IST0150", "IST0162", "IST0177"}
    assert shown >= {"KIA0002", "KIA0003", "KIA0108", "KIA0109", "KIA0302", "KIA1004", "KIA1106"}
    assert shown >= {"KIA1107", "KIA1211", "KIA1212"}


def test_pods_outside_the_mesh_are_a_warning(company: Company) -> None:
    assert findings(company, namespace="marketing")["NotInMesh"].level is Level.WARN


def test_foreign_ways_out_are_listed(company: Company) -> None:
    company.plant("Service", "shop", "old-database", spec={"ports": [{"port": 5432}]})
    company.plant(
        "Service", "shop", "named", spec={"type": "ExternalName", "externalName": "a.example.com"}
    )
    snapshot = read_snapshot(company.cluster.gateway)
    rows = list_foreign(snapshot, company.profile, company.inventory(), ours=())
    assert [row.object for row in rows] == [
        "Service shop/old-database",
        "ServiceEntry data/sftp-partner",
    ]
    assert '"sftp.partner-logistics.example"' in rows[1].sentence
