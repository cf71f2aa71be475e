"""Second factors in the audit trail: written in the transaction in which they come and go."""

from typing import TYPE_CHECKING, Any

from allauth.core import context
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.http import HttpRequest

if TYPE_CHECKING:
    from egress.services.actor import Actor


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
    from egress.services.factors import KINDS, note_factor

    request: HttpRequest | None = getattr(context, "request", None)
    request_id = getattr(request, "request_id", "")
    actor = Actor.of(factor.user, "web" if request else "command", request_id)
    with transaction.atomic():
        note_factor(person=factor.user, kind=factor.type, added=added, actor=actor)
        if added and factor.type in KINDS:
            _end_sessions_without_it(request, actor)


def _end_sessions_without_it(request: HttpRequest | None, actor: "Actor") -> None:
    """End all sessions but the one that set the factor up: no other has shown it."""
    from egress.services.sign_in import end_other_sessions

    keep = (request.session.session_key or "") if request else ""
    if end_other_sessions(keep=keep, actor=actor) and request:
        messages.success(request, "Your other sessions ended: sign in there with the factor.")
