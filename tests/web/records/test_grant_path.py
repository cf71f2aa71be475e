"""The way of a grant on its page and in the access check: a picture, and the same in words."""

import re
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from egress.domain.lifecycle import GrantStatus
from egress.domain.naming import base
from egress.models import Cluster, Grant, Namespace, OwnedObject, Person, Slice
from tests import factories
from tests.web.browsing import inline_code, words
from tests.web.records.pages import get, signed_in, text

pytestmark = pytest.mark.django_db
HOST = "api.stripe.com"


def ask(who: Person, **asked: str) -> Any:
    question = {"cluster": "main", "namespace": "shop", "host": HOST, "port": "443"}
    return signed_in(who).get(reverse("access-check"), {**question, **asked})


def own(grant: Grant) -> None:
    part = Slice.objects.create(cluster=grant.cluster, key="namespace:shop", due_at=timezone.now())
    OwnedObject.objects.create(
        cluster=grant.cluster,
        slice=part,
        api_version="networking.istio.io/v1",
        kind="ServiceEntry",
        namespace="shop",
        name=base(grant.host),
        uid="1",
    )


def test_the_page_of_a_grant_leads_from_the_workload_to_the_host(
    owner: Person, shop: Namespace
) -> None:
    grant = factories.grant(shop, owner, HOST)
    own(grant)
    page = words(get(owner, "grant", grant.pk))
    assert f"The way from shop to {HOST} is open." in page
    places = (
        page.index("Workload shop"),
        page.index("Sidecar of each pod"),
        page.index("Host, port"),
    )
    assert list(places) == sorted(places)


def test_the_object_that_decides_comes_with_its_yaml(owner: Person, shop: Namespace) -> None:
    grant = factories.grant(shop, owner, HOST)
    page = text(get(owner, "grant", grant.pk))
    (yaml,) = re.findall(r'<pre class="code" id="path-object-1"[^>]*>([^<]+)</pre>', page)
    assert "kind: ServiceEntry" in yaml
    assert f"- {HOST}" in yaml
    assert 'href="#path-object-1"' in page, "the host stop points at the same entry"


def test_an_object_that_is_not_there_ends_the_way(owner: Person, shop: Namespace) -> None:
    grant = factories.grant(shop, owner, HOST)
    page = words(get(owner, "grant", grant.pk))
    assert "ends at the sidecar: an object there is gone from the cluster." in page
    assert "Missing" in page
    assert "The way ends here" in page


def test_a_grant_that_waits_says_so(owner: Person, shop: Namespace) -> None:
    grant = factories.grant(shop, owner, HOST, status=GrantStatus.PENDING)
    assert "an object there waits to be written." in words(get(owner, "grant", grant.pk))


def test_added_tls_is_told(owner: Person, shop: Namespace) -> None:
    grant = factories.grant(shop, owner, HOST, 80, "HTTP", tls_origination=True)
    assert "The last proxy on the way adds TLS" in words(get(owner, "grant", grant.pk))
    plain = factories.grant(shop, owner, "plain.example.com", 80, "HTTP")
    assert "adds TLS" not in words(get(owner, "grant", plain.pk))


@pytest.mark.parametrize(
    ("enforcement", "place"), [("gateway", "Egress gateway"), ("ambient", "Waypoint")]
)
def test_the_place_that_decides_is_named_by_the_enforcement(
    owner: Person, shop: Namespace, enforcement: str, place: str
) -> None:
    Cluster.objects.update(enforcement=enforcement, istio_version="1.30.2")
    shop.refresh_from_db()
    grant = factories.grant(shop, owner, HOST)
    page = words(get(owner, "grant", grant.pk))
    assert f"{place} in istio-egress" in page
    assert "laid down once for the cluster" in page


def test_an_ended_grant_has_no_way(owner: Person, shop: Namespace) -> None:
    grant = factories.grant(shop, owner, HOST, status=GrantStatus.REVOKED)
    assert "The way out" not in words(get(owner, "grant", grant.pk))


def test_a_picture_needs_nothing_inline_and_is_hidden_from_screen_readers(
    owner: Person, shop: Namespace
) -> None:
    page = text(get(owner, "grant", factories.grant(shop, owner, HOST).pk))
    assert inline_code(page) == []
    pictures = re.findall(r'<svg class="picture[^>]*>', page)
    assert len(pictures) == 2
    assert all('aria-hidden="true"' in picture for picture in pictures)


# --- the access check -------------------------------------------------------------------------


def test_a_no_shows_what_stops_it(owner: Person, shop: Namespace) -> None:
    Namespace.objects.update(default_deny=True, default_deny_enforced=True)
    page = words(ask(owner))
    assert "Where it is stopped" in page
    assert f"ends at the sidecar: its sidecar knows no way to {HOST}:443." in page
    assert "Sidecar shop/default" in page


def test_a_grant_of_another_account_stops_at_the_gateway(owner: Person, shop: Namespace) -> None:
    Cluster.objects.update(enforcement="gateway", istio_version="1.30.2")
    Namespace.objects.update(default_deny=True, default_deny_enforced=True)
    shop.refresh_from_db()
    factories.grant(shop, owner, HOST, service_account=shop.service_accounts.get(name="web"))
    assert "ends at the egress gateway" in words(ask(owner, service_account="default"))
    assert "Yes:" in words(ask(owner, service_account="web"))


def test_what_nothing_holds_is_not_called_stopped(owner: Person, shop: Namespace) -> None:
    page = words(ask(owner))
    assert "Where it is stopped" not in page
    assert "is open: no Sidecar denies any destination" in page


def test_a_grant_that_is_not_applied_is_stopped_where_it_waits(
    owner: Person, shop: Namespace
) -> None:
    factories.grant(shop, owner, HOST, status=GrantStatus.PENDING)
    page = words(ask(owner))
    assert "Where it is stopped" in page
    assert "waits to be written" in page


@pytest.mark.parametrize("host", ["not a host", "a..b", "\u0000", "*.example.com", "10.0.0.0/8"])
def test_any_question_has_an_answer(owner: Person, shop: Namespace, host: str) -> None:
    for enforcement in ("sidecar", "gateway", "ambient"):
        Cluster.objects.update(enforcement=enforcement)
        assert ask(owner, host=host).status_code == 200
