"""Messages leave at least once, under one id, and never to somebody who may not know any more."""

import smtplib
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from egress.domain.notices import TRIES, Kind
from egress.models import Channel, Namespace, Notification, Outgoing, Person
from egress.services import people
from egress.services.notifications import channel_call, channels, clear_old, tend
from egress.services.notifications.mail import letter_for
from egress.services.notifications.outgoing import send_due
from egress.services.undeliverable import UndeliverableError
from tests import factories as make
from tests.services.notifications.conftest import with_mail
from tests.services.notifications.test_telling import deny, submit, tell


@pytest.fixture
def decider(alice: Person) -> Person:
    """An approver with a mail address."""
    return with_mail(alice)


@pytest.fixture
def channel(adam: Person, alice: Person) -> Channel:
    """A channel for requests, whose messages are kept by `taken`."""
    return channels.save(
        channel=None,
        actor=make.actor(adam),
        name="chat",
        url="jsons://hooks.example.com/secret-path",
        kinds=[Kind.TO_DECIDE],
    )


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str]]:
    """What channels were sent: address, title, text."""
    kept: list[tuple[str, str, str]] = []

    def keep(url: str, *, title: str, text: str) -> None:
        kept.append((url, title, text))

    monkeypatch.setattr(channel_call, "send", keep)
    return kept


def send() -> int:
    return send_due(timezone.now() + timedelta(seconds=1))


class Killed(BaseException):
    """The process of a worker ends in the middle of sending."""


def die(_: object) -> None:
    """Send nothing, and end the worker."""
    raise Killed


# --- mail --------------------------------------------------------------------------------------


def test_a_mail_says_what_happened_with_one_link_and_where_to_stop_it(
    shop: Namespace, owner: Person, decider: Person
) -> None:
    request = submit(shop, owner)
    tend(timezone.now())
    (letter,) = mail.outbox
    assert letter.to == ["alice@example.com"]
    assert letter.subject == "owner asks for access of shop"
    link = f"https://egress.example.com/requests/{request.pk}"
    assert link in letter.body
    assert "https://egress.example.com/account#notifications" in letter.body
    (html,) = letter.alternatives
    assert f'href="{link}"' in html[0]
    assert letter.extra_headers["Message-ID"].startswith("<mail-")


def test_what_somebody_typed_is_escaped_in_the_html_part(
    shop: Namespace, owner: Person, decider: Person
) -> None:
    submit(shop, owner)
    tell()
    Notification.objects.update(title="a <b>bold</b> & \n line")
    send()
    (letter,) = mail.outbox
    assert letter.subject == "a <b>bold</b> & line"
    assert "a <b>bold</b> &" in letter.body
    assert "&lt;b&gt;bold&lt;/b&gt; &amp;" in letter.alternatives[0][0]


def test_a_mail_is_sent_once(shop: Namespace, owner: Person, decider: Person) -> None:
    submit(shop, owner)
    tell()
    assert [send(), send()] == [1, 0]


@pytest.mark.parametrize("change", ["role", "account", "decision"])
def test_what_changed_before_the_mail_left_counts(
    change: str, shop: Namespace, owner: Person, decider: Person, adam: Person
) -> None:
    request = submit(shop, owner)
    tell()
    if change == "role":
        decider.roles.all().delete()
    elif change == "account":
        people.deactivate(person=decider, actor=make.actor(adam), reason="")
    else:
        deny(request, make.approver("ann"))
    send()
    assert mail.outbox == []
    assert Outgoing.objects.get(person=decider).status == Outgoing.Status.DROPPED


