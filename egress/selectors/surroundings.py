"""What a wish would be rendered beside: grants of its namespace and of its hosts elsewhere."""

from collections.abc import Collection

from django.db.models import Q

from egress.models import Cluster
from egress.selectors.bindings import bound_of
from egress.selectors.ground import Surroundings, is_pinned
from egress.selectors.slices import inventory_of_namespaces, open_grants_of, profile_for


def surroundings(cluster: Cluster, namespace: str, hosts: Collection[str]) -> Surroundings:
    """Return what decides how grants of `namespace` to `hosts` are rendered."""
    around = Q(namespace=namespace) | Q(host__in=list(hosts))
    grants = list(open_grants_of(cluster).filter(around))
    inventory = inventory_of_namespaces(cluster, {namespace, *(g.namespace for g in grants)})
    profile = profile_for(cluster, {*hosts, *(grant.host for grant in grants)})
    standing = bound_of(grant for grant in grants if is_pinned(grant, inventory))
    return Surroundings(profile, inventory, tuple(grant.access for grant in standing))
