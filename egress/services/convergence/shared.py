"""Objects that the deliveries of several hosts share, as far as one delivery is about them.

A namespace has one DestinationRule for all hosts behind a gateway, and one Sidecar for all
central hosts. The delivery of a host changes only what is about that host there; the delivery of
the namespace writes the whole, but takes no way away that a live route still leads to.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from egress.domain.access import ClusterProfile
from egress.domain.difference import decided_content
from egress.domain.naming import CLIENT_LABEL, CLIENT_PREFIX, HTTP_SUBSET, h10, synthetic_host
from egress.domain.objects import KubeObject, ObjectKey, with_content_hash


def is_client_rule(key: ObjectKey) -> bool:
    """Tell whether an object is the rule by which a namespace reaches a gateway."""
    return key.kind == "DestinationRule" and key.name.startswith(CLIENT_PREFIX)


def client_of(obj: KubeObject) -> str:
    """Return the namespace whose slice an object shared by hosts belongs to."""
    labels = obj["metadata"].get("labels") or {}
    return str(labels.get(CLIENT_LABEL) or obj["metadata"].get("namespace", ""))


def rule_for_host(
    rendered: KubeObject | None, live: KubeObject | None, host: str
) -> KubeObject | None:
    """Return a client rule with what `rendered` has for `host`, and all else as it is live.

    None when there is nothing to write: no such rule, and none wanted.
    """
    wanted, there = _subsets(rendered), _subsets(live)
    kept = {name: one for name, one in there.items() if not _is_about(name, host)}
    subsets = kept | wanted
    base = rendered or _ours(live)
    if base is None or not subsets:
        return None
    return _with_subsets(base, subsets)


def rule_with_ways_kept(
    rendered: KubeObject | None, live: KubeObject | None, routed: Iterable[str]
) -> KubeObject | None:
    """Return a client rule as rendered, and those live subsets that routes still lead to."""
    wanted, there = _subsets(rendered), _subsets(live)
    named = set(routed)
    kept = {name: one for name, one in there.items() if named and name in named | {HTTP_SUBSET}}
    base = rendered or _ours(live)
    if base is None or not (kept | wanted):
        return None
    return _with_subsets(base, kept | wanted)


def sidecar_for_host(
    rendered: KubeObject | None, live: KubeObject, host: str, cluster: ClusterProfile
) -> KubeObject:
    """Return a Sidecar with `host` as `rendered` has it, and all else as it is live."""
    name = f"{cluster.egress_namespace}/{synthetic_host(host) if '/' in host else host}"
    there = _hosts(live)
    kept = [known for known in there if known != name]
    if rendered is not None and name in _hosts(rendered):
        kept = there if name in there else [*there, name]
    base = _ours(live) or live
    if set(kept) == set(there):
        return with_content_hash(base)
    # As rendered: what others gave first, then ours by name.
    central = sorted(known for known in kept if known.startswith(f"{cluster.egress_namespace}/"))
    others = [known for known in kept if known not in central]
    return with_content_hash(
        {**base, "spec": {**base["spec"], "egress": [{"hosts": [*others, *central]}]}}
    )


def routed_subsets(routes: Iterable[KubeObject], namespace: str, service: str) -> frozenset[str]:
    """Return the subsets of a gateway that live VirtualServices lead `namespace` to.

    `service` is the full name of the gateway's Service.
    """
    found: set[str] = set()
    for route in routes:
        spec = route.get("spec") or {}
        exported = spec.get("exportTo") or ["*"]
        if namespace in exported or "*" in exported:
            found |= set(_subsets_of_route(spec, service))
    return frozenset(found)


def _subsets_of_route(spec: Mapping[str, Any], service: str) -> Iterable[str]:
    for family in ("http", "tls", "tcp"):
        for route in spec.get(family) or []:
            for target in route.get("route") or []:
                destination = target.get("destination") or {}
                if destination.get("host") == service and destination.get("subset"):
                    yield str(destination["subset"])


def _is_about(subset: str, host: str) -> bool:
    return subset != HTTP_SUBSET and subset.endswith(f"-{h10(host)}")


def _subsets(rule: KubeObject | None) -> dict[str, Any]:
    subsets = ((rule or {}).get("spec") or {}).get("subsets") or []
    return {str(one.get("name")): one for one in subsets}


def _with_subsets(base: KubeObject, subsets: Mapping[str, Any]) -> KubeObject:
    ordered = sorted(subsets.items(), key=lambda one: (one[0] != HTTP_SUBSET, one[0]))
    spec = {**base["spec"], "subsets": [one for _, one in ordered]}
    return with_content_hash({**base, "spec": spec})


def _hosts(sidecar: KubeObject | None) -> list[str]:
    listeners = ((sidecar or {}).get("spec") or {}).get("egress") or []
    return [str(host) for listener in listeners for host in listener.get("hosts") or []]


def _ours(live: KubeObject | None) -> KubeObject | None:
    """Return a live object as if the portal had rendered it."""
    return decided_content(live) if live else None
