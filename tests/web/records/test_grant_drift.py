"""A drifted or failed grant: the way to it, what differs, and what to do."""

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from egress.domain.plan import Action, ObjectKey
from egress.models import AuditEvent, Cluster, Grant, Namespace, Person
from egress.services import drift
from tests import factories
from tests.web.records.pages import XSS, get, post, signed_in, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def drifted(shop: Namespace, owner: Person) -> Grant:
    """A grant of the shop that somebody changed in a cluster that only shows it."""
    Cluster.objects.update(drift_policy=Cluster.DriftPolicy.FLAG)
    return factories.grant(shop, owner, "api.stripe.com", drifted_at=timezone.now())


def found(*objects: drift.DriftedObject) -> Callable[..., drift.Difference]:
    return lambda **_: drift.Difference(objects)


def test_the_number_of_drifted_and_failed_grants_leads_to_their_list(
    adam: Person, drifted: Grant, shop: Namespace
) -> None:
    factories.grant(shop, host="broken.example.com", failed_reason="Forbidden")
    grants = f"{reverse('grants')}?cluster=main&amp;status="
    assert f'href="{grants}drifted"' in text(get(adam, "cluster", "main"))
    page = text(get(adam, "clusters"))
    assert f'href="{grants}drifted"' in page
    assert f'href="{grants}failed"' in page


def test_the_page_reads_the_difference_only_when_it_is_asked_for(
    owner: Person, drifted: Grant, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = ObjectKey("networking.istio.io/v1", "ServiceEntry", "shop", "api")
    one = drift.DriftedObject(key, Action.UPDATE, f"Changed by {XSS}.", f"-  port: {XSS}")
    monkeypatch.setattr(drift, "differences", found(one))
    page = text(get(owner, "grant", drifted.pk))
    assert f'hx-get="{reverse("grant", args=[drifted.pk])}?live=1"' in page
    assert "Changed by" not in page
    page = text(get(owner, "grant", drifted.pk, query="?live=1"))
    assert "Changed by" in page
    assert "diff-del" in page
    assert XSS not in page
    monkeypatch.setattr(drift, "differences", found())
    assert "Nothing differs any more" in text(get(owner, "grant", drifted.pk, query="?live=1"))


def test_a_cluster_that_does_not_answer_leaves_the_page_whole(
    owner: Person, drifted: Grant
) -> None:
    page = text(get(owner, "grant", drifted.pk, query="?live=1"))
    assert "could not be read" in page
    assert "Facts" in page


def test_a_grant_without_drift_is_not_compared(owner: Person, shop: Namespace) -> None:
    grant = factories.grant(shop, owner)
    assert "What differs" not in text(get(owner, "grant", grant.pk, query="?live=1"))


def test_an_admin_presses_apply_again(adam: Person, owner: Person, drifted: Grant) -> None:
    assert "Apply again" in text(get(adam, "grant", drifted.pk))
    assert "Apply again" not in text(get(owner, "grant", drifted.pk))
    assert post(adam, "grant-apply", drifted.pk).status_code == 302
    assert AuditEvent.objects.filter(tag="drift:heal-asked", actor="adam").exists()
    assert f"{drifted} applied again" in text(get(adam, "grant", drifted.pk)).replace("&gt;", ">")


def test_nobody_else_presses_it(
    owner: Person, alice: Person, olga: Person, stranger: Person, drifted: Grant
) -> None:
    for who, status in ((owner, 403), (alice, 403), (olga, 403), (stranger, 404)):
        assert post(who, "grant-apply", drifted.pk).status_code == status
    assert not AuditEvent.objects.exists()


def test_pressing_it_too_late_is_a_sentence(adam: Person, drifted: Grant) -> None:
    Grant.objects.update(drifted_at=None)
    client = signed_in(adam)
    answer = client.post(reverse("grant-apply", args=[drifted.pk]), follow=True)
    assert (answer.status_code, "nothing to apply again" in text(answer)) == (200, True)


@pytest.mark.parametrize(
    ("reason", "words", "leads_to"),
    [
        ("ForeignObject", "let the portal adopt it", ("cluster-foreign", "main")),
        ("PostureBlocks", "has to mend this check", ("cluster", "main")),
        ("Tampered", "Tell an auditor", None),
    ],
)
def test_a_failure_comes_with_the_next_step_wherever_it_is_shown(
    owner: Person, shop: Namespace, reason: str, words: str, leads_to: Any
) -> None:
    grant = factories.grant(shop, owner, failed_reason=reason, failed_message="It did not work.")
    name, *args = leads_to or ("request", grant.request_id)
    pages = (get(owner, "home"), get(owner, "grants"), get(owner, "grant", grant.pk))
    for page in map(text, pages):
        assert words in page
        said = page.split("What to do.")[1]
        assert f'href="{reverse(name, args=args)}"' in said.split("</p>")[0]


def test_a_grant_that_works_needs_no_next_step(owner: Person, shop: Namespace) -> None:
    grant = factories.grant(shop, owner)
    for page in (get(owner, "grants"), get(owner, "grant", grant.pk)):
        assert "What to do." not in text(page)
