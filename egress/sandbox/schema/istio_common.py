"""Parts that several Istio kinds share: status, selectors, TLS settings, connection pools.

Source: Istio's API reference for release 1.31 (networking, security and telemetry, all v1).
"""

from __future__ import annotations

from collections.abc import Mapping

from .build import (
    boolean,
    choice,
    double,
    int32,
    int_or_text,
    integer,
    listing,
    mapping,
    obj,
    rule,
    text,
    texts,
    uint32,
)
from .formats import nanoseconds
from .node import Node, Root

GROUP = "^$|^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
KIND = "^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$"

STATUS = obj(
    {
        "conditions": listing(
            obj(
                {
                    "type": text(),
                    "status": text(),
                    "reason": text(),
                    "message": text(),
                    "lastProbeTime": text(form="date-time"),
                    "lastTransitionTime": text(form="date-time"),
                    "observedGeneration": int_or_text(),
                }
            )
        ),
        "observedGeneration": int_or_text(),
        "validationMessages": listing(
            obj(
                {
                    "type": obj({"name": text(), "code": text()}),
                    "level": choice("UNKNOWN", "ERROR", "WARNING", "INFO"),
                    "documentationUrl": text(),
                }
            )
        ),
    },
    preserve_unknown=True,
)


def istio_root(group: str, kind: str, plural: str, description: str) -> Root:
    """Name a namespaced kind of Istio."""
    return Root(group, "v1", kind, plural, custom=True, description=description)


def is_long_enough(value: str) -> bool:
    """Return whether a duration is at least a millisecond; raises `RuleError` if it is none."""
    return nanoseconds(value) >= 10**6


def duration() -> Node:
    """Describe a duration such as `5s`, one millisecond or more."""
    return text(rules=[rule("must be a valid duration greater than 1ms", is_long_enough)])


def is_port(value: float) -> bool:
    """Return whether a number is a port."""
    return 0 < value <= 65535


def port_number() -> Node:
    """Describe a port that is checked to be one."""
    return uint32(rules=[rule("port must be between 1-65535", is_port)])


def has_no_star(value: str) -> bool:
    """Return whether a text is free of wildcards."""
    return "*" not in value


def workload_labels() -> Node:
    """Describe the workload selector of networking kinds."""
    label = text(most=63, rules=[rule("wildcard is not supported in selector", has_no_star)])
    return obj({"labels": mapping(label, most=256)})


def policy_selector() -> Node:
    """Describe the workload selector of policies."""
    label = text(most=63, rules=[rule("wildcard not allowed in label value match", has_no_star)])
    keys = [
        rule("wildcard not allowed in label key match", lambda m: all("*" not in key for key in m)),
        rule("key must not be empty", lambda m: "" not in m),
    ]
    return obj({"matchLabels": mapping(label, most=4096, rules=keys)})


def target_ref() -> Node:
    """Describe what a policy is attached to, in its own namespace."""
    own = rule("cross namespace referencing is not currently supported", lambda name: not name)
    return obj(
        {
            "group": text(most=253, pattern=GROUP),
            "kind": text(least=1, most=63, pattern=KIND),
            "name": text(least=1, most=253),
            "namespace": text(rules=[own]),
        },
        required=("kind", "name"),
    )


def count_set(value: Mapping[str, object], *names: str) -> int:
    """Count which of these fields are set."""
    return sum(name in value for name in names)


ONE_TARGET = rule(
    "only one of targetRefs or selector can be set",
    lambda spec: count_set(spec, "selector", "targetRef", "targetRefs") <= 1,
)


def targeted(fields: Mapping[str, Node]) -> dict[str, Node]:
    """Add the three ways of choosing workloads to a policy's fields."""
    return {
        **fields,
        "selector": policy_selector(),
        "targetRef": target_ref(),
        "targetRefs": listing(target_ref(), most=16),
    }


def server_port(*, required: tuple[str, ...] = ()) -> Node:
    """Describe the port of a Gateway's server or a Sidecar's listener."""
    return obj(
        {"number": uint32(), "protocol": text(), "name": text(), "targetPort": uint32()},
        required=required,
    )


_TLS_VERSIONS = ("TLS_AUTO", "TLSV1_0", "TLSV1_1", "TLSV1_2", "TLSV1_3")


def server_tls() -> Node:
    """Describe the TLS settings of a server."""
    certificate = obj({"serverCertificate": text(), "privateKey": text(), "caCertificates": text()})
    modes = "PASSTHROUGH SIMPLE MUTUAL AUTO_PASSTHROUGH ISTIO_MUTUAL OPTIONAL_MUTUAL"
    names = "caCertCredentialName caCertificates caCrl credentialName privateKey serverCertificate"
    lists = "cipherSuites ecdhCurves subjectAltNames verifyCertificateHash verifyCertificateSpki"
    return obj(
        {
            **{name: text() for name in names.split()},
            **{name: texts() for name in lists.split()},
            "httpsRedirect": boolean(),
            "insecureSkipVerify": boolean(nullable=True),
            "mode": choice(*modes.split()),
            "credentialNames": texts(least=1, most=2),
            "tlsCertificates": listing(certificate, least=1, most=2),
            "minProtocolVersion": choice(*_TLS_VERSIONS),
            "maxProtocolVersion": choice(*_TLS_VERSIONS),
        },
        rules=[
            rule(
                "only one of credentialNames or tlsCertificates can be set",
                lambda tls: count_set(tls, "tlsCertificates", "credentialNames") <= 1,
            ),
            rule(
                "only one of credentialName or credentialNames can be set",
                lambda tls: count_set(tls, "credentialName", "credentialNames") <= 1,
            ),
            # The message names another pair than the one it compares: so does Istio's.
            rule(
                "only one of credentialName or tlsCertificates can be set",
                lambda tls: count_set(tls, "credentialNames", "tlsCertificates") <= 1,
            ),
        ],
    )


def connection_pool() -> Node:
    """Describe limits for the connections to an upstream."""
    keepalive = obj({"probes": uint32(), "time": duration(), "interval": duration()})
    tcp = obj(
        {
            "maxConnections": int32(),
            "connectTimeout": duration(),
            "tcpKeepalive": keepalive,
            "maxConnectionDuration": duration(),
            "idleTimeout": text(),
        }
    )
    http = obj(
        {
            "http1MaxPendingRequests": int32(),
            "http2MaxRequests": int32(),
            "maxRequestsPerConnection": int32(),
            "maxRetries": int32(),
            "idleTimeout": duration(),
            "h2UpgradePolicy": choice("DEFAULT", "DO_NOT_UPGRADE", "UPGRADE"),
            "useClientProtocol": boolean(),
            "maxConcurrentStreams": int32(),
            "http2KeepAlive": obj({"interval": duration(), "timeout": duration()}),
        }
    )
    return obj({"tcp": tcp, "http": http})


def destination() -> Node:
    """Describe where traffic goes: a host, perhaps a subset and a port."""
    return obj(
        {"host": text(), "subset": text(), "port": obj({"number": uint32()})}, required=("host",)
    )


def percent() -> Node:
    """Describe a share in percent."""
    return obj({"value": double()})


def unsigned() -> Node:
    """Describe a number of 64 bits that is not negative."""
    return integer(0)
