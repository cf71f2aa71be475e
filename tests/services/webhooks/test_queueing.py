"""Every event a webhook wants to know becomes one message, once, in order."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from egress.models import AuditHead, Cluster, Namespace, Outgoing, Person, Webhook
from egress.services import people
from egress.services.requests import comment
from egress.services.webhooks import queueing, subscriptions
from tests import factories as make


def webhook(adam: Person, **fields: Any) -> Webhook:
    given: dict[str, Any] = {
        "name": f"hook {make.number()}",
        "url": "https://ci.example.com/egress",
        "groups": ["requests"],
        **fields,
    }
    return subscriptions.create(actor=make.actor(adam), **given)[0]


def queued(hook: Webhook) -> list[str]:
    queueing.queue_messages(timezone.now())
    return [row.title for row in hook.messages.order_by("pk")]


def write_comment(namespace: Namespace, who: Person) -> None:
    request = make.request(namespace, requester=who)
    comment(request=request, text="Why?", actor=make.actor(who))


def test_an_event_becomes_one_message_however_often_one_looks(
    shop: Namespace, owner: Person, adam: Person
) -> None:
    hook = webhook(adam)
    write_comment(shop, owner)
    assert queued(hook) == ["request:commented"]
    assert queued(hook) == ["request:commented"]
    body = json.loads(Outgoing.objects.get().body)
    assert body["type"] == "request.commented"
    assert (body["data"]["actor"], body["data"]["namespace"]) == ("owner", "shop")
    assert body["data"]["url"].startswith("https://egress.example.com/audit/")


def test_only_the_groups_it_asked_for(shop: Namespace, owner: Person, adam: Person) -> None:
    hooks = [webhook(adam, groups=[group]) for group in ("grants", "people", "administration")]
    write_comment(shop, owner)
    people.create_team(name="team-new", actor=make.actor(adam))
    assert [queued(hook) for hook in hooks] == [[], ["team:created"], ["webhook:saved"]]


def test_only_from_the_places_it_was_given(
    shop: Namespace, owner: Person, adam: Person, cluster: Cluster
) -> None:
    elsewhere = make.cluster()
    both = ["requests", "people"]
    inside = webhook(adam, groups=both, namespaces="sh*")
    other_name = webhook(adam, groups=both, namespaces="pay*")
    other_cluster = webhook(adam, groups=both, cluster=elsewhere)
    write_comment(shop, owner)
    people.create_team(name="team-new", actor=make.actor(adam))
    assert queued(inside) == ["request:commented"]
    assert queued(other_name) == []
    assert queued(other_cluster) == []


def test_a_restored_trail_is_read_on_from_its_end(adam: Person) -> None:
    hook = webhook(adam)
    head = AuditHead.objects.get().sequence
    Webhook.objects.update(seen=head + 100)
    assert queued(hook) == []
    hook.refresh_from_db()
    assert hook.seen == head


def test_two_workers_make_each_message_once(
    shop: Namespace, owner: Person, adam: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = webhook(adam)
    write_comment(shop, owner)
    compose = queueing._messages

    def and_another_worker_is_faster(*given: Any) -> list[Outgoing]:
        made = compose(*given)
        monkeypatch.setattr(queueing, "_messages", compose)
        queueing.queue_messages(timezone.now())
        return made

    monkeypatch.setattr(queueing, "_messages", and_another_worker_is_faster)
    assert queued(hook) == ["request:commented"]


def test_a_failure_holds_up_that_webhook_only(
    shop: Namespace, owner: Person, adam: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    from egress.services.notifications import outgoing
    from egress.services.undeliverable import UndeliverableError

    bad, good = webhook(adam), webhook(adam)
    for _ in range(3):
        write_comment(shop, owner)

    def call(row: Outgoing, to: Webhook) -> bool:
        if to.pk == bad.pk:
            raise UndeliverableError("It answered 500.")
        return True

    monkeypatch.setattr(outgoing, "call", call)
    queueing.tend(timezone.now() + timedelta(seconds=1))
    attempts = list(bad.messages.order_by("pk").values_list("attempts", flat=True))
    assert attempts == [1, 0, 0]
    assert set(good.messages.values_list("status", flat=True)) == {"sent"}
