"""Keeping what somebody typed until they send it.

Drafts decide nothing and nobody else reads them, so the audit trail, which keeps everything for
ever, does not hear of them.
"""

from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlencode

from django.db import transaction
from django.utils import timezone

from egress.domain.hosts import HostError, parse_pasted, without_credentials
from egress.models import Draft
from egress.selectors.drafts import digest_of, drafts_of
from egress.services import guards
from egress.services.actor import Actor

DRAFT_DAYS = 30
MAX_DRAFTS = 20
"""Drafts of one person: with one more, the oldest goes."""
MAX_CHARACTERS = 20_000
"""Longer than a form that can be sent: anything above is not kept."""

_NEVER_KEPT = frozenset({"paste", "csrfmiddlewaretoken"})


def keep_draft(*, actor: Actor, place: str, content: str) -> Draft | None:
    """Keep the typed form of a place, instead of the one kept before.

    `content` is a query string. User names and passwords are taken out of it, and pasted text,
    which may hold any secret, is left out. Returns None for what is too long to be a request.
    """
    standing = guards.standing_of_actor(actor)
    kept = without_secrets(content)
    if len(kept) > MAX_CHARACTERS or len(place) > MAX_CHARACTERS:
        return None
    with transaction.atomic():
        draft, _ = Draft.objects.update_or_create(
            person=guards.person_of(actor),
            place_digest=digest_of(place),
            defaults={"place": place, "content": kept, "saved_at": timezone.now()},
        )
        latest = drafts_of(standing).values_list("pk", flat=True)[:MAX_DRAFTS]
        drafts_of(standing).exclude(pk__in=list(latest)).delete()
    return draft


def drop_draft(*, actor: Actor, place: str) -> None:
    """Forget the typed form of a place. That there is none is fine."""
    standing = guards.standing_of_actor(actor)
    drafts_of(standing).filter(place_digest=digest_of(place)).delete()


def drop_old_drafts(*, now: datetime) -> int:
    """Forget the drafts that nobody touched for 30 days, and return how many there were."""
    return Draft.objects.filter(saved_at__lt=now - timedelta(days=DRAFT_DAYS)).delete()[0]


def without_secrets(content: str) -> str:
    """Return a form as a query string without pasted text, user names and passwords."""
    pairs = [
        (name, _without_secrets(name, value.replace("\0", "")))
        for name, value in parse_qsl(content, keep_blank_values=True)
        if name not in _NEVER_KEPT
    ]
    return urlencode(pairs)


def _without_secrets(name: str, value: str) -> str:
    is_host = name == "host" or name.endswith("-host")
    if not is_host or len(value.split()) < 2:
        return without_credentials(value)
    # A command or a setting in the place of a host: only what it names is sure to be no secret.
    try:
        return " ".join(found.text for found in parse_pasted(value).destinations)
    except HostError:
        return ""
