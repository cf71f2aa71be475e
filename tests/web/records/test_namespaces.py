"""The namespace page, and the decision on default deny with its preview."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import reverse

from egress.domain.lifecycle import GrantStatus
from egress.models import AuditEvent, Namespace, Person, Slice
from egress.services.errors import Unavailable
from tests import factories
from tests.cluster.sandboxes import Cluster as Sandbox
from tests.cluster.sandboxes import sandbox_in_process
from tests.web.records.pages import XSS, get, post, signed_in, text

pytestmark = pytest.mark.django_db
SHOP = ("main", "shop")


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch, shop: Namespace) -> Iterator[Sandbox]:
    """The cluster behind `main`: a sandbox with the namespace of the shop."""
    with sandbox_in_process() as running:
        running.namespace("shop", {"istio-injection": "enabled"})
        monkeypatch.setattr(
            "egress.services.hardening.decisions.open_gateway", lambda cluster: running.gateway
        )
        yield running


def digest_on(page: str) -> str:
    found = re.search(r'name="digest" value="([0-9a-f]{64})"', page)
    assert found
    return found[1]


def test_the_owner_sees_facts_and_grants(owner: Person, shop: Namespace) -> None:
    factories.grant(shop, owner, "api.stripe.com")
    Namespace.objects.filter(pk=shop.pk).update(uninjected_pods=["old-pod"])
    page = text(get(owner, "namespace", *SHOP))
    assert "api.stripe.com" in page
    assert "team-shop" in page
    assert "old-pod" in page
    assert "default, web" in page


def test_grants_of_a_namespace_of_the_same_name_elsewhere_are_not_mixed_in(
    owner: Person, shop: Namespace
) -> None:
    elsewhere = factories.namespace(factories.cluster("two"), "shop", owner="team-shop")
    factories.grant(elsewhere, owner, "elsewhere.example.com")
    assert "elsewhere.example.com" not in text(get(owner, "namespace", *SHOP))


def test_a_stranger_gets_the_answer_of_a_namespace_that_is_not_there(
    stranger: Person, shop: Namespace, payments: Namespace
) -> None:
    for name in ("namespace", "namespace-default-deny"):
        assert get(stranger, name, *SHOP).status_code == 404
        assert get(stranger, name, "main", "nowhere").status_code == 404
        assert get(stranger, name, "nowhere", "shop").status_code == 404


def test_names_of_pods_and_owners_are_never_markup(adam: Person, shop: Namespace) -> None:
    Namespace.objects.filter(pk=shop.pk).update(owner_label=XSS, uninjected_pods=[XSS])
    assert XSS not in text(get(adam, "namespace", *SHOP))
    assert XSS not in text(get(adam, "cluster", "main"))


def test_the_page_costs_the_same_with_many_grants(
    owner: Person, shop: Namespace, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        factories.grant(shop, owner, f"host-{number}.example.com")
    client = signed_in(owner)
    with django_assert_max_num_queries(12):
        client.get(reverse("namespace", args=SHOP))


# --- default deny -----------------------------------------------------------------------------


def test_the_owner_sees_what_would_change_and_decides(
    owner: Person, shop: Namespace, sandbox: Sandbox
) -> None:
    page = text(get(owner, "namespace-default-deny", *SHOP))
    assert "REGISTRY_ONLY" in page
    assert "diff-add" in page
    assert "Every connection to a host outside the registry" in page
    shop.refresh_from_db()
    assert not shop.default_deny

    response = post(
        owner, "namespace-default-deny", *SHOP, on="yes", digest=digest_on(page), reason="Audit."
    )
    assert response["Location"] == reverse("namespace", args=SHOP)
    shop.refresh_from_db()
    assert (shop.default_deny, shop.default_deny_by) == (True, "owner")
    assert Slice.objects.filter(key="namespace:shop").exists()
    assert AuditEvent.objects.filter(tag="namespace:default-deny-set", actor="owner").exists()


def test_deciding_on_another_preview_than_the_one_seen_is_a_conflict(
    owner: Person, shop: Namespace, sandbox: Sandbox
) -> None:
    page = text(get(owner, "namespace-default-deny", *SHOP))
    factories.grant(shop, owner, "new.example.com", status=GrantStatus.PENDING)
    response = post(
        owner, "namespace-default-deny", *SHOP, on="yes", digest=digest_on(page), reason="Old."
    )
    assert response.status_code == 409
    again = text(response)
    assert "has changed since you looked" in again
    assert "Old." in again
    assert digest_on(again) != digest_on(page)
    shop.refresh_from_db()
    assert not shop.default_deny


def test_deciding_twice_is_a_conflict(owner: Person, shop: Namespace, sandbox: Sandbox) -> None:
    sent = {"on": "yes", "digest": digest_on(text(get(owner, "namespace-default-deny", *SHOP)))}
    assert post(owner, "namespace-default-deny", *SHOP, **sent).status_code == 302
    assert post(owner, "namespace-default-deny", *SHOP, **sent).status_code == 403
    assert AuditEvent.objects.filter(tag="namespace:default-deny-set").count() == 1


def test_a_foreign_sidecar_in_the_way_leaves_nothing_to_press(
    owner: Person, shop: Namespace, sandbox: Sandbox
) -> None:
    sandbox.put(
        {
            "apiVersion": "networking.istio.io/v1",
            "kind": "Sidecar",
            "metadata": {"name": "default", "namespace": "shop"},
            "spec": {"egress": [{"hosts": ["./*"]}]},
        }
    )
    page = text(get(owner, "namespace-default-deny", *SHOP))
    assert "It cannot be switched now" in page
    assert "Switch the default deny on</button>" not in page


def test_only_an_admin_switches_it_off_and_says_why(
    owner: Person, adam: Person, shop: Namespace, sandbox: Sandbox
) -> None:
    Namespace.objects.filter(pk=shop.pk).update(default_deny=True)
    assert "Switch it off" not in text(get(owner, "namespace", *SHOP))
    assert get(owner, "namespace-default-deny", *SHOP).status_code == 403

    page = text(get(adam, "namespace-default-deny", *SHOP))
    sent = {"on": "no", "digest": digest_on(page)}
    silent = post(adam, "namespace-default-deny", *SHOP, **sent, reason="")
    assert silent.status_code == 422
    assert "Say why the namespace has to do without its default deny." in text(silent)
    assert post(adam, "namespace-default-deny", *SHOP, **sent, reason="Fire.").status_code == 302
    shop.refresh_from_db()
    assert not shop.default_deny


@pytest.mark.parametrize("who", ["alice", "olga"])
def test_who_only_reads_or_decides_requests_has_no_say(
    request: Any, who: str, shop: Namespace, sandbox: Sandbox
) -> None:
    person: Person = request.getfixturevalue(who)
    assert get(person, "namespace-default-deny", *SHOP).status_code == 403
    assert post(person, "namespace-default-deny", *SHOP, on="yes", digest="x").status_code == 403
    shop.refresh_from_db()
    assert not shop.default_deny


def test_without_the_cluster_there_is_no_preview(
    owner: Person, shop: Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(cluster: object) -> None:
        raise Unavailable("Cluster “main” cannot be reached. Try again later.")

    monkeypatch.setattr("egress.services.hardening.decisions.open_gateway", unreachable)
    response = get(owner, "namespace-default-deny", *SHOP)
    assert response.status_code == 503
    assert "cannot be reached" in text(response)


# --- network policy ---------------------------------------------------------------------------


def test_the_owner_sees_the_network_policy_and_what_it_is_worth_before_deciding(
    owner: Person, shop: Namespace, sandbox: Sandbox
) -> None:
    page = text(get(owner, "namespace-network-policy", *SHOP))
    assert "NetworkPolicy" in page
    assert "Only the egress gateway is a boundary." in page
    sent = {"on": "yes", "digest": digest_on(page), "reason": "Audit."}
    response = post(owner, "namespace-network-policy", *SHOP, **sent)
    assert response["Location"] == reverse("namespace", args=SHOP)
    shop.refresh_from_db()
    assert (shop.network_policy, shop.network_policy_by) == (True, "owner")
    assert not shop.default_deny
    assert Slice.objects.filter(key="namespace:shop").exists()
    assert AuditEvent.objects.filter(tag="namespace:network-policy-set", actor="owner").exists()
    assert get(owner, "namespace-network-policy", *SHOP).status_code == 403


def test_a_foreign_network_policy_of_our_name_leaves_nothing_to_press(
    owner: Person, shop: Namespace, sandbox: Sandbox
) -> None:
    sandbox.put(
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": "egress-portal", "namespace": "shop"},
            "spec": {"podSelector": {}, "policyTypes": ["Egress"]},
        }
    )
    page = text(get(owner, "namespace-network-policy", *SHOP))
    assert "It cannot be switched now" in page
    assert "Switch the network policy on</button>" not in page


# --- administration ---------------------------------------------------------------------------


def test_an_admin_sets_the_owner(adam: Person, shop: Namespace) -> None:
    team = factories.team("team-new")
    assert post(adam, "namespace-owner", *SHOP, team=team.pk).status_code == 302
    shop.refresh_from_db()
    assert shop.owner_name == "team-new"
    assert post(adam, "namespace-owner", *SHOP, team="").status_code == 302
    shop.refresh_from_db()
    assert shop.owner_name == "team-shop"


def test_an_admin_sets_the_enforcement_while_nothing_is_granted(
    adam: Person, shop: Namespace
) -> None:
    assert post(adam, "namespace-enforcement", *SHOP, enforcement="gateway").status_code == 302
    shop.refresh_from_db()
    assert shop.enforcement == "gateway"
    assert post(adam, "namespace-enforcement", *SHOP, enforcement="").status_code == 302
    factories.grant(shop)
    response = post(adam, "namespace-enforcement", *SHOP, enforcement="ambient")
    assert response.status_code == 409
    assert "End them first." in text(response)
    shop.refresh_from_db()
    assert shop.enforcement == ""


@pytest.mark.parametrize("value", ["nonsense", "SIDECAR"])
def test_an_unknown_enforcement_is_refused(adam: Person, shop: Namespace, value: str) -> None:
    assert post(adam, "namespace-enforcement", *SHOP, enforcement=value).status_code == 422


def test_the_owning_team_does_not_administer(owner: Person, shop: Namespace) -> None:
    team = factories.team("team-mine")
    assert "Set the owner" not in text(get(owner, "namespace", *SHOP))
    assert post(owner, "namespace-owner", *SHOP, team=team.pk).status_code == 403
    assert post(owner, "namespace-enforcement", *SHOP, enforcement="gateway").status_code == 403
    shop.refresh_from_db()
    assert (shop.owner_name, shop.enforcement) == ("team-shop", "")


@pytest.mark.parametrize("name", ["%00", "a%00b", "%ED%A0%80"])
def test_an_address_that_names_no_namespace_is_missing(
    adam: Person, shop: Namespace, name: str
) -> None:
    assert signed_in(adam).get(f"/clusters/main/namespaces/{name}").status_code == 404


def test_default_deny_is_not_offered_in_the_ambient_mesh(owner: Person, shop: Namespace) -> None:
    Namespace.objects.filter(pk=shop.pk).update(enforcement="ambient")
    page = text(get(owner, "namespace", "main", "shop"))
    assert "the ambient mesh knows no default deny" in page
    assert reverse("namespace-default-deny", args=["main", "shop"]) not in page
    assert reverse("namespace-network-policy", args=["main", "shop"]) in page


def test_under_central_entries_an_admin_names_the_hosts_of_the_mesh(
    adam: Person, owner: Person, shop: Namespace
) -> None:
    assert "Hosts of the mesh it keeps" not in text(get(adam, "namespace", *SHOP))
    shop.cluster.central_entries = True
    shop.cluster.save()
    assert "Hosts of the mesh it keeps" in text(get(adam, "namespace", *SHOP))
    assert post(adam, "namespace-mesh-hosts", *SHOP, hosts="data/*\n").status_code == 302
    shop.refresh_from_db()
    assert shop.mesh_hosts == ["data/*"]
    wrong = post(adam, "namespace-mesh-hosts", *SHOP, hosts="everything")
    assert wrong.status_code == 422
    assert "Write NAMESPACE/NAME" in text(wrong)
    assert post(owner, "namespace-mesh-hosts", *SHOP, hosts="").status_code == 403
