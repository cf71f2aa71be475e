"""Which objects the page of a grant shows: those the renderer needs for it, and no others."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from egress.domain.access import Access, Subject
from egress.domain.render import render
from egress.models import Cluster, Grant, Namespace, OwnedObject, Slice
from egress.selectors.policy import inventory_of
from egress.web.records.grant_facts import in_cluster, pinned_namespace
from tests import factories

pytestmark = pytest.mark.django_db
Name = tuple[str, str, str]
HOSTS: Mapping[str, dict[str, Any]] = {
    "TLS": {"host": "api.example.com"},
    "HTTP": {"host": "plain.example.com", "port": 80, "protocol": "HTTP"},
    "HTTP with origination": {
        "host": "orig.example.com",
        "port": 80,
        "protocol": "HTTP",
        "tls_origination": True,
    },
    "alias": {"host": "named.example.com", "port": 80, "protocol": "HTTP", "alias": "named"},
    "fixed address": {
        "host": "203.0.113.9/32",
        "port": 5432,
        "protocol": "TCP",
        "alias": "old-database",
    },
}
CASES = [
    (layout, pattern)
    for layout in ("sidecar", "central", "gateway", "rules at clients", "ambient")
    for pattern in HOSTS
    if not (layout == "ambient" and pattern in ("alias", "fixed address"))
    and not (layout in ("gateway", "rules at clients") and pattern == "fixed address")
]


@pytest.fixture
def search(cluster: Cluster) -> Namespace:
    """Another namespace, whose objects are never those of a grant of the shop."""
    return factories.namespace(cluster, "search", owner="team-search", default_deny=True)


def arrange(cluster: Cluster, layout: str) -> None:
    enforcement = {"central": "sidecar", "rules at clients": "gateway"}.get(layout, layout)
    cluster.enforcement = enforcement
    cluster.central_entries = layout == "central"
    cluster.rules_at_clients = layout == "rules at clients"
    cluster.istio_version = "1.30.2"
    cluster.mesh = {"dns_capture": True}
    cluster.save()
    cluster.namespaces.update(default_deny=enforcement != "ambient")


def rendered(grants: Iterable[Grant]) -> set[Name]:
    """Return the names of the objects of some grants of one cluster."""
    first, *others = grants
    profile = first.cluster.profile(settings.INSTALLATION)
    accesses = [
        Access(Subject(grant.namespace, grant.service_account), grant.destination)
        for grant in (first, *others)
    ]
    objects = render(profile, inventory_of(first.cluster), accesses)
    return {(o["kind"], o["metadata"]["namespace"], o["metadata"]["name"]) for o in objects}


def own(cluster: Cluster, names: Iterable[Name]) -> None:
    part = Slice.objects.create(cluster=cluster, key="namespace:shop", due_at=timezone.now())
    for kind, namespace, name in names:
        OwnedObject.objects.create(
            cluster=cluster, slice=part, api_version="v1", kind=kind, namespace=namespace, name=name
        )


def shown(grant: Grant) -> set[Name]:
    return {
        (fact.owned.kind, fact.owned.namespace, fact.owned.name)
        for fact in in_cluster(grant, pinned_namespace(grant)).objects
    }


@pytest.mark.parametrize(("layout", "pattern"), CASES)
def test_the_page_of_a_grant_shows_what_enforces_it(
    shop: Namespace, search: Namespace, layout: str, pattern: str
) -> None:
    arrange(shop.cluster, layout)
    shop.refresh_from_db()
    grant = factories.grant(shop, **HOSTS[pattern])
    neighbour = factories.grant(shop, host="neighbour.example.com")
    elsewhere = factories.grant(search, host="elsewhere.example.com")
    wanted = rendered([grant])
    own(shop.cluster, rendered([grant, neighbour, elsewhere]) | wanted)
    # The Sidecar is there for the whole namespace; it decides on hosts where entries are central.
    closing = set() if layout == "central" else {("Sidecar", "shop", "default")}
    closing |= {("Sidecar", "search", "default")}
    assert shown(grant) == wanted - closing
    assert shown(grant), "nothing would make the test blind"


def test_a_direct_grant_shows_nothing_of_the_gateway_that_serves_its_host_to_others(
    shop: Namespace, search: Namespace
) -> None:
    arrange(shop.cluster, "sidecar")
    Namespace.objects.filter(pk=search.pk).update(enforcement="gateway")
    shop.refresh_from_db()
    direct, through = factories.grant(shop), factories.grant(search)
    own(shop.cluster, rendered([direct, through]))
    assert {namespace for _, namespace, _ in shown(direct)} == {"shop"}
    assert "shop" not in {namespace for _, namespace, _ in shown(through)}


def test_an_ended_grant_keeps_what_was_written_under_another_enforcement(shop: Namespace) -> None:
    arrange(shop.cluster, "gateway")
    grant = factories.grant(shop)
    names = rendered([grant])
    own(shop.cluster, names)
    Namespace.objects.filter(pk=shop.pk).update(enforcement="sidecar")
    Grant.objects.filter(pk=grant.pk).update(status="revoked", ended_at=timezone.now())
    grant.refresh_from_db()
    egress = shop.cluster.egress_namespace
    assert {name for name in names if name[1] == egress and "client" not in name[2]} <= shown(grant)
