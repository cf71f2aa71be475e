"""What stands around a wish: what of it is allowed already, and who else reaches its hosts."""

from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse

from egress.domain.access import Destination
from egress.models import Grant
from egress.models.standing import Standing
from egress.selectors.standing_access import HostUse, granted_already, who_else_uses
from egress.services.requests import Preview, without_secrets
from egress.web.forms.request import TypedRequest
from egress.web.request_fixes import removal_of

NAMESPACES_NAMED = 5


@dataclass(frozen=True)
class Allowed:
    """One destination that needs no request. `number` is its row as people count."""

    number: int
    destination: Destination
    grant: Grant


@dataclass(frozen=True)
class Use:
    """Who else reaches a host: at most five namespaces by name, and how many besides."""

    use: HostUse

    @property
    def named(self) -> tuple[str, ...]:
        """Return the namespaces to name."""
        return self.use.namespaces[:NAMESPACES_NAMED]

    @property
    def besides(self) -> int:
        """Return how many namespaces are not named: not theirs to know, or too many."""
        return self.use.others + len(self.use.namespaces) - len(self.named)


@dataclass(frozen=True)
class Around:
    """What the preview says beside the findings. `removal` takes out all that is allowed."""

    allowed: tuple[Allowed, ...] = ()
    uses: tuple[Use, ...] = ()
    removal: str = ""
    is_all_allowed: bool = False


def around(standing: Standing, typed: TypedRequest, seen: Preview) -> Around:
    """Return what stands around what was typed, as far as the person may know it."""
    if seen.cluster is None or seen.subject is None:
        return Around()
    understood = {at: found for at, found in enumerate(seen.destinations) if found is not None}
    granted = granted_already(standing, seen.cluster, seen.subject, understood)
    rows = typed.filled
    allowed = tuple(
        Allowed(rows[at] + 1, understood[at], grant) for at, grant in sorted(granted.items())
    )
    hosts = [found.host for found in understood.values()]
    uses = who_else_uses(standing, seen.cluster, seen.subject.namespace, hosts)
    return Around(
        allowed,
        tuple(map(Use, uses)),
        removal_of(one.number - 1 for one in allowed),
        is_all_allowed=bool(allowed) and len(allowed) == len(rows),
    )


def link_to(typed: TypedRequest) -> str:
    """Return the full address that fills the form like this, without any password in it."""
    return f"{settings.PUBLIC_URL}{reverse('request-new')}?{without_secrets(typed.query())}"
