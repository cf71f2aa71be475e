"""Access check: may this subject reach that destination, and why?"""

import ipaddress
from dataclasses import dataclass, replace

from django.db.models import Q
from django.utils import timezone

from egress.domain.access import Access, Destination, Inventory
from egress.domain.hosts import HostError, canonical_destination_host
from egress.domain.hosts.wildcards import wildcards_above
from egress.domain.lifecycle import OPEN_GRANT_STATUSES
from egress.domain.path import likely_protocol
from egress.domain.wording import quoted
from egress.models import Cluster, Grant, Namespace, Person
from egress.models.standing import Standing
from egress.selectors.break_glass import was_opened_at_once
from egress.selectors.grants import visible_grants
from egress.selectors.namespaces import visible_namespaces
from egress.selectors.policy import inventory_of, open_grants

OTHERS_SHOWN = 20


@dataclass(frozen=True)
class AccessAnswer:
    """Yes or no, and why.

    `allowed` tells whether a grant that is in force covers it. `enforced` tells whether the
    namespace is held to its grants at all: while it is not, traffic may pass without one.
    `asked` is the destination as understood, None when it is none; `near` is what else the
    namespace may reach of it, by another service account or on another port. `namespace` and
    `inventory` are what is known of the namespace. `by_break_glass` tells whether the grant was
    opened without the usual approval.
    """

    allowed: bool
    reason: str
    grant: Grant | None
    enforced: bool
    asked: Destination | None = None
    near: tuple[Access, ...] = ()
    namespace: Namespace | None = None
    inventory: Inventory | None = None
    by_break_glass: bool = False


def access_check(
    person: Person | Standing,
    cluster: Cluster,
    namespace: str,
    service_account: str,
    host: str,
    port: int,
) -> AccessAnswer | None:
    """Tell whether `namespace/service_account` may reach `host:port`, as the portal's grants say.

    An empty service account asks for every workload of the namespace. None when the namespace
    is absent, or not for the person to see.
    """
    row = visible_namespaces(person).filter(cluster=cluster, name=namespace).first()
    if row is None:
        return None
    canonical, problem = canonical_target(host)
    if problem:
        return AccessAnswer(False, problem, None, row.is_held, namespace=row)
    inventory = inventory_of(cluster, namespace)
    near = [
        grant
        for grant in open_grants(cluster, namespace, covering(canonical), inventory)
        if covers(grant.destination, canonical)
        and (grant.expires_at is None or grant.expires_at > timezone.now())
    ]
    fitting = [
        grant
        for grant in near
        if grant.service_account in {"", service_account} and grant.port == port
    ]
    answer = _answer(row, fitting, f"{quoted(canonical)} port {port}")
    spoken = next((grant.destination.protocol for grant in near if grant.port == port), None)
    return replace(
        answer,
        asked=Destination(canonical, port, spoken or likely_protocol(port)),
        near=tuple(grant.access for grant in near if grant.applied_at is not None),
        namespace=row,
        inventory=inventory,
    )


def _answer(namespace: Namespace, covering: list[Grant], where: str) -> AccessAnswer:
    enforced = namespace.is_held
    in_force = [grant for grant in covering if grant.applied_at is not None]
    if in_force:
        grant = in_force[0]
        until = f" until {grant.expires_at:%Y-%m-%d %H:%M} UTC" if grant.expires_at else ""
        reason = f"Yes: grant #{grant.pk} allows {quoted(grant.subject)} to reach it{until}."
        opened = was_opened_at_once(grant.request_id)
        if opened:
            reason += " It was opened by break-glass."
        return AccessAnswer(True, reason, grant, enforced, by_break_glass=opened)
    if covering:
        reason = f"Not yet: grant #{covering[0].pk} is approved and not applied so far."
        return AccessAnswer(False, reason, covering[0], enforced)
    if enforced:
        return AccessAnswer(False, f"No: no grant covers {where}. Ask for it.", None, True)
    reason = (
        f"No grant covers {where}, but namespace {quoted(namespace)} is not held to its grants, "
        "so traffic may pass. Ask for access before default deny is switched on."
    )
    return AccessAnswer(False, reason, None, False)


def others_reaching(
    person: Person | Standing,
    cluster: Cluster,
    namespace: str,
    service_account: str,
    host: str,
    port: int,
) -> list[Grant]:
    """Return grants in force of other subjects for the same host and port, as far as visible.

    At most OTHERS_SHOWN, newest first. The subject asked about is left out, with its namespace
    when that has a grant for all of it.
    """
    canonical, problem = canonical_target(host)
    if problem:
        return []
    grants = visible_grants(person).filter(
        covering(canonical),
        cluster=cluster,
        port=port,
        status__in=sorted(OPEN_GRANT_STATUSES),
        applied_at__isnull=False,
    )
    own = Q(namespace=namespace, service_account__in=["", service_account])
    return list(grants.exclude(own).order_by("-pk")[:OTHERS_SHOWN])


def covering(host: str) -> Q:
    """Return the filter of grants that open a canonical host or range, as `covers` says of one.

    For a wildcard also those of any name below it.
    """
    if "/" in host:
        network = ipaddress.ip_network(host)
        around = [str(network.supernet(new_prefix=n)) for n in range(network.prefixlen + 1)]
        return Q(host__in=around)
    named = Q(host__in=[host, *wildcards_above(host)])
    return named | Q(host__endswith=host[1:]) if host.startswith("*.") else named


def covers(destination: Destination, host: str) -> bool:
    """Tell whether a granted destination contains a canonical host or address range."""
    if destination.host == host:
        return True
    if destination.is_wildcard:
        return host.endswith(destination.host[1:]) and not host.startswith("*")
    if destination.is_cidr and "/" in host:
        granted, asked = ipaddress.ip_network(destination.host), ipaddress.ip_network(host)
        return granted.version == asked.version and asked.subnet_of(granted)  # type: ignore[arg-type]
    return False


def canonical_target(host: str) -> tuple[str, str]:
    """Return a host, a range or a single address as grants spell it, and what is wrong with it.

    One of the two is empty.
    """
    try:
        return canonical_destination_host(host.strip()), ""
    except HostError as error:
        return _single_address(host.strip(), error)


def _single_address(host: str, error: HostError) -> tuple[str, str]:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "", error.message
    return f"{address}/{address.max_prefixlen}", ""
