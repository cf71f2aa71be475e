"""The access check: yes or no, with the grant and the reason."""

from datetime import timedelta

import pytest
from django.utils import timezone

from egress.domain.access import Destination, Protocol
from egress.domain.lifecycle import GrantStatus
from egress.models import Namespace, Person
from egress.selectors.access import AccessAnswer, access_check, covers
from egress.selectors.namespaces import held_namespaces
from tests import factories as make


def check(
    shop: Namespace, who: Person, host: str = "api.example.com", port: int = 443, account: str = ""
) -> AccessAnswer:
    answer = access_check(who, shop.cluster, "shop", account, host, port)
    assert answer is not None
    return answer


def test_a_grant_in_force_is_a_yes(shop: Namespace, owner: Person) -> None:
    grant = make.grant(shop)
    answer = check(shop, owner, "API.example.com.")
    assert (answer.allowed, answer.grant) == (True, grant)
    assert answer.reason.startswith(f"Yes: grant #{grant.pk}")
    assert check(shop, owner, account="web").allowed, "the namespace's grant covers its accounts"


def test_another_port_or_host_is_a_no(shop: Namespace, owner: Person) -> None:
    make.grant(shop)
    assert not check(shop, owner, port=80).allowed
    assert not check(shop, owner, "api.example.com.evil.net").allowed
    assert not check(shop, owner, "example.com").allowed


def test_an_account_s_grant_is_not_the_namespace_s(shop: Namespace, owner: Person) -> None:
    make.grant(shop, service_account=shop.service_accounts.get(name="web"))
    assert check(shop, owner, account="web").allowed
    assert not check(shop, owner, account="default").allowed
    assert not check(shop, owner).allowed


def test_what_is_not_applied_yet_is_told(shop: Namespace, owner: Person) -> None:
    make.grant(shop, status=GrantStatus.PENDING)
    answer = check(shop, owner)
    assert not answer.allowed
    assert answer.reason.startswith("Not yet")


def test_what_was_resumed_and_not_applied_again_is_told(shop: Namespace, owner: Person) -> None:
    make.grant(shop, applied_at=None)
    answer = check(shop, owner)
    assert not answer.allowed
    assert answer.reason.startswith("Not yet")


def test_what_is_over_is_a_no_before_it_is_swept(shop: Namespace, owner: Person) -> None:
    make.grant(shop, expires_at=timezone.now() - timedelta(seconds=1))
    assert not check(shop, owner).allowed


def test_without_default_deny_a_no_is_not_enforced(shop: Namespace, owner: Person) -> None:
    answer = check(shop, owner)
    assert (answer.allowed, answer.enforced) == (False, False)
    assert "traffic may pass" in answer.reason
    shop.default_deny = shop.default_deny_enforced = True
    shop.save()
    answer = check(shop, owner)
    assert (answer.allowed, answer.enforced) == (False, True)
    assert answer.reason.startswith("No:")


def test_others_namespaces_are_not_answered_for(shop: Namespace, stranger: Person) -> None:
    make.grant(shop)
    assert access_check(stranger, shop.cluster, "shop", "", "api.example.com", 443) is None
    assert access_check(stranger, shop.cluster, "none", "", "api.example.com", 443) is None


@pytest.mark.parametrize("host", ["", "no host", "\0", "a" * 10_000, "999.1.1.1"])
def test_nonsense_is_answered_with_a_sentence(shop: Namespace, owner: Person, host: str) -> None:
    answer = check(shop, owner, host)
    assert not answer.allowed
    assert len(answer.reason) > 10


@pytest.mark.parametrize(
    ("granted", "host", "expected"),
    [
        ("*.example.com", "a.example.com", True),
        ("*.example.com", "a.b.example.com", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", "evilexample.com", False),
        ("*.example.com", "*.example.com", True),
        ("*.example.com", "*.b.example.com", False),
        ("203.0.113.0/24", "203.0.113.9/32", True),
        ("203.0.113.0/24", "203.0.114.9/32", False),
        ("203.0.113.0/24", "2001:db8::/64", False),
        ("203.0.113.0/24", "a.example.com", False),
    ],
)
def test_wildcards_and_ranges_cover_what_is_below_them(
    granted: str, host: str, expected: bool
) -> None:
    assert covers(Destination(granted, 443, Protocol.TLS), host) is expected


def test_an_address_is_checked_against_granted_ranges(shop: Namespace, owner: Person) -> None:
    make.grant(shop, host="203.0.113.0/24", port=22, protocol="TCP")
    assert check(shop, owner, "203.0.113.77", 22).allowed
    assert not check(shop, owner, "203.0.114.77", 22).allowed


@pytest.mark.parametrize(
    ("enforcement", "default_deny", "network_policy", "held"),
    [
        ("sidecar", True, False, True),
        ("sidecar", False, True, False),
        ("gateway", True, False, True),
        ("ambient", True, False, False),
        ("ambient", False, True, True),
        ("", True, False, True),
    ],
)
def test_what_holds_a_namespace_to_its_grants_follows_its_enforcement(
    shop: Namespace, enforcement: str, default_deny: bool, network_policy: bool, held: bool
) -> None:
    shop.cluster.enforcement = "sidecar"
    shop.cluster.save()
    rows = Namespace.objects.filter(pk=shop.pk)
    rows.update(
        enforcement=enforcement,
        default_deny_enforced=default_deny,
        network_policy_enforced=network_policy,
    )
    assert rows.get().is_held is held
    assert rows.filter(held_namespaces()).exists() is held
