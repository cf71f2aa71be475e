"""Names to suggest while somebody types a question: only those that they may know of."""

from egress.models import ServiceAccount
from egress.models.standing import Standing
from egress.selectors.grants import visible_grants
from egress.selectors.namespaces import visible_namespaces

SHOWN = 50
_GRANTS_READ = 500
"""Hosts are taken from so many of the newest grants that match, so that nobody waits."""


def namespace_names(standing: Standing, cluster: str, part: str) -> list[str]:
    """Return names of present namespaces that contain `part`; an empty cluster means any."""
    rows = visible_namespaces(standing).filter(name__contains=part.lower())
    if cluster:
        rows = rows.filter(cluster__name=cluster)
    return list(rows.order_by("name").values_list("name", flat=True).distinct()[:SHOWN])


def account_names(standing: Standing, cluster: str, namespace: str, part: str) -> list[str]:
    """Return names of present service accounts of a namespace that contain `part`."""
    if not namespace:
        return []
    rows = visible_namespaces(standing).filter(name=namespace.lower())
    if cluster:
        rows = rows.filter(cluster__name=cluster)
    accounts = ServiceAccount.objects.filter(
        namespace__in=rows.order_by().values("pk"), gone_at=None, name__contains=part.lower()
    )
    return list(accounts.order_by("name").values_list("name", flat=True).distinct()[:SHOWN])


def host_names(standing: Standing, cluster: str, namespace: str, part: str) -> list[str]:
    """Return hosts that contain `part`, of the newest grants, ended ones among them."""
    rows = visible_grants(standing).filter(host__contains=part.lower())
    if cluster:
        rows = rows.filter(cluster__name=cluster)
    if namespace:
        rows = rows.filter(namespace=namespace.lower())
    newest = rows.order_by("-pk").values_list("host", flat=True)[:_GRANTS_READ]
    return sorted(set(newest))[:SHOWN]
