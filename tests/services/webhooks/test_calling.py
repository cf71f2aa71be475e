"""Each call is signed after Standard Webhooks, and reaches nobody but whom it is meant for."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from standardwebhooks import Webhook as Receiver
from standardwebhooks.webhooks import WebhookVerificationError

from egress.models import Outgoing, Person, Webhook
from egress.services.notifications.outgoing import send_due
from egress.services.webhooks import calling, subscriptions
from tests import factories as make


@pytest.fixture
def made(hook: Any, settings: Any, adam: Person) -> tuple[Webhook, str]:
    settings.CHANNELS_TO_PRIVATE = True
    return subscriptions.create(
        actor=make.actor(adam),
        name="pipeline",
        url=f"https://127.0.0.1:{hook.server_port}/200/hook",
        groups=["requests"],
    )


def send(webhook: Webhook, adam: Person) -> Outgoing:
    row = subscriptions.test(webhook=webhook, actor=make.actor(adam))
    send_due(timezone.now(), to_webhooks=True)
    row.refresh_from_db()
    return row


def test_the_receiver_can_check_who_calls(hook: Any, made: Any, adam: Person) -> None:
    webhook, secret = made
    row = send(webhook, adam)
    assert row.status == Outgoing.Status.SENT
    said = Receiver(secret).verify(hook.taken[0][1], hook.headers[0])
    assert said["type"] == "portal.test"
    assert hook.headers[0]["webhook-id"] == row.key


def test_a_changed_body_or_another_secret_is_noticed(hook: Any, made: Any, adam: Person) -> None:
    webhook, secret = made
    send(webhook, adam)
    body, headers = hook.taken[0][1], hook.headers[0]
    with pytest.raises(WebhookVerificationError):
        Receiver(secret).verify(body.replace("adam", "eve!"), headers)
    _, other = subscriptions.rotate_secret(webhook=webhook, actor=make.actor(adam))
    with pytest.raises(WebhookVerificationError):
        Receiver(other).verify(body, headers)


def test_an_old_call_played_again_is_noticed(hook: Any, made: Any, adam: Person) -> None:
    webhook, secret = made
    row = subscriptions.test(webhook=webhook, actor=make.actor(adam))
    for ago in (timedelta(minutes=6), timedelta(minutes=-6)):
        headers = calling.signed_headers(row, webhook, timezone.now() - ago)
        with pytest.raises(WebhookVerificationError):
            Receiver(secret).verify(row.body, headers)


def test_while_the_secret_changes_both_are_good(hook: Any, made: Any, adam: Person) -> None:
    webhook, old = made
    _, new = subscriptions.rotate_secret(webhook=webhook, actor=make.actor(adam))
    send(webhook, adam)
    body, headers = hook.taken[0][1], hook.headers[0]
    assert Receiver(old).verify(body, headers) == Receiver(new).verify(body, headers)
    webhook.refresh_from_db()
    later = timezone.now() + subscriptions.OLD_SECRET_WORKS
    headers = calling.signed_headers(Outgoing(key="msg_1", body="{}"), webhook, later)
    assert headers["webhook-signature"].count("v1,") == 1


@pytest.mark.parametrize(("status", "problem"), [(302, "302"), (404, "404"), (500, "500")])
def test_any_answer_but_success_is_a_failure_to_try_again(
    status: int, problem: str, hook: Any, made: Any, adam: Person
) -> None:
    webhook, _ = made
    url = f"https://127.0.0.1:{hook.server_port}/{status}/hook"
    subscriptions.change(
        webhook=webhook, actor=make.actor(adam), name="ci", url=url, groups=["requests"]
    )
    row = send(webhook, adam)
    assert (row.status, row.message) == ("waiting", f"It answered {problem}.")
    assert row.due_at > timezone.now()
    webhook.refresh_from_db()
    assert (webhook.last_ok, webhook.last_message) == (False, f"It answered {problem}.")
    assert len(hook.taken) == 1  # a redirect leads nowhere


def test_a_name_that_leads_inside_is_not_called(
    hook: Any, made: Any, adam: Person, settings: Any
) -> None:
    settings.CHANNELS_TO_PRIVATE = False
    row = send(made[0], adam)
    assert "not public" in row.message
    assert hook.taken == []


def test_a_server_without_a_proper_certificate_is_not_believed(
    hook: Any, made: Any, adam: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    row = send(made[0], adam)
    assert row.message == "It did not prove who it is."
    assert hook.taken == []


def test_a_retired_webhook_is_not_called(hook: Any, made: Any, adam: Person) -> None:
    webhook, _ = made
    row = subscriptions.test(webhook=webhook, actor=make.actor(adam))
    subscriptions.retire(webhook=webhook, actor=make.actor(adam))
    send_due(timezone.now(), to_webhooks=True)
    row.refresh_from_db()
    assert row.status == Outgoing.Status.DROPPED
    assert hook.taken == []


def test_what_goes_to_webhooks_holds_up_no_mail(made: Any, adam: Person) -> None:
    subscriptions.test(webhook=made[0], actor=make.actor(adam))
    assert send_due(timezone.now()) == 0
    assert Outgoing.objects.get().attempts == 0
