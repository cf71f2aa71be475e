"""Channels are set by admins, audited, and tell nobody their address."""

import logging
from http.server import HTTPServer
from typing import Any

import pytest

from egress.domain.notices import is_outside
from egress.models import AuditEvent, Channel, Outgoing, Person
from egress.services.errors import Conflict, NotAllowed, Refused
from egress.services.notifications import channel_call, channels
from egress.services.notifications.outgoing import send_due
from egress.services.undeliverable import UndeliverableError
from tests import factories as make

SECRET = "T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
SLACK = f"slack://{SECRET}"


def save(who: Person, **fields: Any) -> Channel:
    given: dict[str, Any] = {
        "channel": None,
        "name": "chat",
        "url": SLACK,
        "kinds": ["failed", "drift"],
        **fields,
    }
    return channels.save(actor=make.actor(who), **given)


def test_an_admin_saves_a_channel_whose_address_is_nowhere_to_be_read(adam: Person) -> None:
    channel = save(adam)
    assert channel.shown == "slack://…"
    assert SECRET.encode() not in bytes(channel.sealed_url)
    event = AuditEvent.objects.get()
    assert event.tag == "channel:saved"
    assert SECRET not in str(event.data) + event.message
    assert event.data["after"]["kinds"] == ["failed", "drift"]


@pytest.mark.parametrize("deed", ["save", "retire", "test"])
def test_nobody_but_admins_touches_channels(deed: str, adam: Person, alice: Person) -> None:
    channel = save(adam)
    given = {"name": "mine", "url": SLACK, "kinds": ["drift"]} if deed == "save" else {}
    with pytest.raises(NotAllowed):
        getattr(channels, deed)(channel=channel, actor=make.actor(alice), **given)


def test_without_a_new_address_the_old_one_stays(adam: Person) -> None:
    channel = save(adam)
    changed = save(adam, channel=channel, url="", name="operators")
    assert bytes(changed.sealed_url) == bytes(channel.sealed_url)
    assert changed.name == "operators"


def test_a_retired_channel_comes_back_when_it_is_saved(adam: Person) -> None:
    channel = channels.retire(channel=save(adam), actor=make.actor(adam))
    assert not channel.is_active
    with pytest.raises(Conflict):
        channels.test(channel=channel, actor=make.actor(adam))
    assert save(adam, channel=channel, url="").is_active


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "a\nb"),
        ("kinds", []),
        ("kinds", ["everything"]),
        ("namespaces", "Shop!"),
        ("url", ""),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(field: str, value: Any, adam: Person) -> None:
    with pytest.raises(Refused) as refused:
        save(adam, **{field: value})
    assert list(refused.value.fields) == [field]


def test_two_channels_cannot_have_one_name(adam: Person) -> None:
    save(adam)
    with pytest.raises(Refused) as refused:
        save(adam)
    assert "name" in refused.value.fields


# --- which addresses ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (SLACK, "slack://…"),
        (f"https://hooks.slack.com/services/{SECRET}", "slack://…"),
        ("jsons://user:hush@hooks.example.com:8443/hush", "jsons://hooks.example.com:8443/…"),
        ("mmosts://chat.example.com/hush", "mmosts://chat.example.com/…"),
        ("ntfys://push.example.com/hush", "ntfys://push.example.com/…"),
        ("ntfys://hush", "ntfys://…"),
        ("https://ntfy.sh/hush", "ntfys://…"),
    ],
)
def test_what_is_shown_of_an_address_holds_no_secret(url: str, shown: str) -> None:
    assert channel_call.look_at(url) == shown


@pytest.mark.parametrize(
    "url",
    [
        "json://hooks.example.com/in-the-clear",
        "https://hooks.example.com/unknown",
        "mailtos://user:hush@example.com",
        "file:///etc/passwd",
        "syslog://",
        "dbus://",
        "jsons://",
        f"{SLACK}?template=/etc/passwd",
        f"{SLACK}?footer=no;template=/etc/passwd",
        f"{SLACK}/#chat?template=/etc/passwd",
        f"{SLACK}?%20Template=/etc/passwd",
        f"https://hooks.slack.com/services/{SECRET}?template=/etc/passwd",
        "jsons://hooks.example.com/\nsecond line",
        "jsons://[::1",
        "x" * 3000,
        "",
    ],
)
def test_other_addresses_are_refused_without_being_quoted(url: str) -> None:
    with pytest.raises(ValueError) as refused:
        channel_call.look_at(url)
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize(
    ("address", "is_public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::a00:1", False),
        ("2002:a00:1::", False),
        ("fec0::1", False),
        ("::7f00:1", False),
        ("not-an-address", False),
    ],
)
def test_only_addresses_of_the_internet_are_outside(address: str, is_public: bool) -> None:
    assert is_outside(address) == is_public


# --- a server that listens ---------------------------------------------------------------------


def address(hook: HTTPServer, path: str) -> str:
    return f"jsons://127.0.0.1:{hook.server_port}{path}"


def send(url: str) -> None:
    channel_call.send(url, title="A title", text="A text")


def test_a_message_arrives(hook: Any, settings: Any) -> None:
    settings.CHANNELS_TO_PRIVATE = True
    send(address(hook, "/200/hook"))
    ((path, body),) = hook.taken
    assert path == "/200/hook"
    assert "A title" in body
    assert "A text" in body


def test_a_name_that_leads_to_a_private_address_is_not_called(hook: Any) -> None:
    with pytest.raises(UndeliverableError, match="not public"):
        send(address(hook, "/200/hook"))
    with pytest.raises(UndeliverableError, match="not public"):
        send(f"jsons://localhost:{hook.server_port}/200")
    assert hook.taken == []


def test_a_redirect_is_not_followed(hook: Any, settings: Any) -> None:
    settings.CHANNELS_TO_PRIVATE = True
    with pytest.raises(UndeliverableError, match="It answered 302"):
        send(address(hook, "/302/hook?redirect=yes"))
    assert len(hook.taken) == 1


def test_a_server_without_a_proper_certificate_is_not_believed(
    hook: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CHANNELS_TO_PRIVATE = True
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with pytest.raises(UndeliverableError, match="did not prove who it is"):
        send(address(hook, "/200/hook?verify=no"))
    assert hook.taken == []


def test_the_log_says_nothing_of_an_address(
    hook: Any, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CHANNELS_TO_PRIVATE = True
    caplog.set_level(logging.DEBUG)
    with pytest.raises(UndeliverableError, match="It answered 500"):
        send(address(hook, "/500/very-secret"))
    assert "very-secret" not in caplog.text


def test_an_admin_tries_a_channel_and_sees_what_came_of_it(
    hook: Any, settings: Any, adam: Person
) -> None:
    settings.CHANNELS_TO_PRIVATE = True
    channel = save(adam, url=address(hook, "/200/hook"))
    row = channels.test(channel=channel, actor=make.actor(adam))
    assert send_due(row.due_at) == 1
    channel.refresh_from_db()
    assert channel.last_ok
    assert Outgoing.objects.get().status == Outgoing.Status.SENT
    assert "adam tries the channel chat" in hook.taken[0][1]


def test_words_of_people_call_nobody_in_a_chat_and_hide_no_link(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import apprise

    said = {}

    def notify(_: object, **message: str) -> bool:
        said.update(message)
        return True

    monkeypatch.setattr(apprise.plugins.slack.NotifySlack, "notify", notify)
    channel_call.send(
        SLACK, title="<!channel> @here", text="`code` [Approve](https://evil.example)"
    )
    assert said == {
        "title": "‹!channel› ＠here",
        "body": "'code' (Approve)(https://evil.example)",
    }
