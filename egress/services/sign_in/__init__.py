"""Signing in: who vouches for somebody, with which factors, and for how long that counts.

`providers` are the identity providers of the settings, `admitting` lets their people in, `claims`
reads again what they say of them, `others` what they say of those on whose right a decision rests,
`giving` turns groups into teams and roles, `guesses` counts tries, `sessions` ends what somebody
left open. Second factors are in egress/services/factors.py.
"""

from django.conf import settings

from egress.models.standing import standing_of
from egress.services.actor import Actor
from egress.services.factors import has_factor, needs_factor, note_factor, require_factor
from egress.services.sign_in.admitting import Vouched, admit
from egress.services.sign_in.claims import OLDEST, claims_read_for, refresh_claims
from egress.services.sign_in.others import read_again
from egress.services.sign_in.sessions import (
    end_other_sessions,
    end_session,
    follow,
    note_session,
    note_use,
)

__all__ = [
    "OLDEST",
    "Vouched",
    "admit",
    "before_asking",
    "before_deciding",
    "claims_read_for",
    "end_other_sessions",
    "end_session",
    "follow",
    "has_factor",
    "needs_factor",
    "note_factor",
    "note_session",
    "note_use",
    "read_again",
    "refresh_claims",
    "require_factor",
]


def before_asking(actor: Actor) -> None:
    """Read again what the actor's provider says of them.

    The first line of what asks for access, before any transaction. Raises NotAllowed, also where
    everybody needs a second factor and they have none, and Unavailable when the provider cannot
    be asked.
    """
    if actor.person is None:
        return
    refresh_claims(actor.person)
    if settings.MFA_REQUIRED == "everybody":
        require_factor(standing_of(actor.person))


def before_deciding(actor: Actor) -> None:
    """Read again what providers say of the actor and their lenders, and look for a second factor.

    The first line of what decides about access. Raises like `before_asking`.
    """
    if actor.person is None:
        return
    refresh_claims(actor.person)
    read_again([actor.person.pk])
    require_factor(standing_of(actor.person))
