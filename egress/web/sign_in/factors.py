"""Second factors in the audit trail: written in the transaction in which they come and go."""

from typing import Any

from allauth.core import context
from allauth.mfa.models import Authenticator
from django.db.models.signals import post_delete, post_save
from django.http import HttpRequest


def watch_factors() -> None:
    """Record every factor that is added or removed from now on."""
    post_save.connect(_saved, sender=Authenticator, dispatch_uid="egress.factor-saved")
    post_delete.connect(_deleted, sender=Authenticator, dispatch_uid="egress.factor-deleted")


def _saved(instance: Authenticator, created: bool, raw: bool = False, **kwargs: Any) -> None:
    if created and not raw:
        _note(instance, added=True)


def _deleted(instance: Authenticator, **kwargs: Any) -> None:
    _note(instance, added=False)


def _note(factor: Authenticator, *, added: bool) -> None:
    # Only now: commands that sign nobody in need no services.
    from egress.services.actor import Actor
    from egress.services.factors import note_factor

    request: HttpRequest | None = getattr(context, "request", None)
    request_id = getattr(request, "request_id", "")
    actor = Actor.of(factor.user, "web" if request else "command", request_id)
    note_factor(person=factor.user, kind=factor.type, added=added, actor=actor)
