"""What tells who owns the namespaces of a cluster: reading, changing and trying it."""

from dataclasses import replace
from typing import Any

from egress.domain.wording import quoted
from egress.models import Cluster, Namespace, Person
from egress.services import cluster_settings
from egress.services.actor import Actor
from egress.services.errors import Refused
from egress.services.guards import require_operator
from egress.services.ownership.reviews import Answer, ask
from egress.services.ownership.sources import REVIEWED

NAMES = ("owner_by_admin", "owner_by_label", *REVIEWED)


def settings_of(cluster: Cluster) -> dict[str, Any]:
    """Return the part of a cluster's settings that is about owners."""
    return {name: getattr(cluster, name) for name in NAMES}


def change(*, cluster: Cluster, actor: Actor, **wanted: Any) -> Cluster:
    """Change the part of a cluster's settings that is about owners; see `cluster_settings.change`.

    Raises like that.
    """
    cluster.refresh_from_db()
    settings = replace(cluster_settings.settings_of(cluster), **wanted)
    return cluster_settings.change(cluster=cluster, settings=settings, actor=actor)


def try_review(*, cluster: Cluster, person: str, namespace: str, actor: Actor) -> Answer:
    """Ask a cluster now whether somebody may deploy in a namespace; nothing follows from it.

    Under the names that are set, also where reviews do not count yet. Admins only. Raises
    NotAllowed, and Refused by field for a person or a namespace that is not there.
    """
    require_operator(actor, "ask a cluster about others")
    # Databases refuse to compare with a NUL; no name contains one.
    name, place = (text.strip().replace("\0", "") for text in (person, namespace))
    who = Person.objects.filter(username=name).first()
    rows = Namespace.objects.filter(cluster=cluster, name=place, gone_at__isnull=True)
    where = rows.select_related("cluster").first()
    problems: dict[str, list[str]] = {}
    if who is None:
        problems["person"] = [f"Nobody signs in as {quoted(person)}."]
    if where is None:
        problems["namespace"] = [f"The cluster has no namespace {quoted(namespace)}."]
    if who is None or where is None:
        first = next(iter(problems.values()))[0]
        raise Refused(first, reason="InputRefused", fields=problems)
    return ask(who, where)
