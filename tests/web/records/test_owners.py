"""Who owns namespaces, as admins see and set it."""

import pytest

from egress.models import Cluster, Namespace, Person
from tests import factories as make
from tests.web.records.pages import XSS, get, post, text


@pytest.mark.parametrize("name", ["owners", "cluster-owners"])
def test_only_admins_get_in(shop: Namespace, owner: Person, olga: Person, name: str) -> None:
    args = ["main"] if name == "cluster-owners" else []
    for who in (owner, olga):
        assert get(who, name, *args).status_code == 403
        assert post(who, name, *args).status_code == 403
    assert post(owner, "cluster-owners-try", "main").status_code == 403


def test_namespaces_without_an_owner_are_listed_and_given_to_a_team_at_once(
    shop: Namespace, payments: Namespace, adam: Person
) -> None:
    bare = make.namespace(shop.cluster, "bare")
    lost = make.namespace(shop.cluster, "lost")
    page = text(get(adam, "owners", query="?owner=none"))
    assert "bare" in page
    assert "payments" not in page
    team = make.team("team-new")
    done = post(adam, "owners", namespaces=[bare.pk, lost.pk], team=team.pk)
    assert done.status_code == 302
    for row in (bare, lost):
        row.refresh_from_db()
        assert row.owner == team
    assert "Nobody" in text(get(adam, "owners", query="?owner=none"))
    assert "set by an admin" in text(get(adam, "owners", query="?owner=admin"))


@pytest.mark.parametrize("keys", [[], ["x"], ["999999"], ["1" * 30]])
def test_a_wrong_choice_is_said_and_the_rest_is_kept(
    shop: Namespace, adam: Person, keys: list[str]
) -> None:
    team = make.team("team-new")
    answer = post(adam, "owners", namespaces=[*keys], team=team.pk)
    assert answer.status_code == 422
    assert f'<option value="{team.pk}" selected' in text(answer)
    both = post(adam, "owners", namespaces=[*keys, str(shop.pk)], team=team.pk)
    if keys:
        assert both.status_code == 422
        assert f'value="{shop.pk}" aria-label="Choose shop in main" checked' in text(both)


@pytest.mark.parametrize("query", ["?owner=x", "?cluster=no", "?q=%00", "?after=x"])
def test_filters_that_make_no_sense_are_no_failure(
    shop: Namespace, adam: Person, query: str
) -> None:
    assert get(adam, "owners", query=query).status_code == 200


def test_an_admin_chooses_what_counts_in_a_cluster(shop: Namespace, adam: Person) -> None:
    assert "Whoever may create deployments" in text(get(adam, "cluster-owners", "main"))
    sent = {"owner_by_review": "on", "owner_by_label": "on", "review_user": "username"}
    done = post(adam, "cluster-owners", "main", **sent, review_user_prefix="oidc:")
    assert done.status_code == 302
    cluster = Cluster.objects.get()
    assert (cluster.owner_by_admin, cluster.owner_by_review) == (False, True)
    assert cluster.review_user_prefix == "oidc:"
    assert "whoever may deploy there" in text(get(adam, "namespace", "main", "shop"))


def test_settings_of_a_cluster_keep_what_counts_for_owners(shop: Namespace, adam: Person) -> None:
    Cluster.objects.update(owner_by_review=True, review_user_prefix="oidc:")
    sent = {"enforcement": "sidecar", "recertify_days": 180}
    assert post(adam, "cluster-settings", "main", **sent).status_code == 302
    cluster = Cluster.objects.get()
    assert (cluster.owner_by_review, cluster.review_user_prefix) == (True, "oidc:")


def test_a_prefix_that_is_refused_stays_in_the_form(shop: Namespace, adam: Person) -> None:
    sent = {"owner_by_review": "on", "review_user": "username", "review_user_prefix": "system:"}
    answer = post(adam, "cluster-owners", "main", **sent)
    assert answer.status_code == 422
    assert 'value="system:"' in text(answer)
    assert not Cluster.objects.get().owner_by_review


def test_trying_says_that_a_cluster_did_not_answer(
    shop: Namespace, adam: Person, owner: Person
) -> None:
    page = text(post(adam, "cluster-owners-try", "main", person="owner", namespace="shop"))
    assert "did not say whether" in page
    answer = post(adam, "cluster-owners-try", "main", person=XSS, namespace="shop\0")
    assert answer.status_code == 422
    assert XSS not in text(answer)
