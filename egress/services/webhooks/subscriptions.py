"""What admins decide about webhooks: where, of what, and with which secret."""

import base64
import json
import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from egress.domain.webhooks import GROUP_WORDS, problem_of_address, shown_address
from egress.domain.wording import quoted
from egress.models import AuditHead, Cluster, Outgoing, Webhook
from egress.services import audit, guards
from egress.services.actor import Actor
from egress.services.audit import Tag
from egress.services.audit_chain import iso
from egress.services.credentials import CredentialsUnreadableError, seal
from egress.services.errors import Conflict, Missing, Refused
from egress.services.told_places import accept_name_and_namespaces

OLD_SECRET_WORKS = timedelta(hours=24)
"""How long calls are signed with the secret before as well, so that receivers can change theirs."""


@transaction.atomic
def create(
    *,
    actor: Actor,
    name: str,
    url: str,
    groups: Sequence[str],
    cluster: Cluster | None = None,
    namespaces: str = "*",
) -> tuple[Webhook, str]:
    """Return a new webhook, and its secret, which is never shown again; admins may.

    It is told of what happens from now on. Raises NotAllowed, and Refused by field; no sentence
    quotes anything of the address.
    """
    audit.take_turn()
    guards.require_admin(actor)
    secret = _new_secret()
    made = Webhook(cluster=cluster, seen=_head())
    _accept(made, name, url.strip(), groups, namespaces.strip() or "*")
    made.sealed_secret = seal(secret)
    made.save()
    _record(Tag.WEBHOOK_SAVED, actor, made, "Saved", {"after": _facts(made)})
    return made, secret


@transaction.atomic
def change(
    *,
    webhook: Webhook,
    actor: Actor,
    name: str,
    url: str,
    groups: Sequence[str],
    cluster: Cluster | None = None,
    namespaces: str = "*",
) -> Webhook:
    """Change a webhook, which brings a retired one back; admins may.

    An empty `url` keeps the address. A retired one is not told of what it missed. Raises
    NotAllowed, Missing and Refused by field.
    """
    audit.take_turn()
    guards.require_admin(actor)
    stored = _fresh(webhook)
    before = _facts(stored)
    _accept(stored, name, url.strip(), groups, namespaces.strip() or "*")
    stored.cluster = cluster
    if not stored.is_active:
        stored.is_active, stored.seen = True, _head()
    stored.save()
    data = {"before": before, "after": _facts(stored), "new_address": bool(url.strip())}
    _record(Tag.WEBHOOK_SAVED, actor, stored, "Saved", data)
    return stored


@transaction.atomic
def rotate_secret(*, webhook: Webhook, actor: Actor) -> tuple[Webhook, str]:
    """Give a webhook a new secret and return it, never to be shown again; admins may.

    For OLD_SECRET_WORKS calls carry the signature of the old one as well. Raises NotAllowed and
    Missing.
    """
    audit.take_turn()
    guards.require_admin(actor)
    stored, secret = _fresh(webhook), _new_secret()
    stored.sealed_old_secret = bytes(stored.sealed_secret)
    stored.old_secret_until = timezone.now() + OLD_SECRET_WORKS
    stored.sealed_secret = seal(secret)
    stored.save(update_fields=["sealed_secret", "sealed_old_secret", "old_secret_until"])
    _record(Tag.WEBHOOK_SECRET_ROTATED, actor, stored, "Changed the secret of", {})
    return stored, secret


@transaction.atomic
def retire(*, webhook: Webhook, actor: Actor) -> Webhook:
    """Call a webhook no more; admins may. Raises NotAllowed, Missing and Conflict."""
    audit.take_turn()
    guards.require_admin(actor)
    stored = _fresh(webhook)
    if not Webhook.objects.filter(pk=stored.pk, is_active=True).update(is_active=False):
        raise Conflict(f"The webhook {quoted(stored)} is retired already.", reason="NotActive")
    stored.is_active = False
    _record(Tag.WEBHOOK_RETIRED, actor, stored, "Retired", {})
    return stored


