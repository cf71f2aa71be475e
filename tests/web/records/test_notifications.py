"""The bell, the list of notifications, and the choice of how to be told."""

import re
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from egress.domain.notices import Kind
from egress.models import (
    DigestTime,
    Namespace,
    Notification,
    NotificationCursor,
    Person,
    Preference,
    Request,
)
from egress.services import requests
from egress.services.notifications import tell_what_happened
from tests import factories as make
from tests.web.browsing import XSS, body, get, inline_code, post, signed_in, words

pytestmark = pytest.mark.django_db
BELL = 'class="bell"'


@pytest.fixture
def asked(shop: Namespace, owner: Person, alice: Person) -> Request:
    """A request of which alice was told."""
    NotificationCursor.objects.update_or_create(pk=1, defaults={"sequence": 0})
    made = requests.submit(draft=make.draft(shop), actor=make.actor(owner))
    tell_what_happened(timezone.now())
    return made


def add(who: Person, count: int = 1, **fields: Any) -> Notification:
    """Tell somebody of nothing in particular, `count` times; return the last one."""
    given = {"kind": Kind.APPLIED, "title": "It is in force", "link": "/grants", **fields}
    rows = [
        Notification(
            person=who, event=make.number(), about="test", created_at=timezone.now(), **given
        )
        for _ in range(count)
    ]
    return Notification.objects.bulk_create(rows)[-1]


def bell(who: Person) -> str:
    """Return what the bell says on the home page."""
    return body(get(who, "home")).split(BELL)[1].split("</a>")[0]


def test_the_bell_counts_what_is_unread_and_stops_at_nine(owner: Person) -> None:
    assert "bell-count" not in bell(owner)
    add(owner)
    assert ">1<" in bell(owner)
    add(owner, 20)
    assert ">9+<" in bell(owner)


def test_the_bell_costs_one_query_whose_length_is_bounded(
    owner: Person, django_assert_num_queries: Any
) -> None:
    from egress.models.standing import standing_of
    from egress.selectors.attention import attention_of

    add(owner, 30)
    standing = standing_of(owner)
    with django_assert_num_queries(1) as seen:
        assert attention_of(standing).unread == 10
    assert "LIMIT 10" in seen[0]["sql"]


def test_a_notification_leads_to_its_request_and_is_read_then(
    asked: Request, alice: Person
) -> None:
    told = Notification.objects.get(person=alice)
    assert "owner asks for access of shop" in words(get(alice, "notifications"))
    response = get(alice, "notification", told.pk)
    assert response["Location"] == reverse("request", args=[asked.pk])
    assert "bell-count" not in bell(alice)
    assert "owner asks for access" not in words(get(alice, "notifications", query="?unread=1"))


def test_nobody_opens_or_marks_what_others_were_told(
    asked: Request, alice: Person, stranger: Person
) -> None:
    told = Notification.objects.get(person=alice)
    assert get(stranger, "notification", told.pk).status_code == 404
    assert post(stranger, "notification-read", told.pk).status_code == 404
    assert "asks for access" not in words(get(stranger, "notifications"))
    told.refresh_from_db()
    assert told.read_at is None


def test_who_lost_the_right_to_see_a_request_does_not_see_what_was_told_of_it(
    asked: Request, alice: Person
) -> None:
    told = Notification.objects.get(person=alice)
    alice.roles.all().delete()
    assert "asks for access" not in words(get(alice, "notifications"))
    assert get(alice, "notification", told.pk).status_code == 404


def test_one_or_all_are_marked_as_read(owner: Person) -> None:
    first, second, third = (add(owner) for _ in range(3))
    response = post(owner, "notification-read", first.pk)
    assert response["Location"] == reverse("notifications")
    post(owner, "notifications-read", data={"upto": str(second.pk)})
    unread = Notification.objects.filter(read_at=None)
    assert list(unread) == [third], "what came after the list was shown stays unread"


@pytest.mark.parametrize("upto", ["", "x", "-1", "9" * 40])
def test_a_key_that_is_none_marks_nothing(owner: Person, upto: str) -> None:
    add(owner)
    assert post(owner, "notifications-read", data={"upto": upto}).status_code == 302
    assert Notification.objects.filter(read_at=None).count() == 1


def test_the_list_is_paged_and_shows_nothing_as_code(owner: Person) -> None:
    add(owner, 60, title=XSS)
    page = get(owner, "notifications")
    assert XSS not in body(page)
    assert inline_code(body(page)) == []
    assert body(page).count("told-unread") == 50
    oldest = list(page.context["page"].rows)[-1].pk
    older = get(owner, "notifications", query=f"?before={oldest}")
    assert body(older).count("told-unread") == 10


def test_the_list_costs_the_same_however_long_it_is(
    owner: Person, django_assert_max_num_queries: Any
) -> None:
    add(owner, 60)
    client = signed_in(owner)
    with django_assert_max_num_queries(8):
        client.get(reverse("notifications"))


# --- choosing ---------------------------------------------------------------------------------


def chosen(**changes: str) -> dict[str, str]:
    kinds = ("to-decide", "reminder", "decided", "applied", "failed", "expiring", "recertify")
    given = dict.fromkeys(kinds, "portal")
    return given | {"digest_hour": "6"} | changes


def test_a_person_chooses_how_to_be_told(owner: Person) -> None:
    response = post(owner, "notification-choices", data=chosen(failed="digest", applied="off"))
    assert response["Location"] == reverse("account")
    ways = dict(Preference.objects.filter(person=owner).values_list("kind", "way"))
    assert (ways["failed"], ways["applied"], ways["decided"]) == ("digest", "off", "portal")
    assert DigestTime.objects.get(person=owner).hour == 6
    page = body(get(owner, "account"))
    (digest,) = re.findall(r'<input[^>]*name="failed"[^>]*value="digest"[^>]*>', page)
    assert "checked" in digest


def test_what_does_not_concern_somebody_is_not_asked(
    owner: Person, alice: Person, adam: Person
) -> None:
    people = (make.person("carl"), owner, alice, adam)
    sentences = [words(get(who, "account")).split("Notifications")[-1] for who in people]
    waits, differs = "A request waits for my decision", "A cluster differs"
    # A rule may demand the word of the owner's team.
    assert [waits in said for said in sentences] == [False, True, True, False]
    assert [differs in said for said in sentences] == [False, False, False, True]


@pytest.mark.parametrize("change", [{"failed": "pigeon"}, {"failed": ""}, {"digest_hour": "24"}])
def test_a_choice_that_does_not_exist_is_refused_and_nothing_is_stored(
    owner: Person, change: dict[str, str]
) -> None:
    response = post(owner, "notification-choices", data=chosen(**change))
    assert response.status_code == 422
    assert not Preference.objects.exists()


def test_the_account_says_when_no_mail_can_come(owner: Person, settings: Any) -> None:
    settings.MAIL_ENABLED = False
    assert "This portal sends no mail yet" in words(get(owner, "account"))
    settings.MAIL_ENABLED = True
    assert "Your account has no mail address" in words(get(owner, "account"))
