"""Saying which team owns namespaces: one by name, or several at once."""

from collections.abc import Iterable

from django.contrib.auth.models import Group
from django.db import transaction

from egress.domain.wording import quoted
from egress.models import Namespace
from egress.selectors.namespaces import present_namespaces
from egress.services.actor import Actor
from egress.services.clusters import set_owner
from egress.services.errors import Refused
from egress.services.guards import require_operator

MOST = 100
"""Namespaces whose owner is set at once."""


def set_owner_named(*, namespace: Namespace, team: str, actor: Actor) -> Namespace:
    """Say which team, by name, owns a namespace; an empty name leaves it to the label.

    Raises like `set_owner`, and Refused when there is no such team.
    """
    require_operator(actor, "set the owner of a namespace")
    found = Group.objects.filter(name=team).first() if team else None
    if team and found is None:
        problem = f"There is no team {quoted(team)}. Make it first, or write another."
        raise Refused(problem, reason="TeamUnknown", fields={"team": [problem]})
    return set_owner(namespace=namespace, team=found, actor=actor)


@transaction.atomic
def set_owners(*, namespaces: Iterable[int], team: Group | None, actor: Actor) -> list[Namespace]:
    """Say which team owns each of these namespaces, by primary key; None leaves it to the label.

    All of them, or none. Admins only. Raises NotAllowed, Refused when nothing or too much is
    chosen, and Conflict when one is gone, or its cluster lets nobody set owners.
    """
    require_operator(actor, "set the owner of a namespace")
    keys = sorted(set(namespaces))
    if not keys or len(keys) > MOST:
        problem = "Choose at least one namespace." if not keys else f"Choose at most {MOST}."
        raise Refused(problem, reason="NamespacesNotChosen", fields={"namespaces": [problem]})
    rows = list(present_namespaces().filter(pk__in=keys))
    if len(rows) != len(keys):
        problem = "One of the namespaces is gone. Look at the list again."
        raise Refused(problem, reason="NamespaceGone", fields={"namespaces": [problem]})
    return [set_owner(namespace=row, team=team, actor=actor) for row in rows if row.owner != team]
