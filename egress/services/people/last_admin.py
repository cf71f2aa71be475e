"""The portal is never without an active admin."""

from django.db import DatabaseError

from egress.selectors.people import active_admins
from egress.services import audit
from egress.services.errors import Refused, Unavailable


def take_turn() -> None:
    """Let nobody else change roles until the transaction ends. Raises Unavailable."""
    # Everything about people takes the same lock first, so that none waits for another in a ring.
    # Two admins who take each other's role away at once must not both succeed.
    try:
        audit.take_turn()
    except DatabaseError as error:
        raise Unavailable("Somebody else is changing roles now. Try again.") from error


def refuse_without_admin() -> None:
    """Raise Refused when nobody with an active account administers the portal."""
    if not active_admins().exists():
        raise Refused(
            "That would leave the portal without an active admin. Make somebody else an admin "
            "first.",
            reason="LastAdmin",
        )
