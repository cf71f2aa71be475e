"""The portal is never without an active admin."""

from egress.models.person import OPEN
from egress.selectors.people import active_admins
from egress.services.errors import Refused


def refuse_without_admin() -> None:
    """Raise Refused when nobody with an open account administers the portal."""
    if not active_admins().filter(OPEN).exists():
        raise Refused(
            "That would leave the portal without an active admin. Make somebody else an admin "
            "first.",
            reason="LastAdmin",
        )
