"""The first lines of every service: who asks, and may they know of what they name."""

from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone

from egress import rules
from egress.domain.wording import quoted
from egress.models import ApiToken, Grant, Person, Request
from egress.models.standing import Standing
from egress.services import texts
from egress.services.actor import Actor
from egress.services.errors import Missing, NotAllowed, Refused
from egress.services.factors import lacks_factor, require_factor


def person_of(actor: Actor) -> Person:
    """Return the person who acts. Raises NotAllowed for the portal itself."""
    if actor.person is None:
        raise NotAllowed("Only a person may do this. Sign in first.", reason="NotAPerson")
    return actor.person


def standing_of_actor(actor: Actor, reviewed: frozenset[int] = frozenset()) -> Standing:
    """Return what the actor is and may do now.

    Of what clusters say, only what was asked just now counts: `reviewed`, as
    `services.ownership.owned_now` gives it. Raises NotAllowed when the actor is no person, has no
    active account, or when the token that is used ended meanwhile: a call may last, and a revoked
    token does nothing any more.
    """
    person_of(actor)
    if actor.token_id is not None and not _still_lets_in(actor.token_id):
        raise NotAllowed("The token was revoked or expired meanwhile.", reason="TokenEnded")
    standing = actor.standing.acting(reviewed)
    if not standing.is_active:
        raise NotAllowed(
            f"The account {quoted(actor.name)} is not active. Ask an admin to activate it.",
            reason="AccountNotActive",
        )
    return standing


def reading_standing_of(actor: Actor) -> Standing:
    """Return what the actor may see, with what clusters said lately; never to act by it."""
    person_of(actor)
    return actor.standing


def _still_lets_in(token_id: int) -> bool:
    in_force = ApiToken.objects.filter(revoked_at__isnull=True, expires_at__gt=timezone.now())
    return in_force.filter(pk=token_id).exists()


def require_admin(actor: Actor, deed: str = "do this") -> Standing:
    """Return the actor's standing. Raises NotAllowed, naming the deed, for everybody but admins.

    Also for an admin without the second factor that the settings ask for.
    """
    standing = standing_of_actor(actor)
    if not standing.is_admin:
        raise NotAllowed(f"Only an admin may {deed}. Ask one of them.", reason="NotAnAdmin")
    require_factor(standing)
    return standing


def require_operator(actor: Actor, deed: str) -> None:
    """Let admins pass, as `require_admin` does, and an operator at the command line."""
    if actor.person is None and actor.source == "command":
        return
    require_admin(actor, deed)


def require_factor_beyond_own(standing: Standing, may: Callable[[Standing], bool]) -> None:
    """Raise NotAllowed where somebody without the second factor may only by a role.

    Whoever may without one, as the team whose grant or robot it is, needs no factor to do so.
    """
    if lacks_factor(standing) and not may(standing.without_roles()):
        require_factor(standing)


def require_text(text: str, *, field: str, what: str, limit: int, required: bool = True) -> str:
    """Return the tidied text. Raises Refused, naming `field`, when it cannot be accepted."""
    tidied = texts.tidy(text)
    problem = texts.problem_of_text(tidied, what=what, limit=limit, required=required)
    if problem:
        raise Refused(problem, reason="TextNotAccepted", fields={field: [problem]})
    return tidied


def fresh_request(pk: int, standing: Standing) -> Request:
    """Return the request as it is now. Raises Missing when it is not theirs to see."""
    request = (
        Request.objects.select_related("cluster", "requester", "renews__request")
        .filter(pk=pk)
        .first()
    )
    if request is None or not rules.may_view_request(standing, request):
        raise Missing(f"There is no request #{pk} for you. Look at the list of requests.")
    return request


def fresh_grant(pk: int, standing: Standing) -> Grant:
    """Return the grant as it is now. Raises Missing when it is not theirs to see."""
    grant = Grant.objects.select_related("cluster", "request__cluster").filter(pk=pk).first()
    if grant is None or not rules.may_view_grant(standing, grant):
        raise Missing(f"There is no grant #{pk} for you. Look at the list of grants.")
    return grant


def as_duration(days: int | None) -> timedelta | None:
    """Return a number of days as a duration, None for access without an end date."""
    return None if days is None else timedelta(days=days)