@transaction.atomic
def test(*, webhook: Webhook, actor: Actor) -> Outgoing:
    """Let the worker call a webhook with an event of the type `portal.test`; admins may.

    Raises NotAllowed, Missing, and Conflict for a retired webhook.
    """
    audit.take_turn()
    guards.require_admin(actor)
    stored, now = _fresh(webhook), timezone.now()
    if not stored.is_active:
        raise Conflict(
            f"The webhook {quoted(stored)} is retired. Save it again first.", reason="NotActive"
        )
    said = {"message": f"{actor.name} tries the webhook {stored.name}. Nothing happened."}
    body = {"type": "portal.test", "timestamp": iso(now), "data": said}
    row = Outgoing.objects.create(
        key=f"msg_{stored.pk}_test_{now:%Y%m%d%H%M%S%f}",
        webhook=stored,
        kind="test",
        title="portal:test",
        body=json.dumps(body, ensure_ascii=False, separators=(",", ":")),
        created_at=now,
        due_at=now,
    )
    _record(Tag.WEBHOOK_TESTED, actor, stored, "Tried", {})
    return row


@transaction.atomic
def send_again(*, webhook: Webhook, message: int, actor: Actor) -> Outgoing:
    """Let the worker send a settled message once more, under the same id; admins may.

    `message` is its primary key. Raises NotAllowed, Missing, and Conflict while it waits anyway
    or its webhook is retired.
    """
    audit.take_turn()
    guards.require_admin(actor)
    stored = _fresh(webhook)
    row = stored.messages.filter(pk=message).first()
    if row is None:
        raise Missing("There is no such message. Look at the list again.")
    settled = stored.messages.filter(pk=message).exclude(status=Outgoing.Status.WAITING)
    again = {"status": Outgoing.Status.WAITING, "attempts": 0, "due_at": timezone.now()}
    if not stored.is_active or not settled.update(**again, settled_at=None, message=""):
        raise Conflict("It is on its way already, or its webhook is retired.", reason="NotSettled")
    _record(Tag.WEBHOOK_RESENT, actor, stored, "Sent again to", {"message": row.key})
    row.refresh_from_db()
    return row


def _new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def _head() -> int:
    return AuditHead.objects.values_list("sequence", flat=True).first() or 0


def _fresh(webhook: Webhook) -> Webhook:
    stored = Webhook.objects.select_related("cluster").filter(pk=webhook.pk).first()
    if stored is None:
        raise Missing("There is no such webhook. Look at the list of webhooks.")
    return stored


def _accept(stored: Webhook, name: str, url: str, groups: Sequence[str], namespaces: str) -> None:
    errors = accept_name_and_namespaces(stored, name, namespaces)
    stored.groups = [group for group in GROUP_WORDS if group in groups]
    if not stored.groups or not set(groups) <= set(GROUP_WORDS):
        errors["groups"] = ["Choose at least one kind of event."]
    if url or not stored.pk:
        errors |= _accept_address(stored, url)
    if errors:
        first = next(iter(errors.values()))[0]
        raise Refused(first, reason="InputNotUnderstood", fields=errors)


def _accept_address(stored: Webhook, url: str) -> dict[str, list[str]]:
    """Seal the address into the webhook; return what is wrong with it, by field."""
    problem = problem_of_address(url, private_allowed=settings.CHANNELS_TO_PRIVATE)
    if problem:
        return {"url": [problem]}
    try:
        stored.sealed_url = seal(url)
    except CredentialsUnreadableError as error:
        return {"url": [str(error)]}
    stored.shown = shown_address(url)[:300]
    stored.last_at, stored.last_ok, stored.last_message = None, False, ""
    return {}


def _facts(webhook: Webhook) -> dict[str, Any]:
    return {
        "name": webhook.name,
        "shown": webhook.shown,
        "groups": list(webhook.groups),
        "cluster": webhook.cluster.name if webhook.cluster else "",
        "namespaces": webhook.namespaces,
        "is_active": webhook.is_active,
    }


def _record(tag: Tag, actor: Actor, webhook: Webhook, deed: str, data: dict[str, Any]) -> None:
    audit.record(
        tag=tag,
        actor=actor,
        target="webhook",
        target_id=webhook.pk,
        message=f"{deed} the webhook {quoted(webhook)}.",
        data=data,
    )
