"""Drafts of requests: everybody reads their own, and nobody those of others."""

import hashlib

from django.db.models import QuerySet

from egress.models import Draft
from egress.models.standing import Standing


def digest_of(place: str) -> str:
    """Return under what the draft of a place is found."""
    return hashlib.sha256(place.encode("utf-8", "replace")).hexdigest()


def drafts_of(standing: Standing) -> QuerySet[Draft]:
    """Return the person's own drafts, newest first."""
    if not standing.is_active or standing.person_id is None:
        return Draft.objects.none()
    return Draft.objects.filter(person_id=standing.person_id).order_by("-saved_at", "-pk")


def draft_at(standing: Standing, place: str) -> Draft | None:
    """Return the person's own draft of a place, None when there is none."""
    return drafts_of(standing).filter(place_digest=digest_of(place)).first()
