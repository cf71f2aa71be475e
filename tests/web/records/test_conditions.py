"""How a grant stands beside its status."""

from typing import Any

import pytest
from django.utils import timezone

from egress.domain.lifecycle import GrantStatus
from egress.models import Cluster, Grant, Namespace
from egress.web.records.conditions import conditions, with_enforcement
from tests import factories

pytestmark = pytest.mark.django_db


def states(grant: Grant, *, is_enforced: bool = True) -> list[str]:
    return [condition.state for condition in conditions(grant, is_enforced=is_enforced)]


def test_a_grant_that_waits_for_the_worker_says_so(shop: Namespace) -> None:
    assert states(factories.grant(shop, status=GrantStatus.PENDING)) == ["waiting"]


def test_an_applied_grant_without_default_deny_is_granted_not_enforced(shop: Namespace) -> None:
    grant = factories.grant(shop)
    assert states(grant, is_enforced=False) == ["applied", "granted-not-enforced"]
    assert states(grant, is_enforced=True) == ["applied"]


def test_a_failure_comes_first_and_in_the_words_of_the_worker(shop: Namespace) -> None:
    grant = factories.grant(
        shop,
        status=GrantStatus.PENDING,
        failed_reason="ForeignObjectInTheWay",
        failed_message="ServiceEntry “mine” is in the way.",
    )
    (only,) = conditions(grant, is_enforced=True)
    assert (only.state, only.sentence) == ("failed", "ServiceEntry “mine” is in the way.")


def test_a_failure_without_words_still_names_its_reason(shop: Namespace) -> None:
    grant = factories.grant(shop, status=GrantStatus.PENDING, failed_reason="Unreachable")
    assert "Unreachable" in conditions(grant, is_enforced=True)[0].sentence


@pytest.mark.parametrize(("policy", "words"), [("heal", "back by itself"), ("flag", "an admin")])
def test_drift_is_told_with_what_becomes_of_it(shop: Namespace, policy: str, words: str) -> None:
    shop.cluster.drift_policy = policy
    grant = factories.grant(shop, drifted_at=timezone.now())
    assert words in conditions(grant, is_enforced=True)[0].sentence


def test_drift_stands_before_what_is_well(shop: Namespace) -> None:
    assert states(factories.grant(shop, drifted_at=timezone.now())) == ["drifted", "applied"]


@pytest.mark.parametrize(
    "status", [GrantStatus.REVOKED, GrantStatus.EXPIRED, GrantStatus.SUSPENDED]
)
def test_ended_and_confirmed_gone_are_two_facts(shop: Namespace, status: GrantStatus) -> None:
    grant = factories.grant(shop, status=status, failed_reason="Old", drifted_at=timezone.now())
    assert states(grant) == ["unconfirmed"]
    grant.confirmed_at = timezone.now()
    assert states(grant) == ["confirmed"]


def test_a_grant_that_never_was_in_the_cluster_has_nothing_to_confirm(shop: Namespace) -> None:
    grant = factories.grant(shop, status=GrantStatus.LAPSED, active_at=None, applied_at=None)
    assert states(grant) == []


def test_enforcement_is_that_of_the_present_namespace_of_the_same_cluster(
    shop: Namespace, django_assert_num_queries: Any
) -> None:
    factories.grant(shop)
    elsewhere = factories.namespace(factories.cluster(), "shop", default_deny_enforced=True)
    factories.gone(elsewhere)
    with django_assert_num_queries(1):
        assert [bool(g.is_enforced) for g in with_enforcement(Grant.objects.all())] == [False]  # type: ignore[attr-defined]
    Namespace.objects.filter(pk=shop.pk).update(default_deny_enforced=True)
    assert [bool(g.is_enforced) for g in with_enforcement(Grant.objects.all())] == [True]  # type: ignore[attr-defined]


@pytest.mark.parametrize("by", ["namespace", "cluster"])
def test_in_the_ambient_mesh_the_network_policy_enforces_and_default_deny_does_not(
    shop: Namespace, by: str
) -> None:
    if by == "cluster":
        Cluster.objects.update(enforcement="ambient")
    own = "ambient" if by == "namespace" else ""
    Namespace.objects.update(enforcement=own, default_deny_enforced=True)
    factories.grant(shop)
    assert not with_enforcement(Grant.objects.all()).get().is_enforced
    Namespace.objects.update(network_policy_enforced=True)
    assert with_enforcement(Grant.objects.all()).get().is_enforced


def test_the_network_policy_alone_enforces_nothing_in_a_mesh_of_sidecars(shop: Namespace) -> None:
    Namespace.objects.update(network_policy_enforced=True)
    factories.grant(shop)
    assert not with_enforcement(Grant.objects.all()).get().is_enforced
