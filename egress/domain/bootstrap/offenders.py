"""What the admission policies would refuse today, were it written again."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from egress.domain.access import ClusterProfile
from egress.domain.bootstrap.admission import EXEMPT_LABEL
from egress.domain.objects import KubeObject, key_of


def refused_today(
    cluster: ClusterProfile,
    *,
    guarded: Iterable[KubeObject],
    gateways: Iterable[KubeObject],
    namespaces: Iterable[KubeObject],
    ours: Collection[str],
) -> list[str]:
    """Return a sentence for each live object that its owner could no longer change.

    `guarded` are the objects of the kinds that only the portal writes, `gateways` Istio's
    Gateways, `ours` the uids of objects that the portal wrote.
    """
    exempt = {
        _metadata(one).get("name")
        for one in namespaces
        if EXEMPT_LABEL in (_metadata(one).get("labels") or {})
    }
    sentences = [
        f"{key_of(obj)} is not the portal's."
        for obj in guarded
        if _metadata(obj).get("namespace") not in exempt and _metadata(obj).get("uid") not in ours
    ]
    labels = {gateway.istio_label for gateway in cluster.gateways}
    for gateway in gateways:
        if _metadata(gateway).get("namespace") == cluster.egress_namespace:
            continue
        selector = (gateway.get("spec") or {}).get("selector") or {}
        if selector.get("istio") in labels or "istio" not in selector:
            sentences.append(f"{key_of(gateway)} does not select a gateway of its own by label.")
    return sorted(sentences)


def _metadata(obj: KubeObject) -> Mapping[str, Any]:
    found: Mapping[str, Any] = obj["metadata"]
    return found
