"""One grant: how it stands, what is in the cluster for it, and what may be done with it."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from egress.domain.lifecycle import GrantStatus
from egress.domain.naming import base
from egress.models import (
    AuditEvent,
    Cluster,
    Delivery,
    DeliveryStep,
    Grant,
    Namespace,
    OwnedObject,
    Person,
    Request,
    Slice,
)
from tests import factories
from tests.web.records.pages import XSS, get
from tests.web.records.pages import text as body

pytestmark = pytest.mark.django_db
QUERIES_OF_PAGE = 12


@pytest.fixture
def grant(shop: Namespace, owner: Person) -> Grant:
    """An active grant of the shop, asked for by the owner."""
    return factories.grant(shop, owner, "api.stripe.com")


def read(client: Client, who: Person, name: str, *args: object, query: str = "") -> Any:
    client.force_login(who)
    return client.get(reverse(name, args=args) + query)


def test_the_page_of_a_grant_says_who_what_since_and_until(
    client: Client, owner: Person, grant: Grant
) -> None:
    page = body(read(client, owner, "grant", grant.pk))
    assert "every workload of namespace <code>shop</code>" in page
    assert "in 89 days" in page or "in 90 days" in page
    assert f'href="{reverse("request", args=[grant.request_id])}"' in page


def test_a_stranger_gets_the_same_answer_as_for_a_grant_that_never_was(
    client: Client, stranger: Person, grant: Grant
) -> None:
    hidden = read(client, stranger, "grant", grant.pk)
    missing = read(client, stranger, "grant", grant.pk + 1000)
    assert hidden.status_code == missing.status_code == 404
    assert "api.stripe.com" not in body(hidden)


def test_ended_and_confirmed_gone_are_told_apart(
    client: Client, owner: Person, shop: Namespace
) -> None:
    ended = factories.grant(
        shop, owner, status=GrantStatus.REVOKED, ended_by="olga", end_reason="Contract over."
    )
    page = body(read(client, owner, "grant", ended.pk))
    assert "by olga" in page
    assert "Contract over." in page
    assert "has not been seen without it yet" in page
    Grant.objects.filter(pk=ended.pk).update(confirmed_at=timezone.now())
    page = body(read(client, owner, "grant", ended.pk))
    assert "has not been seen without it yet" not in page
    assert "is without this access" in page


def test_the_objects_in_the_cluster_are_shown_with_result_and_diff(
    client: Client, owner: Person, grant: Grant
) -> None:
    written(grant, message="admission webhook said no", diff="+  host: api.stripe.com")
    page = body(read(client, owner, "grant", grant.pk))
    assert f"{grant.namespace}/{base(grant.host)}" in page
    assert "admission webhook said no" in page
    assert "+  host: api.stripe.com" in page
    assert "diff-add" in page


def test_objects_of_other_hosts_of_the_namespace_are_not_shown(
    client: Client, owner: Person, grant: Grant, shop: Namespace
) -> None:
    other = factories.grant(shop, owner, "other.example.com")
    written(other)
    assert base("other.example.com") not in body(read(client, owner, "grant", grant.pk))


@pytest.mark.parametrize(
    ("reason", "page"),
    [("ForeignObject", "/clusters/main/foreign"), ("Forbidden", "/clusters/main"), ("Odd", "")],
)
def test_a_failure_comes_with_what_to_do_and_the_page_that_helps(
    client: Client, owner: Person, shop: Namespace, reason: str, page: str
) -> None:
    grant = factories.grant(shop, owner, failed_reason=reason, failed_message="No.")
    shown = body(read(client, owner, "grant", grant.pk)).partition("What to do.")[2]
    assert f'href="{page or reverse("request", args=[grant.request_id])}"' in shown.split("</p>")[0]


def test_an_ended_grant_asks_nothing_of_anybody(
    client: Client, owner: Person, shop: Namespace
) -> None:
    grant = factories.grant(shop, owner, status=GrantStatus.REVOKED, failed_reason="Forbidden")
    assert "What to do." not in body(read(client, owner, "grant", grant.pk))


def test_text_of_people_and_clusters_is_never_markup(
    client: Client, owner: Person, shop: Namespace
) -> None:
    grant = factories.grant(
        shop,
        owner,
        status=GrantStatus.REVOKED,
        ended_by=XSS,
        end_reason=XSS,
        granted_by=XSS,
        failed_message=XSS,
        failed_reason=XSS,
    )
    written(grant, message=XSS, diff=f"+{XSS}")
    for page in (
        body(read(client, owner, "grant", grant.pk)),
        body(read(client, owner, "grants", query="?status=all")),
    ):
        assert XSS not in page
    assert "&lt;script&gt;" in body(read(client, owner, "grant", grant.pk))


def test_the_page_costs_the_same_with_many_writes(
    client: Client, owner: Person, grant: Grant, django_assert_max_num_queries: Any
) -> None:
    for _ in range(12):
        written(grant)
    client.force_login(owner)
    with django_assert_max_num_queries(QUERIES_OF_PAGE):
        client.get(reverse("grant", args=[grant.pk]))


# --- what may be done -------------------------------------------------------------------------


def send(client: Client, who: Person, name: str, grant: Grant, **data: object) -> Any:
    client.force_login(who)
    return client.post(reverse(name, args=[grant.pk]), data)


def test_the_owner_revokes_and_the_audit_trail_knows_why(
    client: Client, owner: Person, grant: Grant
) -> None:
    response = send(client, owner, "grant-revoke", grant, reason="Not needed any more.")
    assert response.status_code == 302
    grant.refresh_from_db()
    assert (grant.status, grant.ended_by) == (GrantStatus.REVOKED, "owner")
    assert grant.end_reason == "Not needed any more."
    assert AuditEvent.objects.filter(tag="grant:revoked", actor="owner", source="web").exists()
    assert Slice.objects.filter(key="namespace:shop", priority=0).exists()


def test_revoking_twice_says_that_it_has_ended(client: Client, owner: Person, grant: Grant) -> None:
    send(client, owner, "grant-revoke", grant, reason="Once.")
    response = send(client, owner, "grant-revoke", grant, reason="Twice.")
    assert response.status_code == 409
    grant.refresh_from_db()
    assert grant.end_reason == "Once."


def test_revoking_needs_a_reason_and_keeps_the_page(
    client: Client, owner: Person, grant: Grant
) -> None:
    response = send(client, owner, "grant-revoke", grant, reason="")
    assert response.status_code == 422
    assert "&quot;Reason&quot; is empty. Fill it in." in body(response)
    grant.refresh_from_db()
    assert grant.status == GrantStatus.ACTIVE


def test_a_stranger_cannot_even_find_what_to_revoke(
    client: Client, stranger: Person, grant: Grant
) -> None:
    assert send(client, stranger, "grant-revoke", grant, reason="Mine now.").status_code == 404
    grant.refresh_from_db()
    assert grant.status == GrantStatus.ACTIVE


def test_an_auditor_sees_but_may_not_end(client: Client, olga: Person, grant: Grant) -> None:
    assert "Revoke this grant" not in body(read(client, olga, "grant", grant.pk))
    response = send(client, olga, "grant-revoke", grant, reason="Tidy up.")
    assert response.status_code == 403
    assert "may revoke this grant" in body(response)
    grant.refresh_from_db()
    assert grant.status == GrantStatus.ACTIVE


def test_an_admin_revokes(client: Client, adam: Person, grant: Grant) -> None:
    assert send(client, adam, "grant-revoke", grant, reason="Incident.").status_code == 302
    grant.refresh_from_db()
    assert grant.status == GrantStatus.REVOKED


def test_looking_changes_nothing(client: Client, owner: Person, grant: Grant) -> None:
    for name in ("grant-revoke", "grant-renew", "grant-resume"):
        assert read(client, owner, name, grant.pk).status_code == 405


def test_a_form_from_elsewhere_is_refused(owner: Person, grant: Grant) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert send(strict, owner, "grant-revoke", grant, reason="Forged.").status_code == 403
    grant.refresh_from_db()
    assert grant.status == GrantStatus.ACTIVE


def test_renewing_makes_a_request_that_somebody_decides(
    client: Client, owner: Person, alice: Person, grant: Grant
) -> None:
    response = send(
        client, owner, "grant-renew", grant, reason="Still selling.", duration_days="30"
    )
    renewal = Request.objects.get(renews=grant)
    assert response["Location"] == reverse("request", args=[renewal.pk])
    assert (renewal.status, renewal.duration_days) == ("pending", 30)
    page = body(read(client, owner, "grant", grant.pk))
    assert "Ask to renew" not in page
    assert f'href="{reverse("request", args=[renewal.pk])}"' in page


def test_renewing_twice_leads_to_the_request_that_waits(
    client: Client, owner: Person, alice: Person, grant: Grant
) -> None:
    send(client, owner, "grant-renew", grant, reason="Still selling.", duration_days="30")
    response = send(client, owner, "grant-renew", grant, reason="Again.", duration_days="30")
    assert response.status_code == 409
    assert Request.objects.filter(renews=grant).count() == 1


@pytest.mark.parametrize("days", ["0", "-3", "many", "1000000", ""])
def test_renewing_for_an_impossible_time_says_so(
    client: Client, owner: Person, alice: Person, grant: Grant, days: str
) -> None:
    response = send(client, owner, "grant-renew", grant, reason="Long.", duration_days=days)
    assert response.status_code == 422
    assert "Long." in body(response)
    assert not Request.objects.filter(renews=grant).exists()


def test_an_approver_resumes_a_suspended_grant_but_not_their_own(
    client: Client, owner: Person, alice: Person, shop: Namespace
) -> None:
    grant = factories.grant(shop, owner, status=GrantStatus.SUSPENDED)
    assert "Resume this grant" not in body(read(client, owner, "grant", grant.pk))
    assert send(client, owner, "grant-resume", grant, reason="Mine.").status_code == 403
    assert "Resume this grant" in body(read(client, alice, "grant", grant.pk))
    assert send(client, alice, "grant-resume", grant, reason="Same team.").status_code == 302
    grant.refresh_from_db()
    assert grant.status == GrantStatus.ACTIVE


def test_an_ended_grant_offers_nothing(client: Client, owner: Person, shop: Namespace) -> None:
    grant = factories.grant(shop, owner, status=GrantStatus.REVOKED)
    page = body(read(client, owner, "grant", grant.pk))
    assert "What you may do" not in page


def test_what_was_written_for_others_too_is_for_those_who_may_know_them(
    grant: Grant, payments: Namespace, owner: Person, olga: Person
) -> None:
    Cluster.objects.update(enforcement="gateway")
    written(grant, diff="+  port: 8443")
    written(grant, place="istio-egress", diff="+  - payments")
    page = body(get(owner, "grant", grant.pk))
    assert ("payments" in page, "8443" in page) == (True, True)
    factories.grant(payments, host=grant.host)
    page = body(get(owner, "grant", grant.pk))
    assert ("payments" in page, "8443" in page) == (False, True)
    assert "Other namespaces share objects of this host" in page
    assert "payments" in body(get(olga, "grant", grant.pk))


def written(grant: Grant, *, message: str = "", diff: str = "", place: str = "") -> DeliveryStep:
    """Record that the portal wrote the object of a grant once more."""
    now = timezone.now()
    part, _ = Slice.objects.get_or_create(
        cluster=grant.cluster, key=f"namespace:{grant.namespace}", defaults={"due_at": now}
    )
    names = {
        "api_version": "networking.istio.io/v1",
        "kind": "ServiceEntry",
        "namespace": place or grant.namespace,
        "name": base(grant.host),
    }
    OwnedObject.objects.get_or_create(cluster=grant.cluster, **names, defaults={"slice": part})
    delivery = Delivery.objects.create(
        cluster=grant.cluster,
        slice=part,
        generation=1,
        fence=1,
        worker="worker-1",
        generator_version="1",
        started_at=now - timedelta(seconds=3),
    )
    return DeliveryStep.objects.create(
        delivery=delivery,
        position=0,
        action="create",
        result=DeliveryStep.Result.WRITTEN,
        message=message,
        diff=diff,
        **names,
    )
