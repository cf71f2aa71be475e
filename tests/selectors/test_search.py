"""Search: parts of hosts, namespaces, service accounts and people, the newest of each."""

import pytest

from egress.models import Namespace, Person
from egress.models.standing import standing_of
from egress.selectors import namespaces
from egress.selectors.search import Found, search
from tests import factories as make

pytestmark = pytest.mark.django_db


def found(who: Person, word: str, most: int = 20) -> Found:
    return search(standing_of(who), word, most)


@pytest.mark.parametrize("word", ["stripe", "STRIPE", "api.s", "shop", "ho", "web"])
def test_a_grant_is_found_by_any_part_of_its_names(
    shop: Namespace, owner: Person, word: str
) -> None:
    web = shop.service_accounts.get(name="web")
    grant = make.grant(shop, owner, "api.stripe.com", service_account=web)
    assert found(owner, word).grants == [grant]
    assert found(owner, word).requests == [grant.request]


def test_a_request_is_found_by_who_asked(shop: Namespace, owner: Person, alice: Person) -> None:
    asked = make.request(shop, owner)
    make.request(shop, make.person("somebody"))
    assert found(alice, "Owne").requests == [asked]


def test_nobody_finds_what_they_may_not_see(
    shop: Namespace, owner: Person, stranger: Person
) -> None:
    make.grant(shop, owner, "api.stripe.com")
    for word in ("stripe", "shop", "owner"):
        assert found(stranger, word) == Found([], [], [])


def test_what_others_have_does_not_crowd_out_ones_own(
    shop: Namespace, payments: Namespace, owner: Person, stranger: Person
) -> None:
    mine = make.grant(shop, owner, "api.stripe.com")
    for number in range(3):
        make.grant(payments, stranger, f"api-{number}.stripe.com")
    assert found(owner, "stripe", most=1).grants == [mine]


def test_the_newest_are_shown_whatever_matched(shop: Namespace, owner: Person) -> None:
    web = shop.service_accounts.get(name="web")
    first = make.grant(shop, owner, "a.example.com", service_account=web)
    second = make.grant(shop, owner, "web.example.com")
    third = make.grant(shop, owner, "b.example.com", service_account=web)
    assert found(owner, "web", most=2).grants == [third, second]
    assert found(owner, "web").grants == [third, second, first]
    assert found(owner, "web", most=2).requests == [third.request, second.request]


def test_signs_that_mean_anything_elsewhere_mean_themselves(shop: Namespace, owner: Person) -> None:
    make.grant(shop, owner, "api.stripe.com")
    assert found(owner, "%") == Found([], [], [])
    assert found(owner, "api_stripe") == Found([], [], [])


def test_a_word_never_spans_two_names(shop: Namespace, owner: Person, olga: Person) -> None:
    web = shop.service_accounts.get(name="web")
    make.grant(shop, owner, "api.stripe.com", service_account=web)
    for who in (owner, olga):
        assert found(who, "op we") == Found([], [], [])
        assert found(who, "p w") == Found([], [], [])


@pytest.mark.parametrize("word", ["pe", "op", "w", "ap", "i.s", "web", "stripe", "owner", "?"])
def test_whoever_may_see_it_finds_the_same_in_whatever_way(
    shop: Namespace,
    owner: Person,
    alice: Person,
    olga: Person,
    monkeypatch: pytest.MonkeyPatch,
    word: str,
) -> None:
    web = shop.service_accounts.get(name="web")
    make.grant(shop, owner, "api.stripe.com", service_account=web)
    mine = found(owner, word)
    monkeypatch.setattr(namespaces, "NAMESPACES_LISTED", 0)
    for other in (found(owner, word), found(alice, word), found(olga, word)):
        assert (other.grants, other.requests) == (mine.grants, mine.requests)
    names = "shop", "web", "api.stripe.com", "owner"
    assert bool(mine.requests) == any(word in name for name in names)
