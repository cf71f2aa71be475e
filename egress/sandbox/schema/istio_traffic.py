"""DestinationRule: how to talk to a destination once a route has chosen it.

Source: Istio's reference for `networking.istio.io/v1`.
"""

from __future__ import annotations

from .build import (
    boolean,
    choice,
    double,
    int32,
    integer,
    kind,
    listing,
    mapping,
    obj,
    text,
    texts,
    uint32,
)
from .istio_common import (
    STATUS,
    connection_pool,
    duration,
    istio_root,
    policy_selector,
    unsigned,
)
from .node import Node


def _consistent_hash() -> Node:
    attribute = obj({"name": text(), "value": text()}, required=("name",))
    cookie = obj(
        {"name": text(), "path": text(), "ttl": text(), "attributes": listing(attribute)},
        required=("name",),
    )
    return obj(
        {
            "httpHeaderName": text(),
            "httpCookie": cookie,
            "useSourceIp": boolean(),
            "httpQueryParameterName": text(),
            "ringHash": obj({"minimumRingSize": unsigned()}),
            "maglev": obj({"tableSize": unsigned()}),
            "minimumRingSize": unsigned(),
        },
        at_most_one=[
            ("httpHeaderName", "httpCookie", "useSourceIp", "httpQueryParameterName"),
            ("ringHash", "maglev"),
        ],
    )


def _locality() -> Node:
    shares = obj({"from": text(), "to": mapping(uint32())})
    return obj(
        {
            "distribute": listing(shares),
            "failover": listing(obj({"from": text(), "to": text()})),
            "failoverPriority": texts(),
            "enabled": boolean(nullable=True),
        }
    )


def _zones() -> Node:
    return obj(
        {
            "enabled": boolean(nullable=True),
            "minClusterSize": integer(1, 2**32 - 1, nullable=True),
            "failover": listing(obj({"from": text(), "to": text()})),
            "failoverPriority": texts(),
        }
    )


def _load_balancer() -> Node:
    simple = ["UNSPECIFIED", "LEAST_CONN", "RANDOM", "PASSTHROUGH", "ROUND_ROBIN", "LEAST_REQUEST"]
    warmup = obj(
        {
            "duration": duration(),
            "minimumPercent": double(0, 100, nullable=True),
            "aggression": double(0, nullable=True),
        },
        required=("duration",),
    )
    utilization = obj(
        {
            "metricNamesForComputingUtilization": texts(),
            "errorUtilizationPenaltyPercent": uint32(),
            "weightExpirationPeriod": text(),
            "weightStabilizationPeriod": text(),
            "weightUpdatePeriod": text(),
        }
    )
    return obj(
        {
            "simple": choice(*simple),
            "consistentHash": _consistent_hash(),
            "backendUtilization": utilization,
            "localityLbSetting": _locality(),
            "zoneAwareLbSetting": _zones(),
            "warmupDurationSecs": duration(),
            "warmup": warmup,
        },
        at_most_one=[("simple", "consistentHash", "backendUtilization")],
    )


def _outlier_detection() -> Node:
    counts = ("consecutive5xxErrors", "consecutiveGatewayErrors", "consecutiveLocalOriginFailures")
    return obj(
        {
            **{name: uint32(nullable=True) for name in counts},
            "consecutiveErrors": int32(),
            "interval": duration(),
            "baseEjectionTime": duration(),
            "maxEjectionPercent": int32(),
            "minHealthPercent": int32(),
            "splitExternalLocalOriginErrors": boolean(),
            "outlierDetectionHttpErrorCodes": listing(integer(100, 599)),
        }
    )


def _client_tls() -> Node:
    names = ("clientCertificate", "privateKey", "caCertificates", "caCrl", "credentialName", "sni")
    return obj(
        {
            **{name: text() for name in names},
            "mode": choice("DISABLE", "SIMPLE", "MUTUAL", "ISTIO_MUTUAL"),
            "subjectAltNames": texts(),
            "insecureSkipVerify": boolean(nullable=True),
        }
    )


def _per_port() -> dict[str, Node]:
    return {
        "loadBalancer": _load_balancer(),
        "connectionPool": connection_pool(),
        "outlierDetection": _outlier_detection(),
        "tls": _client_tls(),
    }


def _traffic_policy() -> Node:
    port = obj({"port": obj({"number": uint32()}), **_per_port()})
    budget = obj(
        {
            "percent": double(0, 100, nullable=True),
            "minRetryConcurrency": uint32(),
            "budgetInterval": text(),
        }
    )
    tunnel = obj(
        {"protocol": text(), "targetHost": text(), "targetPort": uint32()},
        required=("targetHost", "targetPort"),
    )
    return obj(
        {
            **_per_port(),
            "portLevelSettings": listing(port, most=4096),
            "tunnel": tunnel,
            "proxyProtocol": obj({"version": choice("V1", "V2")}),
            "retryBudget": budget,
        }
    )


def _destination_rule() -> Node:
    policy = _traffic_policy()
    subset = obj(
        {"name": text(), "labels": mapping(text()), "trafficPolicy": policy}, required=("name",)
    )
    spec = obj(
        {
            "host": text(),
            "trafficPolicy": policy,
            "subsets": listing(subset),
            "exportTo": texts(),
            "workloadSelector": policy_selector(),
        },
        required=("host",),
    )
    root = istio_root(
        "networking.istio.io",
        "DestinationRule",
        "destinationrules",
        "Sets TLS, load balancing and limits towards a host.",
    )
    return kind(root, {"spec": spec, "status": STATUS})


DESTINATION_RULE = _destination_rule()
