"""Lists and single objects agree: what a list shows is exactly what the rules allow to see."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from egress import rules
from egress.domain.lifecycle import GrantStatus, RequestStatus
from egress.models import AuditEvent, Cluster, Grant, Namespace, Person, Request, Role
from egress.models.standing import standing_of
from egress.selectors.audit import visible_events
from egress.selectors.clusters import visible_clusters
from egress.selectors.grants import visible_grants
from egress.selectors.namespaces import askable_namespaces, visible_namespaces
from egress.selectors.requests import queue, visible_requests
from egress.services import audit, grants
from egress.services.actor import Actor
from egress.services.audit import Tag
from tests import factories as make

Selector = Callable[[Person], QuerySet[Any]]
Rule = Callable[[object, Any], bool]

PAIRS: dict[str, tuple[type[Any], Selector, Rule]] = {
    "namespaces": (Namespace, visible_namespaces, rules.may_view_namespace),
    "askable namespaces": (Namespace, askable_namespaces, rules.may_ask),
    "clusters": (Cluster, visible_clusters, rules.may_view_cluster),
    "requests": (Request, visible_requests, rules.may_view_request),
    "grants": (Grant, visible_grants, rules.may_view_grant),
    "events": (AuditEvent, visible_events, rules.may_view_event),
    "queue": (Request, queue, lambda who, r: r.is_pending and rules.may_decide(who, r)),
}


JOINS: dict[type[Any], tuple[str, ...]] = {
    Namespace: ("owner",),
    Request: ("cluster", "renews__request"),
}


def people() -> list[Person]:
    """Everybody there could be, by team, role, scope and state of the account."""
    first = Cluster.objects.order_by("pk").first()
    both = make.person(teams=["team-a", "team-b"])
    via_team = make.person(teams=["approvers"])
    make.role(make.team("approvers"), Role.APPROVER, namespaces="b*")
    admin_team = make.person(teams=["admins"])
    make.role(make.team("admins"), Role.ADMIN)
    twice = make.approver(namespaces="alpha")
    make.role(twice, Role.APPROVER, cluster=first, namespaces="b?ta")
    return [
        make.person(),
        make.person(teams=["team-a"]),
        make.person(teams=["team-b"]),
        both,
        make.approver(),
        make.approver(cluster=first),
        make.approver(namespaces="al*"),
        make.approver(namespaces="[a]*"),
        make.approver(teams=["team-a"], namespaces="nothing"),
        via_team,
        twice,
        make.admin(),
        admin_team,
        make.auditor(),
        make.person(is_superuser=True),
        make.person(is_superuser=True, is_active=False),
        make.approver(is_active=False),
        make.person(teams=["team-a"], is_active=False),
        make.approver(namespaces="*ta"),
        make.approver(cluster=first, namespaces="**"),
    ]


@pytest.fixture
def world(db: None) -> list[Person]:
    """Clusters, namespaces with every kind of owner, and things in all of them by everybody."""
    clusters = [make.cluster(), make.cluster()]
    everybody = people()
    namespaces = []
    for cluster in clusters:
        for name, owner in (("alpha", "team-a"), ("beta", "team-b"), ("gamma", "")):
            namespaces.append(make.namespace(cluster, name, owner=owner))
        set_by_admin = make.namespace(cluster, "delta", owner="team-b")
        set_by_admin.owner = make.team("team-a")
        set_by_admin.save()
        namespaces.append(set_by_admin)
        former = make.namespace(cluster, "echo", owner="team-a")
        make.gone(former, timezone.now())
        namespaces += [former, make.namespace(cluster, "echo", owner="team-b")]
    for number, namespace in enumerate(namespaces):
        for who in everybody:
            make.request(namespace, who, f"h{number}.example.com")
        host = f"g{number}.example.com"
        grant = make.grant(namespace, everybody[number % len(everybody)], host)
        make.grant(namespace, host=host, status=GrantStatus.REVOKED)
        make.request(namespace, everybody[3], renews=grant)
        make.request(namespace, everybody[1], status=RequestStatus.DENIED)
    _record_events(namespaces, everybody)
    return everybody


def _record_events(namespaces: list[Namespace], everybody: list[Person]) -> None:
    entries = [
        audit.Entry(
            Tag.REQUEST_SUBMITTED,
            make.actor(request.requester),
            "request",
            request.pk,
            "Asked.",
            cluster=request.cluster.name,
            namespace=request.namespace,
        )
        for request in Request.objects.select_related("cluster", "requester")[::7]
    ]
    system = Actor.system("worker")
    for namespace in namespaces:
        where: dict[str, Any] = {"cluster": namespace.cluster.name, "namespace": namespace.name}
        entries.append(audit.Entry(Tag.DRIFT_FOUND, system, "namespace", 1, "Drift.", **where))
        where["namespace"] = ""
        entries.append(audit.Entry(Tag.CLUSTER_CHANGED, system, "cluster", 1, "Changed.", **where))
    entries.append(audit.Entry(Tag.ROLE_BOUND, system, "role", 1, "Gave a role."))
    with transaction.atomic():
        audit.record_all(entries)


@pytest.mark.parametrize("what", sorted(PAIRS))
def test_lists_agree_with_the_rules(world: list[Person], what: str) -> None:
    model, selector, rule = PAIRS[what]
    sizes = set()
    for person in world:
        present = model.objects.select_related(*JOINS.get(model, ()))
        if what == "namespaces":
            present = present.filter(gone_at__isnull=True)
        standing = standing_of(person)
        expected = {row.pk for row in present if rule(standing, row)}
        listed = [row.pk for row in selector(person)]
        assert len(listed) == len(set(listed)), "nothing is listed twice"
        assert set(listed) == expected, person.pk
        sizes.add(len(listed))
    assert len(sizes) > 2, "the world has to tell people apart"


def test_the_queue_is_oldest_first(world: list[Person]) -> None:
    listed = [row.pk for row in queue(world[4])]
    assert listed == sorted(listed)
    assert listed


def test_the_new_owner_of_a_name_does_not_read_old_events(db: None) -> None:
    cluster = make.cluster()
    former = make.namespace(cluster, "echo", owner="team-a")
    newer = make.person(teams=["team-b"])
    entry = audit.Entry(
        Tag.DRIFT_FOUND, Actor.system("worker"), "namespace", 1, "Old.",
        cluster=cluster.name, namespace="echo",
    )  # fmt: skip
    with transaction.atomic():
        audit.record_all([entry])
    make.gone(former)
    make.namespace(cluster, "echo", owner="team-b")
    assert list(visible_events(newer)) == []
    with transaction.atomic():
        audit.record_all([entry])
    assert [event.sequence for event in visible_events(newer)] == [2]


def test_a_namesake_of_a_worker_reads_nothing_of_it(shop: Namespace) -> None:
    namesake, now = make.person("expiry"), timezone.now()
    make.grant(shop, expires_at=now)
    grants.expire_due(now=now)
    event = AuditEvent.objects.get(actor="expiry")
    assert list(visible_events(namesake)) == []
    assert not rules.may_view_event(namesake, event)
