"""Webhooks are set by admins, audited, and show their secret once."""

from typing import Any

import pytest

from egress.models import AuditEvent, AuditHead, Cluster, Outgoing, Person, Webhook
from egress.services.errors import Conflict, Missing, NotAllowed, Refused
from egress.services.webhooks import subscriptions
from tests import factories as make

URL = "https://ci.example.com/hooks/very-secret-path"


def create(who: Person, **fields: Any) -> tuple[Webhook, str]:
    given: dict[str, Any] = {"name": "pipeline", "url": URL, "groups": ["requests"], **fields}
    return subscriptions.create(actor=make.actor(who), **given)


def test_an_admin_adds_a_webhook_whose_address_and_secret_are_nowhere_to_be_read(
    adam: Person,
) -> None:
    webhook, secret = create(adam)
    assert secret.startswith("whsec_")
    assert webhook.shown == "https://ci.example.com/…"
    assert b"very-secret-path" not in bytes(webhook.sealed_url)
    assert secret.encode() not in bytes(webhook.sealed_secret)
    event = AuditEvent.objects.get()
    assert event.tag == "webhook:saved"
    assert "very-secret" not in str(event.data) + event.message
    assert secret not in str(event.data) + event.message


def test_it_is_told_from_now_on(adam: Person) -> None:
    make.person("eve")
    create(adam)
    webhook, _ = create(adam, name="second")
    assert webhook.seen == AuditHead.objects.get().sequence - 1  # all but its own event


@pytest.mark.parametrize("deed", ["change", "retire", "test", "rotate_secret", "send_again"])
def test_nobody_but_admins_touches_webhooks(deed: str, adam: Person, alice: Person) -> None:
    webhook, _ = create(adam)
    given: dict[str, Any] = {
        "change": {"name": "mine", "url": URL, "groups": ["requests"]},
        "send_again": {"message": 1},
    }.get(deed, {})
    with pytest.raises(NotAllowed):
        getattr(subscriptions, deed)(webhook=webhook, actor=make.actor(alice), **given)
    with pytest.raises(NotAllowed):
        create(alice, name="mine")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "pipeline"),
        ("url", ""),
        ("url", "http://ci.example.com/"),
        ("groups", []),
        ("groups", ["requests", "weather"]),
        ("namespaces", "Pay*"),
    ],
)
def test_what_cannot_be_accepted_is_named_by_field(field: str, value: Any, adam: Person) -> None:
    create(adam)
    with pytest.raises(Refused) as refused:
        create(adam, **{"name": "another", field: value})
    assert list(refused.value.fields) == [field]


def test_without_a_new_address_the_old_one_stays(adam: Person, cluster: Cluster) -> None:
    webhook, _ = create(adam)
    changed = subscriptions.change(
        webhook=webhook, actor=make.actor(adam), name="ci", url="", groups=["grants"],
        cluster=cluster, namespaces="pay*",
    )  # fmt: skip
    assert bytes(changed.sealed_url) == bytes(webhook.sealed_url)
    assert (changed.groups, changed.namespaces) == (["grants"], "pay*")


def test_a_retired_webhook_comes_back_without_what_it_missed(adam: Person) -> None:
    webhook, _ = create(adam)
    subscriptions.retire(webhook=webhook, actor=make.actor(adam))
    with pytest.raises(Conflict):
        subscriptions.retire(webhook=webhook, actor=make.actor(adam))
    with pytest.raises(Conflict):
        subscriptions.test(webhook=webhook, actor=make.actor(adam))
    back = subscriptions.change(
        webhook=webhook, actor=make.actor(adam), name="pipeline", url="", groups=["requests"]
    )
    assert back.is_active
    assert back.seen > webhook.seen


def test_only_what_is_settled_is_sent_again(adam: Person) -> None:
    webhook, _ = create(adam)
    row = subscriptions.test(webhook=webhook, actor=make.actor(adam))
    with pytest.raises(Conflict):
        subscriptions.send_again(webhook=webhook, message=row.pk, actor=make.actor(adam))
    Outgoing.objects.update(
        status=Outgoing.Status.GIVEN_UP, attempts=14, message="It answered 500."
    )
    again = subscriptions.send_again(webhook=webhook, message=row.pk, actor=make.actor(adam))
    assert (again.key, again.status, again.attempts) == (row.key, "waiting", 0)
    with pytest.raises(Missing):
        subscriptions.send_again(webhook=webhook, message=row.pk + 1, actor=make.actor(adam))