def test_a_mail_server_that_is_down_is_tried_again_later_and_longer_and_at_last_given_up(
    shop: Namespace, owner: Person, decider: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(_: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr("django.core.mail.EmailMultiAlternatives.send", down)
    submit(shop, owner)
    tell()
    pauses = []
    for _ in range(TRIES):
        before = timezone.now()
        send_due(Outgoing.objects.get().due_at)
        pauses.append((Outgoing.objects.get().due_at - before).total_seconds())
    row = Outgoing.objects.get()
    assert pauses[:3] == pytest.approx([30, 60, 120], abs=5)
    assert row.status == Outgoing.Status.GIVEN_UP
    assert row.message == "The mail could not be handed over: ConnectionRefusedError."
    assert send_due(timezone.now() + timedelta(days=1)) == 0


def test_an_address_that_the_server_refuses_holds_no_other_mail_up(
    shop: Namespace, owner: Person, decider: Person, mate: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_mail(mate)
    honest = mail.EmailMultiAlternatives.send

    def picky(letter: Any, *arguments: Any) -> int:
        if letter.to == ["alice@example.com"]:
            raise smtplib.SMTPRecipientsRefused({"alice@example.com": (550, b"no such user")})
        return int(honest(letter, *arguments))

    monkeypatch.setattr(mail.EmailMultiAlternatives, "send", picky)
    submit(shop, owner)
    tell()
    assert send() == 1
    assert Outgoing.objects.get(person=decider).status == Outgoing.Status.GIVEN_UP
    assert [letter.to for letter in mail.outbox] == [["mate@example.com"]]


def test_a_worker_that_dies_while_sending_leaves_the_mail_to_another_one(
    shop: Namespace, owner: Person, decider: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit(shop, owner)
    tell()
    with monkeypatch.context() as patched:
        patched.setattr("django.core.mail.EmailMultiAlternatives.send", die)
        with pytest.raises(Killed):
            send()
    assert send() == 0, "the first worker still has its time"
    assert send_due(timezone.now() + timedelta(minutes=3)) == 1
    assert Outgoing.objects.get().status == Outgoing.Status.SENT


def test_what_another_worker_is_sending_at_this_moment_is_left_to_it(
    shop: Namespace, owner: Person, decider: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit(shop, owner)
    tell()

    def overtaken() -> bool:
        """Let another worker begin after this one made its list. It never comes to an end."""
        with monkeypatch.context() as patched:
            patched.setattr("django.core.mail.EmailMultiAlternatives.send", die)
            with pytest.raises(Killed):
                send()
        return False

    assert send_due(timezone.now() + timedelta(seconds=1), is_stopping=overtaken) == 0
    assert mail.outbox == []


def test_a_message_late_in_a_long_round_has_as_much_time_as_the_first(
    shop: Namespace, owner: Person, decider: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = timezone.now() - timedelta(minutes=10)
    submit(shop, owner)
    tell(began)
    honest = mail.EmailMultiAlternatives.send
    others = []

    def slow(letter: Any, *arguments: Any) -> int:
        others.append(send_due(timezone.now()))
        return int(honest(letter, *arguments))

    monkeypatch.setattr(mail.EmailMultiAlternatives, "send", slow)
    assert send_due(began) == 1
    assert others == [0]
    assert len(mail.outbox) == 1


@pytest.mark.parametrize(
    "refusal",
    [
        smtplib.SMTPRecipientsRefused({"alice@example.com": (451, b"greylisted, come again")}),
        smtplib.SMTPSenderRefused(530, b"authenticate first", "egress@example.com"),
    ],
)
def test_what_a_mail_server_takes_later_is_tried_again(
    refusal: Exception,
    shop: Namespace,
    owner: Person,
    decider: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> int:
        raise refusal

    submit(shop, owner)
    tell()
    with monkeypatch.context() as patched:
        patched.setattr(mail.EmailMultiAlternatives, "send", refuse)
        assert send() == 0
    assert send_due(timezone.now() + timedelta(hours=1)) == 1


def test_two_portals_of_one_sender_never_use_the_same_id_for_two_mails(
    shop: Namespace, owner: Person, decider: Person, settings: Any
) -> None:
    submit(shop, owner)
    tell()
    row = Outgoing.objects.get()
    anew = Outgoing.objects.get()
    anew.created_at += timedelta(days=30)

    def message_id(one: Outgoing, url: str) -> str:
        settings.PUBLIC_URL = url
        letter = letter_for(one, decider)
        assert letter is not None
        return str(letter.extra_headers["Message-ID"])

    first = message_id(row, "https://egress.example.com/")
    assert message_id(row, "https://egress.example.com/") == first
    assert message_id(row, "https://staging.example.com:8443") != first
    assert message_id(anew, "https://egress.example.com/") != first
    assert first == f"<{row.key}-{row.created_at:%Y%m%d%H%M%S}@egress.example.com>"


# --- channels ----------------------------------------------------------------------------------


def test_a_channel_gets_its_kinds_with_a_link(
    shop: Namespace, owner: Person, channel: Channel, taken: list[tuple[str, str, str]]
) -> None:
    request = submit(shop, owner)
    deny(request, make.approver("ann"))
    second = submit(shop, owner, "next.example.com")
    tend(timezone.now())
    ((url, title, text),) = taken
    assert url == "jsons://hooks.example.com/secret-path"
    assert title == "owner asks for access of shop"
    assert f"https://egress.example.com/requests/{second.pk}" in text
    channel.refresh_from_db()
    assert channel.last_ok


@pytest.mark.parametrize(("namespaces", "count"), [("*", 1), ("sh*", 1), ("pay*", 0)])
def test_a_channel_hears_of_its_namespaces_only(
    namespaces: str,
    count: int,
    shop: Namespace,
    owner: Person,
    channel: Channel,
    taken: list[tuple[str, str, str]],
) -> None:
    Channel.objects.update(namespaces=namespaces)
    submit(shop, owner)
    tend(timezone.now())
    assert len(taken) == count


def test_a_channel_of_another_cluster_hears_nothing(
    shop: Namespace, owner: Person, channel: Channel, taken: list[tuple[str, str, str]]
) -> None:
    Channel.objects.update(cluster=make.cluster("other"))
    submit(shop, owner)
    tend(timezone.now())
    assert taken == []


def test_a_channel_that_fails_holds_up_neither_another_one_nor_mail(
    shop: Namespace,
    owner: Person,
    decider: Person,
    adam: Person,
    channel: Channel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    good = channels.save(
        channel=None,
        actor=make.actor(adam),
        name="good",
        url="jsons://good.example.com/",
        kinds=[Kind.TO_DECIDE],
    )
    tries = []

    def send_to(url: str, *, title: str, text: str) -> None:
        tries.append(url)
        if "hooks" in url:
            raise UndeliverableError("It answered 500.")

    monkeypatch.setattr(channel_call, "send", send_to)
    submit(shop, owner, "one.example.com")
    submit(shop, owner, "two.example.com")
    tend(timezone.now())
    assert sorted(tries).count("jsons://hooks.example.com/secret-path") == 1
    assert tries.count("jsons://good.example.com/") == 2
    assert len(mail.outbox) == 2
    channel.refresh_from_db()
    good.refresh_from_db()
    assert (channel.last_ok, channel.last_message) == (False, "It answered 500.")
    assert good.last_ok


def test_what_waits_for_a_channel_that_is_retired_is_dropped(
    shop: Namespace,
    owner: Person,
    adam: Person,
    channel: Channel,
    taken: list[tuple[str, str, str]],
) -> None:
    submit(shop, owner)
    tell()
    channels.retire(channel=channel, actor=make.actor(adam))
    send()
    assert taken == []
    assert Outgoing.objects.get().status == Outgoing.Status.DROPPED


def test_a_key_that_is_lost_is_told_without_the_address(
    shop: Namespace, owner: Person, channel: Channel, settings: Any
) -> None:
    submit(shop, owner)
    tell()
    settings.CREDENTIAL_KEYS = ["kx0M2X3gVw8hX4mYxvJ9Zq0l3o5c3c0w1v7b9n2m4k8="]
    send()
    channel.refresh_from_db()
    assert "EGRESS_CREDENTIAL_KEYS" in channel.last_message
    assert "secret" not in channel.last_message


# --- how long it is kept -----------------------------------------------------------------------


def test_what_was_read_long_ago_is_deleted_and_nothing_else(
    shop: Namespace, owner: Person, alice: Person, mate: Person
) -> None:
    submit(shop, owner)
    tell()
    now = timezone.now()
    Notification.objects.filter(person=alice).update(read_at=now - timedelta(days=91))
    Notification.objects.filter(person=mate).update(read_at=now - timedelta(days=89))
    assert clear_old(now) == 1
    assert Notification.objects.get().person == mate
