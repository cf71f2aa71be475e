"""Second factors: who needs one, and who has one."""

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction

from egress.models import Person, ProviderAccount
from egress.models.standing import Standing
from egress.services import audit
from egress.services.actor import Actor
from egress.services.audit import Tag
from egress.services.errors import NotAllowed

KINDS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
_NAMES = {
    Authenticator.Type.TOTP: "an authenticator app",
    Authenticator.Type.WEBAUTHN: "a security key",
    Authenticator.Type.RECOVERY_CODES: "recovery codes",
}


def needs_factor(standing: Standing) -> bool:
    """Tell whether the settings ask for a second factor of somebody who may do this much."""
    if settings.MFA_REQUIRED == "deciders":
        return standing.is_admin or bool(standing.scopes or standing.break_glass)
    return bool(settings.MFA_REQUIRED == "everybody")


def has_factor(person_id: int | None) -> bool:
    """Tell whether somebody has a second factor here, or used one at their provider."""
    own = Authenticator.objects.filter(user_id=person_id, type__in=KINDS)
    if own.exists():
        return True
    strong = ProviderAccount.objects.filter(is_strong=True, closed_at__isnull=True)
    return strong.filter(person__pk=person_id).exists() if person_id else False


def lacks_factor(standing: Standing) -> bool:
    """Tell whether somebody needs a second factor and has none."""
    return needs_factor(standing) and not has_factor(standing.person_id)


def require_factor(standing: Standing) -> None:
    """Raise NotAllowed for those who need a second factor and have none."""
    if needs_factor(standing):
        _require(standing)


def require_factor_to_decide(standing: Standing) -> None:
    """Raise NotAllowed for who decides without a second factor where deciders need one.

    Whoever decides as a member of a team, of a stage or of a catalogue entry, has no role.
    """
    if settings.MFA_REQUIRED != "nobody":
        _require(standing)


def _require(standing: Standing) -> None:
    if not has_factor(standing.person_id):
        raise NotAllowed(
            "This needs a second factor. Set up an authenticator app or a security key on the "
            "page Account, then do it again.",
            reason="SecondFactorMissing",
        )


@transaction.atomic
def note_factor(*, person: Person, kind: str, added: bool, actor: Actor) -> None:
    """Record that somebody set up a second factor, or took one away. Raises Unavailable."""
    word = _NAMES.get(Authenticator.Type(kind), kind)
    audit.record(
        tag=Tag.PERSON_FACTOR_ADDED if added else Tag.PERSON_FACTOR_REMOVED,
        actor=actor,
        target="person",
        target_id=person.pk,
        message=f"{'Set up' if added else 'Took away'} {word}.",
        data={"kind": str(kind)},
    )
