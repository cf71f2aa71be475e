"""The page of a request asks the database at most twelve times, however much there is to show."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from egress.domain.lifecycle import GrantStatus, RequestStatus
from egress.models import Approval, Cluster, Grant, HostAssignment, Namespace, Person, Request
from egress.services import requests as service
from tests import factories as make
from tests.services.rules import put_in_force, rule
from tests.web.browsing import get, signed_in, words

pytestmark = pytest.mark.django_db

MOST = 12
GATEWAYS = [{"id": "main"}, {"id": "b"}]


def cost(who: Person, request: Request) -> int:
    """How many queries the page takes; it must be there."""
    return cost_of(who, reverse("request", args=[request.pk]))


def cost_of(who: Person, path: str) -> int:
    client = signed_in(who)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured)


@pytest.fixture
def gated(shop: Namespace, payments: Namespace) -> Cluster:
    """A cluster with two egress gateways, through which others reach the same host."""
    Cluster.objects.update(enforcement="gateway", gateways=GATEWAYS)
    shop.cluster.refresh_from_db()
    for host in ("api.stripe.com", "other.example.com"):
        HostAssignment.objects.create(cluster=shop.cluster, host=host, gateway="b")
    account = payments.service_accounts.get(name="api")
    make.grant(payments, host="api.stripe.com", service_account=account)
    make.grant(payments, host="other.example.com", port=80, protocol="HTTP")
    make.grant(shop, host="other.example.com", addresses=["203.0.113.13"])
    return shop.cluster


def asked(shop: Namespace, owner: Person, *hosts: str, **more: Any) -> Request:
    return service.submit(draft=make.draft(shop, *hosts, **more), actor=make.actor(owner))


def test_one_destination_costs_at_most_twelve_queries_for_everybody(
    gated: Cluster, shop: Namespace, owner: Person, alice: Person, adam: Person, olga: Person
) -> None:
    request = asked(shop, owner, "api.stripe.com", service_account="web")
    for who in (owner, alice, adam, olga):
        assert cost(who, request) <= MOST, who


def test_a_rule_book_costs_no_query_of_its_own(
    gated: Cluster, shop: Namespace, owner: Person, alice: Person
) -> None:
    request = asked(shop, owner, "api.stripe.com")
    before = cost(alice, request)
    put_in_force(
        rule("teams: [team-shop], requester teams: [team-shop]", "require: {approvals: 1}")
    )
    assert cost(alice, request) <= min(before, MOST)
    assert "requires 1 approval" in words(get(alice, "request", request.pk))


def test_whatever_is_on_the_page_costs_no_more(
    gated: Cluster, shop: Namespace, owner: Person, alice: Person, mate: Person
) -> None:
    request = asked(shop, owner, "api.stripe.com")
    few = cost(alice, request)
    hosts = [f"h{number}.example.com" for number in range(19)]
    many = asked(shop, owner, "api.stripe.com", *hosts)
    for number, host in enumerate(hosts):
        service.comment(request=many, actor=make.actor(owner), text=f"{number}")
        make.grant(shop, host=f"{host}.net")
    finding = {"reason": "X", "message": "Look.", "level": "warn", "field": "namespace"}
    many.findings = [finding | {"codes": [], "live": True, "reason": f"X{n}"} for n in range(40)]
    many.save()
    approval = Approval.objects.create(
        request=many,
        approver=mate,
        revision=many.revision,
        verdicts={"0": "approved"},
        digest="x",
        note="Fine with me.",
        given_at=timezone.now(),
    )
    assert cost(alice, many) == few <= MOST
    page = words(get(alice, "request", many.pk))
    assert all(part in page for part in ("h18.example.com", "Look.", "Write a comment"))
    assert page.count("Wrote a comment.") == 19
    Approval.objects.filter(pk=approval.pk).update(cleared_at=timezone.now())
    assert cost(alice, many) <= MOST


def test_fixed_addresses_cost_no_more(
    gated: Cluster, shop: Namespace, owner: Person, alice: Person
) -> None:
    request = asked(shop, owner, "db.example.com")
    request.destinations.update(addresses=["203.0.113.13"])
    for who in (owner, alice):
        assert cost(who, request) <= MOST


def test_a_renewal_costs_no_more(
    gated: Cluster, shop: Namespace, owner: Person, alice: Person
) -> None:
    grant = make.grant(shop, owner, host="api.stripe.com")
    Grant.objects.update(
        status=GrantStatus.ACTIVE, active_at=timezone.now(), expires_at=timezone.now()
    )
    request = make.request(shop, owner, "api.stripe.com", renews=grant)
    for who in (owner, alice):
        assert cost(who, request) <= MOST


def test_it_costs_no_more_when_who_asked_has_no_say_any_more(
    gated: Cluster, shop: Namespace, owner: Person, alice: Person
) -> None:
    request = asked(shop, owner, "api.stripe.com")
    owner.groups.clear()
    for who in (owner, alice):
        assert cost(who, request) <= MOST


def test_a_decided_request_costs_no_more(
    gated: Cluster, shop: Namespace, owner: Person, alice: Person
) -> None:
    hosts = ("api.stripe.com", "h1.example.com")
    request = make.request(shop, owner, *hosts, status=RequestStatus.APPROVED)
    for row in make.grant(shop, owner, "h2.example.com"), make.grant(shop, owner, "h3.example.com"):
        Grant.objects.filter(pk=row.pk).update(request=request)
    for who in (owner, alice):
        assert cost(who, request) <= MOST


def test_opening_a_row_of_the_queue_costs_no_more(
    gated: Cluster, shop: Namespace, owner: Person, alice: Person
) -> None:
    request = asked(shop, owner, "api.stripe.com", "h1.example.com")
    assert cost_of(alice, reverse("queue-row", args=[request.pk])) <= MOST
