"""The page of the brake: an admin sees each held object before letting it go."""

import pytest

from egress.models import BrakeRelease, Cluster, Namespace, Person, Slice
from egress.selectors.brake import held_of
from tests.api.test_brake import hold
from tests.web.browsing import words
from tests.web.records.pages import get, post, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def braked(shop: Namespace) -> Cluster:
    """A cluster where an object is held that would go, and one that would be narrowed."""
    hold(shop.cluster)
    hold(shop.cluster, "egress-b", left="0" * 64)
    return shop.cluster


def test_the_page_of_the_cluster_says_what_is_held(braked: Cluster, adam: Person) -> None:
    page = words(get(adam, "cluster", "main"))
    assert "2 objects would be removed or narrowed" in page
    assert "ServiceEntry shop/egress-a" in page
    assert "would be narrowed" in page
    assert "api.example.com" in page
    assert "Look and release" in page


def test_an_auditor_sees_it_but_is_offered_nothing(braked: Cluster, olga: Person) -> None:
    page = words(get(olga, "cluster", "main"))
    assert "ServiceEntry shop/egress-a" in page
    assert "Look and release" not in page
    assert get(olga, "cluster-brake", "main").status_code == 403


def test_a_developer_is_not_shown_what_is_held(braked: Cluster, owner: Person) -> None:
    assert "egress-a" not in text(get(owner, "cluster", "main"))
    assert get(owner, "cluster-brake", "main").status_code == 403
    assert post(owner, "cluster-brake", "main", digest="x", reason="y").status_code == 403


def test_the_panel_is_absent_while_nothing_is_held(shop: Namespace, adam: Person) -> None:
    assert "Held by the brake" not in text(get(adam, "cluster", "main"))
    assert "Nothing is held now." in text(get(adam, "cluster-brake", "main"))


def test_more_than_a_few_are_counted(braked: Cluster, adam: Person) -> None:
    for number in range(20):
        hold(braked, f"egress-{number}")
    page = text(get(adam, "cluster", "main"))
    assert "22 objects would be" in page
    assert "And 12 more." in page
    assert "egress-19" in text(get(adam, "cluster-brake", "main"))


def test_an_admin_looks_says_why_and_releases(braked: Cluster, adam: Person) -> None:
    assert "Release 2 objects" in text(get(adam, "cluster-brake", "main"))
    digest = held_of(braked).digest
    answer = post(adam, "cluster-brake", "main", digest=digest, reason="Cleaned up on purpose.")
    assert answer.status_code == 302
    assert BrakeRelease.objects.get().released_by == "adam"
    assert Slice.objects.get().wanted == 1
    assert "by adam" in text(get(adam, "cluster", "main"))


def test_what_changed_meanwhile_is_shown_anew_with_a_word(braked: Cluster, adam: Person) -> None:
    digest = held_of(braked).digest
    hold(braked, "egress-new")
    answer = post(adam, "cluster-brake", "main", digest=digest, reason="Yes.")
    assert answer.status_code == 409
    page = text(answer)
    assert "has changed since you looked" in page
    assert "egress-new" in page
    assert held_of(braked).digest in page
    assert not BrakeRelease.objects.exists()


def test_a_reason_is_needed(braked: Cluster, adam: Person) -> None:
    answer = post(adam, "cluster-brake", "main", digest=held_of(braked).digest, reason="")
    assert answer.status_code == 422
    assert not BrakeRelease.objects.exists()
