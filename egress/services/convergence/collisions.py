"""Foreign ServiceEntries for a host that is about to be opened (istio.md R-A3).

Istio shows a workload one entry per host: which ports win cannot be told, so nothing is opened
next to an entry of somebody else.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from egress.cluster import kinds
from egress.cluster.gateway import ClusterGateway, KubeObject
from egress.domain.objects import key_of
from egress.services.convergence.live import uid_of
from egress.services.convergence.state import Problem


def find_collisions(
    gateway: ClusterGateway,
    *,
    namespace: str,
    hosts: Collection[str],
    ours: Collection[str],
    mesh: Mapping[str, Any],
) -> dict[str, Problem]:
    """Return the hosts that foreign ServiceEntries visible to `namespace` have, and why.

    `ours` are the uids of entries that the portal wrote; `mesh` are the stored facts of the mesh.
    """
    if not hosts:
        return {}
    default = default_export(mesh)
    problems: dict[str, Problem] = {}
    for entry in gateway.list(kinds.SERVICE_ENTRY).items:
        if uid_of(entry) in ours or not is_visible(entry, namespace, default):
            continue
        for host in sorted(hosts_of(entry) & set(hosts) - problems.keys()):
            problems[host] = Problem("HostTaken", _sentence(entry, host))
    return problems


def hosts_of(entry: KubeObject) -> set[str]:
    """Return the hosts of a ServiceEntry, in lower case."""
    hosts = (entry.get("spec") or {}).get("hosts") or []
    return {str(host).lower() for host in hosts}


def is_visible(entry: KubeObject, namespace: str, default: Sequence[str]) -> bool:
    """Tell whether workloads of `namespace` see a ServiceEntry.

    `default` is what counts for entries without `exportTo`.
    """
    own = str(entry["metadata"].get("namespace", ""))
    exported: Iterable[str] = (entry.get("spec") or {}).get("exportTo") or default
    return any(
        target in ("*", namespace) or (target == "." and own == namespace) for target in exported
    )


def default_export(mesh: Mapping[str, Any]) -> Sequence[str]:
    """Return `defaultServiceExportTo`; Istio exports everywhere when it is not set."""
    exports = mesh.get("export_to") or {}
    return exports.get("defaultServiceExportTo") or ("*",)


def _sentence(entry: KubeObject, host: str) -> str:
    return (
        f'The foreign {key_of(entry)} has the host "{host}" already, and both would mix. '
        "Ask its owner to remove it."
    )
