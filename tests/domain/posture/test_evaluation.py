"""The healthy cluster is green in every row, and what cannot be read is unknown."""

import pytest

from egress.cluster import kinds
from egress.cluster.snapshot import read_snapshot
from egress.domain.access import Enforcement
from egress.domain.posture import CHECKS, Level, attested, blocks, evaluate, is_boundary
from tests.cluster.company import PROFILE, Company, company_in_process


@pytest.mark.parametrize("check", CHECKS)
def test_the_healthy_cluster_is_green(company: Company, check: str) -> None:
    rows = [row for row in company.rows() if row.id == check]
    assert [(row.level, row.sentence != "") for row in rows] == [(Level.OK, True)], rows


def test_the_healthy_cluster_is_a_boundary_and_blocks_nothing(company: Company) -> None:
    rows = company.rows()
    assert is_boundary(rows)
    assert blocks(rows, host="api.example.com", namespace="shop", needs_dns=True) == []


def test_the_healthy_ambient_cluster_is_green() -> None:
    with company_in_process(bootstrapped=False) as company:
        company.profile = type(PROFILE)(**{**vars(PROFILE), "enforcement": Enforcement.AMBIENT})
        company.bootstrap()
        for name in ("shop", "payments"):
            live = {"metadata": {"labels": {"istio.io/dataplane-mode": "ambient"}}}
            company.change(kinds.NAMESPACE, "", name, live)
        rows = company.rows()
        assert {row.level for row in rows} == {Level.OK}, rows


def test_nothing_about_gateways_is_asked_of_a_sidecar_cluster() -> None:
    with company_in_process(bootstrapped=False) as company:
        company.profile = type(PROFILE)(**{**vars(PROFILE), "enforcement": Enforcement.SIDECAR})
        assert {row.level for row in company.rows()} == {Level.OK}


def test_what_may_not_be_read_is_unknown_and_never_green(company: Company) -> None:
    rows = company.rows(gateway=company.cluster.nobody)
    unknown = {row.id for row in rows if row.level is Level.UNKNOWN}
    assert unknown == set(CHECKS) - {"PF9"}
    assert not is_boundary(rows)
    blocking = blocks(rows, host="api.example.com", namespace="shop", needs_dns=True)
    assert {row.id for row in blocking} == {"PF1", "PF3", "PF4", "PF5", "PF6", "PF8", "PF10"}
    assert all(row.fix for row in blocking)


def test_an_admins_word_speaks_for_what_cannot_be_read_only(company: Company) -> None:
    word = {"by": "adam", "at": "2026-11-21T10:00:00", "note": "Looked with kubectl."}
    words = dict.fromkeys(CHECKS, word)
    rows = company.rows(gateway=company.cluster.nobody, attestations=words)
    assert is_boundary(rows)
    assert {row.attested for row in rows if row.id == "PF2"} == {
        "adam on 2026-11-21: Looked with kubectl."
    }
    company.plant("Gateway", "shop", "own", spec=EVIL_GATEWAY)
    assert not is_boundary(attested(company.rows(), words))


def test_an_object_of_ours_is_nobodys_fault(company: Company) -> None:
    made = company.plant("Gateway", "shop", "own", spec=EVIL_GATEWAY)
    assert company.found("PF2")
    assert not company.found("PF2", ours=[made["metadata"]["uid"]])


def test_rows_come_in_the_order_of_the_checks_the_worst_first(company: Company) -> None:
    company.plant("Gateway", "shop", "own", spec=EVIL_GATEWAY)
    ids = [row.id for row in company.rows()]
    assert ids == sorted(ids, key=lambda one: int(one.removeprefix("PF")))
    snapshot = read_snapshot(company.cluster.gateway)
    again = evaluate(
        snapshot, company.profile, company.inventory(), ours=(), hosts={}, namespaces=["shop"]
    )
    assert [row.id for row in again][:2] == ["PF1", "PF2"]


EVIL_GATEWAY = {
    "selector": {"istio": "egressgateway"},
    "servers": [{"port": {"number": 443, "name": "tls", "protocol": "TLS"}, "hosts": ["*"],
                 "tls": {"mode": "PASSTHROUGH"}}],
}  # fmt: skip
