"""Channels: where the portal sends messages outside, set by admins and audited."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from egress.domain.notices import CHANNEL_WORDS, Kind
from egress.domain.wording import quoted
from egress.models import Channel, Cluster, Outgoing
from egress.services import audit, guards
from egress.services.actor import Actor
from egress.services.audit import Tag
from egress.services.credentials import CredentialsUnreadableError, seal
from egress.services.errors import Conflict, Missing, Refused
from egress.services.notifications import channel_call
from egress.services.told_places import accept_name_and_namespaces

TEST = "test"


@transaction.atomic
def save(
    *,
    channel: Channel | None,
    actor: Actor,
    name: str,
    url: str,
    kinds: Sequence[str],
    cluster: Cluster | None = None,
    namespaces: str = "*",
) -> Channel:
    """Add a channel, or change one, which brings a retired one back; admins may.

    An empty `url` keeps the address that is stored. Raises NotAllowed, Missing and Refused by
    field; no sentence quotes anything of the address.
    """
    audit.take_turn()
    guards.require_admin(actor)
    stored = _fresh(channel) if channel else Channel()
    before = _facts(stored) if channel else None
    _accept(stored, name, url.strip(), list(kinds), namespaces.strip() or "*")
    stored.cluster, stored.is_active = cluster, True
    stored.save()
    data = {"before": before, "after": _facts(stored), "new_address": bool(url.strip())}
    _record(Tag.CHANNEL_SAVED, actor, stored, f"Saved the channel {quoted(stored)}.", data)
    return stored


@transaction.atomic
def retire(*, channel: Channel, actor: Actor) -> Channel:
    """Send nothing more to a channel; admins may. Raises NotAllowed, Missing and Conflict."""
    audit.take_turn()
    guards.require_admin(actor)
    stored = _fresh(channel)
    if not Channel.objects.filter(pk=stored.pk, is_active=True).update(is_active=False):
        raise Conflict(f"The channel {quoted(stored)} is retired already.", reason="NotActive")
    stored.is_active = False
    _record(Tag.CHANNEL_RETIRED, actor, stored, f"Retired the channel {quoted(stored)}.", {})
    return stored


@transaction.atomic
def test(*, channel: Channel, actor: Actor) -> Outgoing:
    """Let the worker send a message that says it is a test; admins may.

    Raises NotAllowed, Missing, and Conflict for a retired channel.
    """
    audit.take_turn()
    guards.require_admin(actor)
    stored = _fresh(channel)
    if not stored.is_active:
        raise Conflict(
            f"The channel {quoted(stored)} is retired. Save it again first.", reason="NotActive"
        )
    now = timezone.now()
    row = Outgoing.objects.create(
        key=f"{TEST}-{now:%Y%m%d%H%M%S%f}-{stored.pk}",
        channel=stored,
        kind=TEST,
        title="A test from Egress Portal",
        text=f"{actor.name} tries the channel {stored.name}. Nothing happened.",
        link="/",
        created_at=now,
        due_at=now,
    )
    _record(Tag.CHANNEL_TESTED, actor, stored, f"Tried the channel {quoted(stored)}.", {})
    return row


def _fresh(channel: Channel) -> Channel:
    stored = Channel.objects.select_related("cluster").filter(pk=channel.pk).first()
    if stored is None:
        raise Missing("There is no such channel. Look at the list of channels.")
    return stored


def _accept(stored: Channel, name: str, url: str, kinds: list[str], namespaces: str) -> None:
    errors = accept_name_and_namespaces(stored, name, namespaces)
    stored.kinds = [kind.value for kind in Kind if kind.value in kinds]
    if not stored.kinds or not set(kinds) <= set(CHANNEL_WORDS):
        errors["kinds"] = ["Choose at least one thing to tell of."]
    if url or not stored.pk:
        errors |= _accept_address(stored, url)
    if errors:
        first = next(iter(errors.values()))[0]
        raise Refused(first, reason="InputNotUnderstood", fields=errors)


def _accept_address(stored: Channel, url: str) -> dict[str, list[str]]:
    """Seal the address into the channel; return what is wrong with it, by field."""
    if not url:
        return {"url": ["Paste the address of the channel."]}
    try:
        stored.shown = channel_call.look_at(url)[:300]
        stored.sealed_url = seal(url)
    except (ValueError, CredentialsUnreadableError) as error:
        return {"url": [str(error)]}
    stored.last_at, stored.last_ok, stored.last_message = None, False, ""
    return {}


def _facts(channel: Channel) -> dict[str, Any]:
    return {
        "name": channel.name,
        "shown": channel.shown,
        "kinds": list(channel.kinds),
        "cluster": channel.cluster.name if channel.cluster else "",
        "namespaces": channel.namespaces,
        "is_active": channel.is_active,
    }


def _record(tag: Tag, actor: Actor, channel: Channel, message: str, data: dict[str, Any]) -> None:
    audit.record(
        tag=tag, actor=actor, target="channel", target_id=channel.pk, message=message, data=data
    )
