"""Lists and single objects agree: what a list shows is exactly what the rules allow to see."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from egress import rules
from egress.domain.lifecycle import GrantStatus, RequestStatus
from egress.models import (
    AuditEvent,
    BreakGlass,
    Cluster,
    Delivery,
    Grant,
    Namespace,
    Person,
    Recertification,
    Request,
    Risk,
    Role,
    Slice,
    TokenLimits,
)
from egress.models.standing import Standing, standing_of
from egress.selectors.audit import visible_events
from egress.selectors.break_glass import second_looks, visible_openings
from egress.selectors.clusters import visible_clusters
from egress.selectors.deliveries import visible_deliveries
from egress.selectors.grants import visible_grants
from egress.selectors.namespaces import askable_namespaces, visible_namespaces
from egress.selectors.recertification import waiting_for
from egress.selectors.requests import queue, visible_requests
from egress.services import audit, grants
from egress.services.actor import Actor
from egress.services.audit import Tag
from tests import factories as make
from tests.tries import tries

Selector = Callable[[Person | Standing], QuerySet[Any]]
Rule = Callable[[object, Any], bool]

PAIRS: dict[str, tuple[type[Any], Selector, Rule]] = {
    "namespaces": (Namespace, visible_namespaces, rules.may_view_namespace),
    "askable namespaces": (Namespace, askable_namespaces, rules.may_ask),
    "clusters": (Cluster, visible_clusters, rules.may_view_cluster),
    "requests": (Request, visible_requests, rules.may_view_request),
    "grants": (Grant, visible_grants, rules.may_view_grant),
    "events": (AuditEvent, visible_events, rules.may_view_event),
    "recertifications": (
        Recertification,
        waiting_for,
        lambda who, row: row.is_waiting and rules.may_confirm(who, row.grant),
    ),
    "queue": (Request, queue, lambda who, r: r.is_pending and rules.may_decide(who, r)),
}


ASKING = 20
"""So many people ask for something; the others differ in what they may decide only."""

JOINS: dict[type[Any], tuple[str, ...]] = {
    Namespace: ("owner",),
    Recertification: ("grant",),
    Request: ("cluster", "renews__request"),
}
BESIDE: dict[type[Any], tuple[str, ...]] = {Request: ("destinations", "stages")}


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
        *limited_approvers(),
        *borrowers(twice),
        make.person(teams=["vendors"]),
        make.person(teams=["security"]),
        make.person(teams=["security"], is_active=False),
    ]


def limited_approvers() -> list[Person]:
    """Approvers for some destinations, or up to some risk."""
    both = make.approver(namespaces="alpha", destinations="h0.example.com")
    make.role(both, Role.APPROVER, namespaces="beta", max_risk=Risk.INFO)
    make.preset(make.team("vendors"), "h1.example.com", "h2.example.com")
    make.preset(make.team("vendors"), "h3.example.com", is_active=False)
    make.preset(None, "h4.example.com")
    return [
        both,
        make.approver(destinations="*.example.com"),
        make.approver(destinations="*.example.org"),
        make.approver(destinations="example.com"),
        make.approver(destinations="*"),
        make.approver(destinations="**.com"),
        make.approver(max_risk=Risk.WARN),
        make.approver(max_risk=Risk.CLEAR, destinations="*.example.com"),
    ]


def borrowers(lender: Person) -> list[Person]:
    """People to whom others lend, or did, or will, or who lend what is theirs no more."""
    now, hour = timezone.now(), timedelta(hours=1)
    now_, past, future, ended, further = (make.person() for _ in range(5))
    make.delegation(lender, now_)
    make.delegation(lender, past, starts_at=now - 2 * hour, ends_at=now - hour)
    make.delegation(lender, future, starts_at=now + hour)
    make.delegation(lender, ended, revoked_at=now)
    make.delegation(now_, further)
    from_team, from_admin, from_closed = (make.person() for _ in range(3))
    lead = make.person(teams=["approvers"])
    make.delegation(lead, from_team)
    make.delegation(make.admin(), from_admin)
    make.delegation(make.approver(is_active=False), from_closed)
    return [now_, past, future, ended, further, lead, from_team, from_admin, from_closed]


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
    robots = [
        make.robot("team-a", made_by=who) for who in (everybody[4], everybody[10], everybody[1])
    ]
    step = tries(3, of=1)
    for number, namespace in enumerate(namespaces):
        for who in everybody[number % step : ASKING : step]:
            make.request(namespace, who, f"h{number}.example.com")
        for robot in robots:
            make.request(namespace, robot, "h0.example.com")
        of_robot = make.grant(namespace, robots[0], f"r{number}.example.com")
        make.request(namespace, everybody[3], renews=of_robot)
        host = f"g{number}.example.com"
        grant = make.grant(namespace, everybody[number % len(everybody)], host)
        make.asked_about(grant, announced_at=timezone.now() if number % 4 else None)
        make.grant(namespace, host=host, status=GrantStatus.REVOKED)
        make.request(namespace, everybody[3], renews=grant)
        make.request(namespace, everybody[1], status=RequestStatus.DENIED)
        make.request(namespace, everybody[0], f"h{number}.example.com", "example.org")
        make.request(namespace, everybody[0], "h1.example.com", "h2.example.com", risk=Risk.WARN)
        pinned = make.request(namespace, everybody[0], "h1.example.com", risk=Risk.REVIEW)
        pinned.destinations.update(addresses=["203.0.113.7"])
        needs_security = make.request(namespace, everybody[0], risk=Risk.REVIEW)
        make.stage(needs_security, "approval")
        make.stage(needs_security, "security", "security")
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


def test_lists_agree_with_the_rules(world: list[Person]) -> None:
    # In one world: making it takes longer than looking at it.
    for what in sorted(PAIRS):
        assert_agreement(what, world)


def assert_agreement(what: str, world: list[Person]) -> None:
    model, selector, rule = PAIRS[what]
    sizes = set()
    rows = model.objects.select_related(*JOINS.get(model, ()))
    if what == "namespaces":
        rows = rows.filter(gone_at__isnull=True)
    present = list(rows.prefetch_related(*BESIDE.get(model, ())))
    # Limits by destination and what is lent make a difference to requests only.
    for person in world if model is Request else world[:ASKING]:
        standing = standing_of(person)
        expected = {row.pk for row in present if rule(standing, row)}
        listed = [row.pk for row in selector(person)]
        assert len(listed) == len(set(listed)), "nothing is listed twice"
        assert set(listed) == expected, (what, person.pk)
        sizes.add(len(listed))
    assert len(sizes) > 2, "the world has to tell people apart"


def every_limit() -> Iterator[TokenLimits]:
    """Limits of every kind: of a cluster, of names, of both, and some that match nothing."""
    first = Cluster.objects.order_by("pk").values_list("pk", flat=True)[0]
    for clusters in ([], [first], [first, 424242], [424242]):
        for names in ((), ("al*",), ("b?ta", "gamma"), ("*",), ("[a]*",), ("*a", "echo")):
            yield TokenLimits(frozenset(clusters), names)


def test_lists_agree_with_the_rules_within_the_limits_of_a_token(world: list[Person]) -> None:
    for what in sorted(PAIRS):
        assert_agreement_within_limits(what, world)


def assert_agreement_within_limits(what: str, world: list[Person]) -> None:
    model, selector, rule = PAIRS[what]
    limits, sizes = list(every_limit()), set()
    rows = model.objects.select_related(*JOINS.get(model, ()))
    present = list(rows.prefetch_related(*BESIDE.get(model, ())))
    for number, person in enumerate(world):
        standing = standing_of(person)
        for limit in limits[number % 24 :: 24]:
            narrow = standing.narrowed(limit)
            expected = {row.pk for row in present if rule(narrow, row)}
            listed = {row.pk for row in selector(narrow)}
            if what == "namespaces":
                gone = {row.pk for row in present if row.gone_at is not None}
                expected -= gone
            assert listed == expected, (what, person.pk, limit)
            assert listed <= {row.pk for row in selector(standing)}
            sizes.add(len(listed))
            if what in ("requests", "grants", "queue", "askable namespaces"):
                inside = [row for row in present if row.pk in listed]
                assert all(limit.covers(row.cluster_id, _name_in(row)) for row in inside)
    assert len(sizes) > 2, "the limits have to tell people apart"


def test_second_looks_agree_with_the_rules(db: None) -> None:
    cluster, everybody = make.cluster(), people()
    lender = everybody[10]
    robot = make.robot("team-a", made_by=lender)
    for name in ("alpha", "beta"):
        namespace = make.namespace(cluster, name, owner="team-a")
        for hosts in (["h0.example.com"], ["h1.example.com", "h2.example.com"], ["example.org"]):
            for risk in (Risk.CLEAR, Risk.REVIEW):
                asked = make.request(namespace, everybody[1], *hosts, risk=risk)
                make.opening(asked, everybody[0])
        make.opening(make.request(namespace, lender, "h0.example.com"), everybody[1])
        make.opening(make.request(namespace, everybody[1], "h0.example.com"), lender)
        make.opening(make.request(namespace, robot, "h0.example.com"), everybody[1])
    rows = BreakGlass.objects.select_related("request__cluster", "request__renews__request")
    present, sizes = list(rows.prefetch_related("request__destinations")), set()
    limits = [None, None, TokenLimits(namespaces=("al*",)), TokenLimits(frozenset([cluster.pk]))]
    for number, person in enumerate(everybody):
        standing = standing_of(person).narrowed(limits[number % 4])
        listed = {row.pk for row in second_looks(standing)}
        assert listed == {row.pk for row in present if rules.may_look(standing, row)}, person.pk
        seen = {row.pk for row in visible_openings(standing)}
        assert seen == {row.pk for row in present if rules.may_view_request(standing, row.request)}
        assert listed <= seen
        sizes.add(len(listed))
    assert len(sizes) > 4, "the world has to tell people apart"


def _name_in(row: Any) -> str:
    return str(row.name if isinstance(row, Namespace) else row.namespace)


@pytest.mark.parametrize("who", [make.admin, make.auditor])
def test_limits_leave_nothing_of_what_is_about_the_whole_portal(db: None, who: Any) -> None:
    narrow = standing_of(who()).narrowed(TokenLimits(namespaces=("*",)))
    assert not any([narrow.is_admin, narrow.is_auditor, narrow.sees_everything])


def test_deliveries_stay_within_the_limits_of_a_token(shop: Namespace, alice: Person) -> None:
    place = Slice.objects.create(
        cluster=shop.cluster, key=f"namespace:{shop.name}", due_at=timezone.now()
    )
    now = timezone.now()
    Delivery.objects.create(
        cluster=shop.cluster, slice=place, started_at=now, generation=1, fence=1
    )
    standing = standing_of(alice)
    seen = [
        visible_deliveries(standing.narrowed(limits)).count()
        for limits in (
            None,
            TokenLimits(namespaces=("sh*",)),
            TokenLimits(namespaces=("other",)),
            TokenLimits(clusters=frozenset([shop.cluster_id])),
            TokenLimits(clusters=frozenset([424242])),
        )
    ]
    assert seen == [1, 1, 0, 1, 0]


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
