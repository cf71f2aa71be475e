"""Connections to clusters: one per cluster and process, to the cluster that was connected."""

import hashlib
import math
import threading
from dataclasses import dataclass

from django.conf import settings

from egress.cluster import kinds
from egress.cluster.errors import ClusterError
from egress.cluster.gateway import ClusterGateway
from egress.cluster.kube import connect_gateway
from egress.cluster.kubeconfig import read_kubeconfig
from egress.models import Cluster
from egress.services.credentials import CredentialsUnreadableError, unseal
from egress.services.errors import Unavailable


@dataclass(frozen=True)
class _Opened:
    fingerprint: str
    gateway: ClusterGateway


_opened: dict[int, _Opened] = {}
_opening = threading.Lock()


def open_gateway(cluster: Cluster, *, until: float = math.inf) -> ClusterGateway:
    """Return the connection of this process to a cluster; it is made on first use.

    The cluster behind the address must be the one that was connected: its uid is compared when
    the connection is made, which takes no longer than `until` (of `time.monotonic()`). Raises
    Unavailable when it is another one, cannot be reached, or its credentials cannot be read.
    """
    fingerprint = _fingerprint(cluster)
    with _opening:
        known = _opened.get(cluster.pk)
        if known and known.fingerprint == fingerprint:
            return known.gateway
    gateway = open_own_gateway(cluster, until=until)
    with _opening:
        # Another thread may have been faster; its connection is as good, keep one of them.
        known = _opened.get(cluster.pk)
        if known and known.fingerprint == fingerprint:
            gateway.close()
            return known.gateway
        _opened[cluster.pk] = _Opened(fingerprint, gateway)
    if known:
        known.gateway.close()
    return gateway


def open_own_gateway(cluster: Cluster, *, until: float = math.inf) -> ClusterGateway:
    """Return a connection of the caller's own, who closes it. Raises like `open_gateway`."""
    gateway = dial(_unsealed(cluster))
    try:
        require_same_cluster(cluster, gateway.ending_by(until))
    except ClusterError as error:
        gateway.close()
        raise Unavailable(error.message, reason=error.fault) from error
    except Unavailable:
        gateway.close()
        raise
    return gateway


def forget_gateways() -> None:
    """Close every connection of this process: before it ends, or when it must start anew."""
    with _opening:
        opened = list(_opened.values())
        _opened.clear()
    for one in opened:
        one.gateway.close()


def dial(kubeconfig_text: str) -> ClusterGateway:
    """Return a connection for a kubeconfig. Raises Unavailable when it cannot be used."""
    try:
        credentials = read_kubeconfig(kubeconfig_text)
        return connect_gateway(
            credentials,
            timeout=settings.CALL_TIMEOUT_SECONDS,
            at_once=settings.REQUESTS_AT_ONCE,
        )
    except ClusterError as error:
        raise Unavailable(error.message, reason=error.fault) from error


def require_same_cluster(cluster: Cluster, gateway: ClusterGateway) -> None:
    """Make sure that `gateway` still leads to the cluster that was connected.

    An address can come to lead elsewhere while a connection is kept. Raises Unavailable when
    another cluster answers, and ClusterError when none does.
    """
    system = gateway.get(kinds.NAMESPACE, "", "kube-system")
    if system is None or system["metadata"].get("uid") != cluster.uid:
        raise Unavailable(
            f'Another cluster answers at "{cluster.server}" than the one connected as '
            f'"{cluster.name}". Nothing was written. Connect it under a name of its own.',
            reason="WrongCluster",
        )


def _fingerprint(cluster: Cluster) -> str:
    return hashlib.sha256(bytes(cluster.credentials) + cluster.uid.encode()).hexdigest()


def _unsealed(cluster: Cluster) -> str:
    try:
        return unseal(bytes(cluster.credentials))
    except CredentialsUnreadableError as error:
        raise Unavailable(str(error), reason="CredentialsUnreadable") from error
