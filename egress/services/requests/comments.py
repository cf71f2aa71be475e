"""What people say below a request."""

from django.db import transaction
from django.utils import timezone

from egress.models import Comment, Request
from egress.services import audit, guards
from egress.services.actor import Actor
from egress.services.audit import Tag


@transaction.atomic
def comment(*, request: Request, actor: Actor, text: str) -> Comment:
    """Add a comment; everybody who may read the request may write one.

    Raises Missing, and Refused for an empty or too long text.
    """
    seen = guards.reading_standing_of(actor).reviewed
    standing = guards.standing_of_actor(actor, seen)
    stored = guards.fresh_request(request.pk, standing)
    tidied = guards.require_text(text, field="text", what="The comment", limit=4000)
    now = timezone.now()
    written = Comment.objects.create(
        request=stored, author=guards.person_of(actor), text=tidied, written_at=now
    )
    # What people wrote stays out of the trail, which can never be corrected.
    audit.record(
        tag=Tag.REQUEST_COMMENTED,
        actor=actor,
        target="request",
        target_id=stored.pk,
        message="Wrote a comment.",
        cluster=stored.cluster.name,
        namespace=stored.namespace,
        data={"comment": written.pk, "characters": len(tidied)},
        at=now,
    )
    return written
