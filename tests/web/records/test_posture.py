"""The posture on a cluster's page, and what admins do about it there."""

from typing import Any

import pytest
from django.utils import timezone

from egress.domain.posture import Level, Row, Scope
from egress.models import Cluster, Namespace, Person
from tests.web.records.pages import XSS, get, post, text

pytestmark = pytest.mark.django_db
DOOR = Row(
    "PF2",
    Level.REVIEW,
    Scope.CLUSTER,
    'Gateway "shop/own" selects the pods.',
    "Gateway shop/own",
    "Delete it.",
)
HIDDEN = Row("PF5", Level.UNKNOWN, Scope.CLUSTER, "Rules may not be read.", fix="Allow it.")
BARE = Row("PF9", Level.WARN, Scope.NAMESPACE, "Bare pods.", "Pod shop/a", namespace="shop")
FINE = Row("PF1", Level.OK, Scope.CLUSTER, "The gateway is there.", fix="never shown")
SFTP = Row("Foreign", Level.WARN, Scope.NAMESPACE, "An SFTP entry.", namespace="data")


def seen(cluster: Cluster, *rows: Row) -> None:
    stored = [row.as_json() for row in rows]
    Cluster.objects.filter(pk=cluster.pk).update(posture=stored, posture_at=timezone.now())


def test_each_row_is_shown_with_sentence_object_and_fix(adam: Person, cluster: Cluster) -> None:
    seen(cluster, FINE, DOOR, BARE, SFTP)
    page = text(get(adam, "cluster", "main"))
    for shown in ("selects the pods.", "Gateway shop/own", "To fix it: Delete it.", "PF2"):
        assert shown in page
    assert "never shown" not in page
    assert page.index("selects the pods.") < page.index("The gateway is there.")
    assert "An SFTP entry." not in page, "foreign ways out have a panel of their own"


def test_a_cluster_that_is_no_boundary_says_so(adam: Person, cluster: Cluster) -> None:
    seen(cluster, DOOR)
    assert "Not a boundary" in text(get(adam, "cluster", "main"))
    seen(cluster, FINE)
    page = text(get(adam, "cluster", "main"))
    assert "Not a boundary" not in page
    assert "Sidecar enforcement is a guardrail" in page


def test_a_cluster_nobody_looked_at_says_so(adam: Person, cluster: Cluster) -> None:
    assert "The portal has not looked yet." in text(get(adam, "cluster", "main"))


def test_developers_see_the_rows_of_their_namespaces(
    owner: Person, cluster: Cluster, shop: Namespace
) -> None:
    seen(cluster, DOOR, BARE, SFTP)
    page = text(get(owner, "cluster", "main"))
    assert "Bare pods." in page
    assert "Not a boundary" in page
    for hidden in ("selects the pods.", "An SFTP entry.", "Vouch for it", "Look now"):
        assert hidden not in page


def test_an_admin_vouches_for_what_cannot_be_read(adam: Person, cluster: Cluster) -> None:
    seen(cluster, HIDDEN)
    assert "Vouch for it" in text(get(adam, "cluster", "main"))
    answer = post(adam, "cluster-posture-attest", "main", row_id="PF5", note="Read by hand.")
    assert answer.status_code == 302
    page = text(get(adam, "cluster", "main"))
    assert "Vouched for by adam on" in page
    assert "Read by hand." in page
    assert post(adam, "cluster-posture-withdraw", "main", "PF5").status_code == 302
    assert "Vouched for by" not in text(get(adam, "cluster", "main"))


@pytest.mark.parametrize(
    "sent", [{"row_id": "PF5", "note": ""}, {"row_id": "PF2", "note": "Sure."}, {}]
)
def test_a_word_without_a_note_or_for_what_is_known_is_refused(
    adam: Person, cluster: Cluster, sent: dict[str, Any]
) -> None:
    seen(cluster, HIDDEN)
    assert post(adam, "cluster-posture-attest", "main", **sent).status_code == 422
    cluster.refresh_from_db()
    assert cluster.attestations == {}


@pytest.mark.parametrize("who", ["owner", "alice", "olga"])
def test_nobody_else_vouches_or_looks(request: Any, who: str, shop: Namespace) -> None:
    person: Person = request.getfixturevalue(who)
    seen(shop.cluster, HIDDEN)
    sent = {"row_id": "PF5", "note": "Sure."}
    assert post(person, "cluster-posture-attest", "main", **sent).status_code == 403
    assert post(person, "cluster-posture-withdraw", "main", "PF5").status_code == 403
    assert post(person, "cluster-posture-look", "main").status_code == 403
    assert "Vouch for it" not in text(get(person, "cluster", "main"))


def test_a_stranger_finds_nothing(stranger: Person, shop: Namespace) -> None:
    assert post(stranger, "cluster-posture-look", "main").status_code == 404


def test_looking_at_a_cluster_that_does_not_answer_is_a_message(
    adam: Person, cluster: Cluster
) -> None:
    assert post(adam, "cluster-posture-look", "main").status_code == 302
    cluster.refresh_from_db()
    assert cluster.posture_at is None


def test_rows_are_never_markup(adam: Person, cluster: Cluster) -> None:
    seen(cluster, Row("PF2", Level.REVIEW, Scope.CLUSTER, XSS, XSS, XSS))
    assert XSS not in text(get(adam, "cluster", "main"))


def test_rows_of_an_odd_shape_break_nothing(adam: Person, cluster: Cluster) -> None:
    Cluster.objects.filter(pk=cluster.pk).update(
        posture=["text", None, {}, {"level": []}], posture_at=timezone.now()
    )
    assert get(adam, "cluster", "main").status_code == 200
