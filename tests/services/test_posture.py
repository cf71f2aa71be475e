"""The posture is looked at, stored, audited when the boundary goes, and vouched for by admins."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from egress.cluster import kinds
from egress.cluster.errors import ClusterError, Fault
from egress.cluster.inventory import read_inventory
from egress.cluster.snapshot import read_snapshot
from egress.domain.posture import Level, is_boundary
from egress.domain.posture.snapshot import Snapshot
from egress.models import AuditEvent, Cluster, OwnedObject, Slice
from egress.selectors.posture import rows_of, visible_rows
from egress.services import inventory, posture
from egress.services.actor import Actor
from egress.services.errors import Conflict, NotAllowed, Refused, Unavailable
from tests import factories
from tests.cluster.company import Company, company_in_process

pytestmark = pytest.mark.django_db
GATEWAY = {"servers": [{"port": {"number": 80, "name": "h", "protocol": "HTTP"}, "hosts": ["*"]}]}

ENTRY = {"hosts": ["new.example.com"], "resolution": "DNS", "location": "MESH_EXTERNAL",
         "ports": [{"number": 443, "name": "tls", "protocol": "TLS"}]}  # fmt: skip


@pytest.fixture
def company() -> Iterator[Company]:
    with company_in_process() as made:
        yield made


@pytest.fixture
def cluster(company: Company, settings: Any) -> Cluster:
    """The company's cluster as the portal knows it, under gateway enforcement."""
    settings.INSTALLATION = company.profile.installation
    made = factories.cluster(
        "company", uid=company.cluster.gateway.identity().uid, enforcement="gateway"
    )
    snapshot = read_inventory(company.cluster.gateway)
    inventory.sync(cluster=made, snapshot=snapshot, now=timezone.now())
    made.refresh_from_db()
    return made


def look(cluster: Cluster, company: Company, gateway: Any = None) -> dict[str, list[Level]]:
    rows = posture.look(cluster, gateway or company.cluster.gateway)
    found: dict[str, list[Level]] = {}
    for row in rows:
        found.setdefault(row.id, []).append(row.level)
    return found


def admin() -> Actor:
    return Actor.of(factories.admin("adam"), "web")


def told(tag: str) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(tag=tag).order_by("sequence"))


def test_the_demo_mesh_is_healthy_but_for_the_pod_without_a_proxy(
    cluster: Cluster, company: Company
) -> None:
    found = look(cluster, company)
    assert found.pop("PF9") == [Level.WARN]
    assert found.pop("Foreign") == [Level.WARN]
    assert list(found) == [f"PF{number}" for number in (*range(1, 9), 10)]
    assert {level for levels in found.values() for level in levels} == {Level.OK}


def test_what_was_seen_is_stored_with_the_time(cluster: Cluster, company: Company) -> None:
    rows = posture.look(cluster, company.cluster.gateway)
    stored = Cluster.objects.get(pk=cluster.pk)
    assert rows_of(stored) == rows
    assert stored.posture_at is not None
    assert not told("cluster:posture-changed")


def test_losing_and_regaining_the_boundary_is_audited_once_each(
    cluster: Cluster, company: Company
) -> None:
    made = company.plant("Gateway", "shop", "own", spec=GATEWAY)
    for _ in range(2):
        assert look(cluster, company)["PF2"] == [Level.REVIEW]
    (event,) = told("cluster:posture-changed")
    assert "not a boundary" in event.message
    assert '"shop/own"' in event.message
    company.cluster.remove(made)
    look(cluster, company)
    assert told("cluster:posture-changed")[-1].data["boundary"] is True


def test_granted_hosts_and_their_namespaces_are_judged(cluster: Cluster, company: Company) -> None:
    legacy = cluster.namespaces.get(name="legacy")
    factories.grant(legacy, host="sftp.partner-logistics.example", port=22, protocol="TCP")
    found = {row.object for row in posture.look(cluster, company.cluster.gateway)}
    assert "Namespace legacy" in found
    spec = {"hosts": ["sftp.partner-logistics.example"], "exportTo": ["istio-egress"],
            "resolution": "DNS", "location": "MESH_EXTERNAL",
            "ports": [{"number": 22, "name": "tcp", "protocol": "TCP"}]}  # fmt: skip
    company.plant("ServiceEntry", "data", "squatter", spec=spec)
    found = {row.object for row in posture.look(cluster, company.cluster.gateway)}
    assert "ServiceEntry data/squatter" in found


