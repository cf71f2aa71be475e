"""The DestinationRule that makes the client's sidecar speak TLS to a host."""

from collections.abc import Iterable

from egress.domain.access import ClusterProfile
from egress.domain.manifests import NETWORKING_V1
from egress.domain.naming import labels, origination_name
from egress.domain.objects import KubeObject, with_content_hash

KIND = "DestinationRule"


def origination_rule(
    cluster: ClusterProfile, namespace: str, host: str, ports: Iterable[int]
) -> KubeObject:
    """Return the DestinationRule that originates TLS to `host` on `ports`.

    Always both `sni` and `subjectAltNames`: with `sni` alone Istio checks no name in the
    certificate (istio.md R-B13).
    """
    tls = {"mode": "SIMPLE", "sni": host, "subjectAltNames": [host]}
    return with_content_hash(
        {
            "apiVersion": NETWORKING_V1,
            "kind": KIND,
            "metadata": {
                "name": origination_name(host),
                "namespace": namespace,
                "labels": labels(cluster, host),
            },
            "spec": {
                "host": host,
                "exportTo": ["."],
                "trafficPolicy": {
                    "portLevelSettings": [
                        {"port": {"number": port}, "tls": dict(tls)} for port in sorted(set(ports))
                    ]
                },
            },
        }
    )
