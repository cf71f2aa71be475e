"""The pages of channels: for admins, and without a word of an address."""

from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.urls import reverse
from django.utils import timezone

from egress.models import Channel, Outgoing, Person
from tests import factories as make
from tests.web.browsing import body, get, inline_code, post, words

pytestmark = pytest.mark.django_db
SECRET = "hush-hush"
TYPED = {
    "name": "Operators",
    "url": f"jsons://hooks.example.com/{SECRET}",
    "kinds": ["failed", "drift"],
    "cluster": "",
    "namespaces": "*",
}


@pytest.fixture(autouse=True)
def _keys(settings: Any) -> None:
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]


@pytest.fixture
def channel(adam: Person) -> Channel:
    """A channel that an admin added."""
    post(adam, "channel-new", data=TYPED)
    return Channel.objects.get()


def test_an_admin_adds_a_channel_and_never_sees_its_address_again(
    adam: Person, channel: Channel
) -> None:
    for page in (get(adam, "channels"), get(adam, "channel", channel.pk)):
        assert "jsons://hooks.example.com/…" in words(page)
        assert SECRET not in body(page)
        assert inline_code(body(page)) == []
    assert SECRET not in body(get(adam, "audit"))


def test_nobody_else_gets_to_channels(
    channel: Channel, owner: Person, alice: Person, olga: Person
) -> None:
    for who in (owner, alice, olga):
        for name, args in (("channels", ()), ("channel-new", ()), ("channel", (channel.pk,))):
            assert get(who, name, *args).status_code == 403
        for name in ("channel-test", "channel-retire", "channel"):
            assert post(who, name, channel.pk, data=TYPED).status_code == 403
    assert get(owner, "channel-messages", channel.pk).status_code == 403
    assert not Outgoing.objects.exists()


def test_an_address_that_is_refused_is_not_sent_back_and_the_rest_is_kept(adam: Person) -> None:
    typed = {**TYPED, "url": f"http://hooks.example.com/{SECRET}"}
    response = post(adam, "channel-new", data=typed)
    assert response.status_code == 422
    assert "This is no address of a channel that the portal knows" in words(response)
    assert SECRET not in body(response)
    assert 'value="Operators"' in body(response)


def test_an_empty_address_keeps_the_one_that_is_stored(adam: Person, channel: Channel) -> None:
    response = post(adam, "channel", channel.pk, data={**TYPED, "url": "", "namespaces": "pay*"})
    assert response["Location"] == reverse("channel", args=[channel.pk])
    changed = Channel.objects.get()
    assert changed.namespaces == "pay*"
    assert bytes(changed.sealed_url) == bytes(channel.sealed_url)


def test_a_test_message_is_followed_until_it_arrived(adam: Person, channel: Channel) -> None:
    post(adam, "channel-test", channel.pk)
    page = get(adam, "channel-messages", channel.pk)
    assert page.status_code == 200
    assert "hx-trigger" in body(page)
    Outgoing.objects.update(status=Outgoing.Status.SENT, settled_at=timezone.now())
    page = get(adam, "channel-messages", channel.pk)
    assert page.status_code == 286
    assert "hx-trigger" not in body(page)
    assert "Sent" in words(page)


def test_a_retired_channel_cannot_be_tried(adam: Person, channel: Channel) -> None:
    assert post(adam, "channel-retire", channel.pk)["Location"] == reverse("channels")
    assert post(adam, "channel-test", channel.pk).status_code == 409
    assert "Retired" in words(get(adam, "channel", channel.pk))


def test_mail_that_was_given_up_is_shown_to_admins(adam: Person, owner: Person) -> None:
    now = timezone.now()
    Outgoing.objects.create(
        key="mail-1",
        person=owner,
        created_at=now,
        due_at=now,
        settled_at=now,
        attempts=10,
        status=Outgoing.Status.GIVEN_UP,
        message="The mail server does not know the address.",
    )
    page = words(get(adam, "channels"))
    assert "Mail that could not be delivered" in page
    assert "The mail server does not know the address." in page


def test_a_channel_that_is_not_there_is_missing(adam: Person) -> None:
    for name in ("channel", "channel-messages"):
        assert get(adam, name, make.number() + 10_000).status_code == 404