def test_what_the_portal_writes_while_it_looks_is_not_taken_for_foreign(
    cluster: Cluster, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = company.plant("ServiceEntry", "data", "new", spec=ENTRY)
    assert "ServiceEntry data/new" in {
        row.object for row in posture.look(cluster, company.cluster.gateway)
    }

    def read(gateway: Any, **more: Any) -> Snapshot:
        snapshot = read_snapshot(gateway, **more)
        OwnedObject.objects.create(
            cluster=cluster,
            slice=Slice.objects.create(
                cluster=cluster, key="namespace:data", due_at=timezone.now()
            ),
            api_version=written["apiVersion"],
            kind="ServiceEntry",
            namespace="data",
            name="new",
            uid=written["metadata"]["uid"],
        )
        return snapshot

    monkeypatch.setattr("egress.services.posture.read_snapshot", read)
    seen = {row.object for row in posture.look(cluster, company.cluster.gateway)}
    assert "ServiceEntry data/new" not in seen


def test_a_cluster_that_does_not_answer_is_no_posture(cluster: Cluster) -> None:
    with pytest.raises(Unavailable, match="Too slow"):
        posture.look(cluster, _Slow())
    cluster.refresh_from_db()
    assert cluster.posture_at is None


class _Slow:
    def __getattr__(self, name: str) -> Any:
        def fail(*args: Any, **more: Any) -> Any:
            raise ClusterError("Too slow.", Fault.TIMEOUT, retryable=True)

        return fail


def test_an_admin_vouches_for_what_cannot_be_read(cluster: Cluster, company: Company) -> None:
    look(cluster, company, company.cluster.nobody)
    assert not is_boundary(rows_of(cluster))
    who = admin()
    for check in ("PF2", "PF7"):
        posture.attest(cluster=cluster, row_id=check, note=" Checked by hand. ", actor=who)
    cluster.refresh_from_db()
    assert is_boundary(rows_of(cluster))
    assert cluster.attestations["PF2"]["note"] == "Checked by hand."
    assert [event.actor for event in told("cluster:attested")] == ["adam", "adam"]
    company.plant("Gateway", "shop", "own", spec=GATEWAY)
    look(cluster, company)
    assert not is_boundary(rows_of(cluster))


def test_an_attestation_can_be_taken_back(cluster: Cluster, company: Company) -> None:
    look(cluster, company, company.cluster.nobody)
    who = admin()
    posture.attest(cluster=cluster, row_id="PF5", note="Known.", actor=who)
    posture.withdraw(cluster=cluster, row_id="PF5", actor=who)
    cluster.refresh_from_db()
    assert cluster.attestations == {}
    with pytest.raises(Conflict):
        posture.withdraw(cluster=cluster, row_id="PF5", actor=who)


def test_only_admins_vouch_and_only_for_the_unknown(cluster: Cluster, company: Company) -> None:
    look(cluster, company)
    dana = Actor.of(factories.person("dana"), "web")
    with pytest.raises(NotAllowed):
        posture.attest(cluster=cluster, row_id="PF2", note="Sure.", actor=dana)
    with pytest.raises(NotAllowed):
        posture.withdraw(cluster=cluster, row_id="PF2", actor=dana)
    who = admin()
    with pytest.raises(Conflict, match="unknown now"):
        posture.attest(cluster=cluster, row_id="PF2", note="Sure.", actor=who)
    for note in ("", " ", "x" * 501):
        with pytest.raises(Refused):
            posture.attest(cluster=cluster, row_id="PF2", note=note, actor=who)
    with pytest.raises(Refused, match="no check"):
        posture.attest(cluster=cluster, row_id="PF11", note="Sure.", actor=who)


def test_people_see_the_rows_of_their_namespaces(cluster: Cluster, company: Company) -> None:
    look(cluster, company)
    marketing = factories.person("mia", teams=["team-marketing"])
    assert [row.id for row in visible_rows(cluster, marketing)] == ["PF9"]
    assert visible_rows(cluster, factories.person("pavel", teams=["team-payments"])) == []
    assert len(visible_rows(cluster, factories.auditor("olga"))) == 11


def test_rows_that_cannot_be_read_any_more_are_left_out(cluster: Cluster) -> None:
    good = {"id": "PF1", "level": "ok", "scope": "cluster", "sentence": "Fine."}
    bad = [{"id": "PF2", "level": "purple", "scope": "cluster"}, {}, "text", None]
    Cluster.objects.filter(pk=cluster.pk).update(posture=[good, *bad])
    cluster.refresh_from_db()
    assert [row.id for row in rows_of(cluster)] == ["PF1"]


def test_looking_writes_nothing_to_the_cluster(cluster: Cluster, company: Company) -> None:
    before = company.cluster.gateway.list(kinds.SERVICE_ENTRY).resource_version
    look(cluster, company)
    assert company.cluster.gateway.list(kinds.SERVICE_ENTRY).resource_version == before


def test_the_worker_looks_where_it_is_due(
    cluster: Cluster, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posture, "open_gateway", lambda _: company.cluster.gateway)
    now = timezone.now()
    factories.cluster("away", reachable=False)
    assert posture.look_where_due(now) == 1
    assert posture.look_where_due(now) == 0
    assert posture.look_where_due(now + timedelta(minutes=6)) == 1


def test_a_look_that_fails_is_made_up_for(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posture, "open_gateway", lambda _: _Slow())
    assert posture.look_where_due(timezone.now()) == 0
    cluster.refresh_from_db()
    assert cluster.posture_at is None


def test_a_mesh_that_changes_is_followed_but_for_its_identities(
    cluster: Cluster, company: Company
) -> None:
    look(cluster, company)
    cluster.refresh_from_db()
    assert cluster.mesh["dns_capture"] is True
    changes = len(told("cluster:changed"))
    company.configure_mesh("trustDomain: other.example\n")
    company.set_istiod(image="docker.io/istio/pilot:1.31.0")
    look(cluster, company)
    cluster.refresh_from_db()
    assert cluster.mesh["dns_capture"] is False
    assert cluster.istio_version == "1.31.0"
    assert cluster.trust_domain == "cluster.local"
    event = told("cluster:changed")[-1]
    assert event.data["after"]["dns_capture"] is False
    look(cluster, company)
    assert len(told("cluster:changed")) == changes + 1
