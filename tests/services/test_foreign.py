"""What others wrote is listed with whom it serves, and whether it can be adopted."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from egress.cluster import kinds
from egress.cluster.kube import KubeGateway
from egress.domain.lifecycle import GrantStatus
from egress.models import Cluster, ForeignList, ForeignObject, Person, Priority
from egress.selectors.foreign import visible_foreign
from egress.services import outbox, posture
from egress.services.adoption import listing
from egress.services.errors import Refused
from tests import factories as make
from tests.services.adopting import HOST, Adopting, adopting_company, grants_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def company(alice: Person, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Adopting]:
    with adopting_company(settings, monkeypatch) as made:
        yield made


def look(company: Adopting) -> dict[str, ForeignObject]:
    posture.look(Cluster.objects.get(pk=company.cluster.pk), company.gateway)
    return {f"{row.kind} {row.namespace}/{row.name}": row for row in ForeignObject.objects.all()}


def test_the_hand_written_entry_of_the_demo_is_listed_and_can_be_adopted(
    company: Adopting,
) -> None:
    row = look(company)["ServiceEntry data/sftp-partner"]
    assert row.hosts == ["sftp.partner-logistics.example"]
    assert row.ports == [22]
    assert row.serves == ["data"]
    assert row.managers == ["kubectl-client-side-apply"]
    assert row.adoptable, row.why_not
    assert ForeignList.objects.get().total == ForeignObject.objects.count()


def test_the_demo_s_entry_is_adopted_end_to_end(company: Adopting, alice: Person) -> None:
    dana, bob = make.person("dana", teams=["team-data"]), make.approver("bob")
    look(company)
    entry = company.gateway.get(kinds.SERVICE_ENTRY, "data", "sftp-partner")
    assert entry is not None
    with pytest.raises(Refused) as caught:
        company.adopt(entry, dana)
    assert caught.value.reason == "NameNotPublic", "until an admin allows the private zone"
    Cluster.objects.update(private_zones=["partner-logistics.example"])
    request = company.adopt(entry, dana)
    assert company.approve(request, alice).is_pending, "a private zone needs two"
    company.approve(request, bob)
    for _ in range(4):
        company.converge()
    (grant,) = grants_of(request)
    assert grant.status == GrantStatus.ACTIVE, grant.failed_message
    assert company.live(entry) is None
    assert company.can("sftp.partner-logistics.example", 22, who="data")
    assert "ServiceEntry data/sftp-partner" not in look(company)


def test_each_kind_that_leads_out_is_listed_once(company: Adopting) -> None:
    plant = company.mesh.company.plant
    company.plant()
    egress = {"istio": "egressgateway"}
    tls = {"port": {"number": 443, "name": "t", "protocol": "TLS"}, "hosts": ["*"]}
    plant("Gateway", "shop", "own", spec={"selector": egress, "servers": [tls]})
    plant("Gateway", "shop", "ingress", spec={"selector": {"istio": "in"}, "servers": [tls]})
    to_host = [{"route": [{"destination": {"host": HOST}}]}]
    plant("VirtualService", "shop", "routes", spec={"hosts": [HOST], "http": to_host})
    inside = [{"route": [{"destination": {"host": "web"}}]}]
    plant("VirtualService", "shop", "inside", spec={"hosts": ["web.shop"], "http": inside})
    plant("DestinationRule", "shop", "rule", spec={"host": HOST})
    plant("DestinationRule", "shop", "own", spec={"host": "web.shop.svc.cluster.local"})
    plant("Sidecar", "shop", "any", spec={"outboundTrafficPolicy": {"mode": "ALLOW_ANY"}})
    plant("AuthorizationPolicy", "istio-egress", "all", spec={"rules": [{}]})
    plant("AuthorizationPolicy", "shop", "own", spec={"rules": [{}]})
    ports = [{"port": 5432, "protocol": "TCP"}]
    plant("Service", "shop", "database", spec={"ports": ports})

    found = {name for name in look(company) if "sftp" not in name}
    assert found == {
        "ServiceEntry shop/partner",
        "Gateway shop/own",
        "VirtualService shop/routes",
        "DestinationRule shop/rule",
        "Sidecar shop/any",
        "AuthorizationPolicy istio-egress/all",
        "Service shop/database",
    }
    assert not ForeignObject.objects.filter(adoptable=True).exclude(kind="ServiceEntry").exists()
    assert not ForeignObject.objects.filter(adoptable=False, why_not="").exists()


def test_why_an_entry_cannot_be_adopted_is_said(company: Adopting) -> None:
    company.plant(exportTo=["*"])
    row = look(company)["ServiceEntry shop/partner"]
    assert not row.adoptable
    assert "every namespace" in row.why_not
    assert row.serves == ["*"]


def test_a_host_that_the_portal_grants_there_too_is_named(company: Adopting, owner: Person) -> None:
    make.grant(company.mesh.namespace(), owner, HOST)
    company.plant()
    assert look(company)["ServiceEntry shop/partner"].granted == [HOST]


def test_what_the_portal_wrote_is_not_foreign(
    company: Adopting, owner: Person, alice: Person
) -> None:
    company.adopted(company.plant(), owner, alice)
    company.converge(2)
    assert [name for name in look(company) if "sftp" not in name] == []


def test_an_unchanged_list_is_not_written_again(company: Adopting) -> None:
    before = look(company)["ServiceEntry data/sftp-partner"].pk
    first = ForeignList.objects.get().looked_at
    assert look(company)["ServiceEntry data/sftp-partner"].pk == before
    assert ForeignList.objects.get().looked_at > first
    company.plant()
    assert "ServiceEntry shop/partner" in look(company)


def test_a_long_list_is_cut_and_says_so(company: Adopting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MOST", 2)
    for number in range(4):
        company.plant(f"wide-{number}", exportTo=["*"], hosts=[f"h{number}.example.com"])
    found = look(company)
    assert len(found) == 2
    assert "ServiceEntry data/sftp-partner" in found, "what can be adopted goes first"
    assert ForeignList.objects.get().total == 5


def test_people_see_the_objects_of_their_namespaces(
    company: Adopting, owner: Person, stranger: Person, adam: Person, olga: Person
) -> None:
    company.plant()
    look(company)
    cluster = company.cluster

    def seen(who: Person) -> list[str]:
        return [row.name for row in visible_foreign(cluster, who)]

    assert seen(owner) == ["partner"]
    assert seen(stranger) == []
    assert sorted(seen(adam)) == sorted(seen(olga)) == ["partner", "sftp-partner"]


def test_what_no_database_keeps_does_not_stop_the_look(company: Adopting) -> None:
    odd = "Tool\x00" + "x" * 5_000
    owners = [{"apiVersion": "v1", "kind": odd, "name": "a", "uid": "1"}]
    entry = company.plant()
    company.mesh.company.cluster.patch(entry, {"metadata": {"ownerReferences": owners}})
    rule = {"host": f"{odd}.example.com"}
    company.mesh.company.plant("DestinationRule", "shop", "odd", spec=rule)
    for row in look(company).values():
        told = [row.why_not, row.sentence, row.search, *row.hosts, *row.managers, *row.serves]
        assert not [text for text in told if "\x00" in text]
        assert max(map(len, [*row.hosts, *row.serves])) <= 253


def test_what_was_listed_already_is_not_read_one_by_one_before_a_delivery(
    company: Adopting, owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        company.plant(f"copy-{number}", namespace="data", hosts=[HOST])
    look(company)
    read: list[str] = []
    real = KubeGateway.get

    def get(self: KubeGateway, kind: Any, namespace: str, name: str) -> Any:
        read.append(name)
        return real(self, kind, namespace, name)

    monkeypatch.setattr(KubeGateway, "get", get)
    grant = make.grant(company.mesh.namespace(), owner, HOST, status=GrantStatus.PENDING)
    with transaction.atomic():
        outbox.mark_grants(
            cluster=company.cluster, grants=[grant], priority=Priority.GRANT, cause="A test."
        )
    company.converge()
    grant.refresh_from_db()
    assert grant.status == GrantStatus.ACTIVE, grant.failed_message
    assert not [name for name in read if name.startswith("copy-")]
