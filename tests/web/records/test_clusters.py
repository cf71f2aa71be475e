"""The cluster pages: how they are connected, what waits, and what is wrong, in words."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from egress.models import AuditEvent, Cluster, Delivery, Namespace, Person, Slice
from tests import factories
from tests.web.records.pages import XSS, get, post, signed_in, text

pytestmark = pytest.mark.django_db


def due(cluster: Cluster, **facts: Any) -> Slice:
    values: dict[str, Any] = {
        "key": f"namespace:part-{factories.number()}",
        "wanted": 1,
        "due_at": timezone.now() - timedelta(minutes=3),
    }
    return Slice.objects.create(cluster=cluster, **{**values, **facts})


def test_the_list_says_how_each_cluster_is(adam: Person, cluster: Cluster) -> None:
    factories.cluster("far", reachable=False, problem="Connection refused.")
    due(cluster)
    page = text(get(adam, "clusters"))
    assert "Connection refused." in page
    assert "Unreachable" in page
    assert "due <time" in page


def test_a_developer_finds_the_clusters_of_their_namespaces_only(
    owner: Person, shop: Namespace
) -> None:
    factories.namespace(factories.cluster("faraway"), "other", owner="team-other")
    assert "faraway" not in text(get(owner, "clusters"))
    assert get(owner, "cluster", "main").status_code == 200
    assert get(owner, "cluster", "faraway").status_code == 404
    assert get(owner, "cluster", "missing").status_code == 404


def test_somebody_without_a_namespace_is_told_what_is_missing(stranger: Person) -> None:
    assert "No cluster for you to see" in text(get(stranger, "clusters"))


def test_checks_are_shown_in_words_with_the_fix(adam: Person, cluster: Cluster) -> None:
    Cluster.objects.filter(pk=cluster.pk).update(
        checks=[
            {"id": "identity", "level": "ok", "sentence": "It is itself.", "fix": "not shown"},
            {
                "id": "outbound-policy",
                "level": "warn",
                "sentence": "ALLOW_ANY lets every host through.",
                "fix": "kubectl edit configmap istio",
            },
        ]
    )
    page = text(get(adam, "cluster", "main"))
    assert "ALLOW_ANY lets every host through." in page
    assert "kubectl edit configmap istio" in page
    assert "not shown" not in page
    assert page.index("ALLOW_ANY") < page.index("It is itself.")


def test_waiting_and_failing_slices_are_listed_with_reason(adam: Person, cluster: Cluster) -> None:
    due(cluster, cause="alice approved request 7")
    due(cluster, wanted=2, done=2, problem_reason="Foreign", problem="Somebody's object is there.")
    due(cluster, wanted=3, done=3, key="namespace:quiet")
    page = text(get(adam, "cluster", "main"))
    assert "alice approved request 7" in page
    assert "Somebody&#x27;s object is there." in page
    assert "namespace:quiet" not in page


def test_deliveries_are_listed_newest_first(adam: Person, cluster: Cluster) -> None:
    part = due(cluster)
    for number in range(3):
        Delivery.objects.create(
            cluster=cluster,
            slice=part,
            generation=number,
            fence=1,
            worker="w",
            generator_version="1",
            outcome="done",
            summary=f"round {number}",
            started_at=timezone.now(),
        )
    page = text(get(adam, "cluster", "main"))
    assert page.index("round 2") < page.index("round 0")


def test_a_developer_sees_what_waits_for_their_own_namespaces_only(
    owner: Person, shop: Namespace, payments: Namespace
) -> None:
    due(shop.cluster, key="namespace:shop", cause="Ours.")
    part = due(shop.cluster, key="namespace:payments", cause="Theirs.", problem_reason="X")
    Delivery.objects.create(
        cluster=shop.cluster,
        slice=part,
        generation=1,
        fence=1,
        worker="w",
        generator_version="1",
        summary="Their delivery.",
        started_at=timezone.now(),
    )
    assert "Waiting to be applied" not in text(get(owner, "clusters"))
    page = text(get(owner, "cluster", "main"))
    assert "1 namespace for you to see" in page
    assert "Ours." in page
    for secret in ("Theirs.", "Their delivery.", ">payments<", "namespace:payments"):
        assert secret not in page


def test_namespaces_say_who_owns_them_and_what_is_enforced(
    adam: Person, shop: Namespace, payments: Namespace
) -> None:
    factories.grant(shop)
    Namespace.objects.filter(pk=payments.pk).update(
        default_deny=True, default_deny_enforced=True, uninjected_pods=["old-1", "old-2"]
    )
    page = text(get(adam, "cluster", "main"))
    assert "Granted, not enforced" in page
    assert "Enforced" in page
    assert "2 pods without" in page
    assert "team-payments" in page


def test_credentials_are_never_on_a_page(adam: Person, cluster: Cluster) -> None:
    Cluster.objects.filter(pk=cluster.pk).update(credentials=b"sealed-canary")
    assert "sealed-canary" not in text(get(adam, "cluster", "main"))


def test_facts_of_the_mesh_are_never_markup(adam: Person, cluster: Cluster) -> None:
    Cluster.objects.filter(pk=cluster.pk).update(
        problem=XSS, server=XSS, istio_version=XSS[:32], checks=[{"sentence": XSS, "fix": XSS}]
    )
    due(cluster, cause=XSS, problem=XSS, problem_reason="X")
    assert XSS not in text(get(adam, "cluster", "main"))
    assert XSS not in text(get(adam, "clusters"))


def test_checks_of_an_odd_shape_break_nothing(adam: Person, cluster: Cluster) -> None:
    Cluster.objects.filter(pk=cluster.pk).update(checks=["text", None, {}], mesh={"unknown": [1]})
    assert get(adam, "cluster", "main").status_code == 200


def test_a_portal_that_is_too_old_for_a_cluster_says_so(adam: Person, cluster: Cluster) -> None:
    assert "newer version" not in text(get(adam, "cluster", "main"))
    Cluster.objects.update(generator_version=99)
    page = text(get(adam, "cluster", "main"))
    assert "A newer version of the portal (99)" in page
    assert "allow_older_generator --cluster main" in page


def test_an_admin_chooses_what_happens_to_drift(adam: Person, cluster: Cluster) -> None:
    assert post(adam, "cluster-drift-policy", "main", policy="flag").status_code == 302
    cluster.refresh_from_db()
    assert cluster.drift_policy == "flag"
    assert AuditEvent.objects.filter(tag="cluster:changed", actor="adam").exists()


def test_an_unknown_drift_policy_is_refused(adam: Person, cluster: Cluster) -> None:
    assert post(adam, "cluster-drift-policy", "main", policy="ignore").status_code == 422
    cluster.refresh_from_db()
    assert cluster.drift_policy == "heal"


@pytest.mark.parametrize("who", ["owner", "olga", "alice"])
def test_nobody_else_chooses(request: Any, who: str, shop: Namespace) -> None:
    person: Person = request.getfixturevalue(who)
    assert "When drift is found" not in text(get(person, "cluster", "main"))
    assert post(person, "cluster-drift-policy", "main", policy="flag").status_code == 403
    shop.cluster.refresh_from_db()
    assert shop.cluster.drift_policy == "heal"


def test_a_stranger_cannot_even_name_the_cluster(stranger: Person, shop: Namespace) -> None:
    assert post(stranger, "cluster-drift-policy", "main", policy="flag").status_code == 404


def test_the_page_costs_the_same_with_many_namespaces(
    adam: Person, cluster: Cluster, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        factories.namespace(cluster, f"namespace-{number}", accounts=())
        due(cluster)
    client = signed_in(adam)
    with django_assert_max_num_queries(12):
        client.get(reverse("cluster", args=["main"]))
