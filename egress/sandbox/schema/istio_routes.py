"""VirtualService: which way a request takes.

Source: Istio's reference for `networking.istio.io/v1`.
"""

from __future__ import annotations

from .build import (
    boolean,
    choice,
    int32,
    kind,
    listing,
    mapping,
    obj,
    text,
    texts,
    uint32,
)
from .istio_common import STATUS, destination, duration, istio_root, percent
from .node import Node


def _text_match() -> Node:
    names = ("exact", "prefix", "regex")
    return obj({name: text() for name in names}, at_most_one=[names])


def _headers() -> Node:
    change = obj({"set": mapping(text()), "add": mapping(text()), "remove": texts()})
    return obj({"request": change, "response": change})


def _http_match() -> Node:
    matched = _text_match()
    return obj(
        {
            "name": text(),
            **dict.fromkeys(("uri", "scheme", "method", "authority"), matched),
            **{name: mapping(matched) for name in ("headers", "queryParams", "withoutHeaders")},
            "port": uint32(),
            "sourceLabels": mapping(text()),
            "gateways": texts(),
            "ignoreUriCase": boolean(),
            "sourceNamespace": text(),
            "statPrefix": text(),
        }
    )


def _redirect() -> Node:
    return obj(
        {
            "uri": text(),
            "prefixRewrite": text(),
            "authority": text(),
            "port": uint32(),
            "derivePort": choice("FROM_PROTOCOL_DEFAULT", "FROM_REQUEST_PORT"),
            "scheme": text(),
            "redirectCode": uint32(),
        },
        at_most_one=[("port", "derivePort")],
    )


def _direct_response() -> Node:
    body = obj({"string": text(), "bytes": text(form="byte")}, at_most_one=[("string", "bytes")])
    return obj({"status": uint32(), "body": body}, required=("status",))


def _rewrite() -> Node:
    by_pattern = obj({"match": text(), "rewrite": text()})
    return obj({"uri": text(), "authority": text(), "uriRegexRewrite": by_pattern})


def _retries() -> Node:
    return obj(
        {
            "attempts": int32(),
            "perTryTimeout": duration(),
            "retryOn": text(),
            "retryRemoteLocalities": boolean(nullable=True),
            "retryIgnorePreviousHosts": boolean(nullable=True),
            "backoff": duration(),
        }
    )


def _fault() -> Node:
    delay = obj(
        {
            "percent": int32(),
            "fixedDelay": duration(),
            "exponentialDelay": duration(),
            "percentage": percent(),
        },
        at_most_one=[("fixedDelay", "exponentialDelay")],
    )
    abort = obj(
        {
            "httpStatus": int32(),
            "grpcStatus": text(),
            "http2Error": text(),
            "percentage": percent(),
        },
        at_most_one=[("httpStatus", "grpcStatus", "http2Error")],
    )
    return obj({"delay": delay, "abort": abort})


def _cors() -> Node:
    lists = ("allowOrigin", "allowMethods", "allowHeaders", "exposeHeaders")
    return obj(
        {
            **{name: texts() for name in lists},
            "allowOrigins": listing(_text_match()),
            "maxAge": duration(),
            "allowCredentials": boolean(nullable=True),
            "unmatchedPreflights": choice("UNSPECIFIED", "FORWARD", "IGNORE"),
        }
    )


def _http() -> Node:
    route = obj(
        {"destination": destination(), "weight": int32(), "headers": _headers()},
        required=("destination",),
    )
    mirror = obj({"destination": destination(), "percentage": percent()}, required=("destination",))
    return obj(
        {
            "name": text(),
            "match": listing(_http_match()),
            "route": listing(route),
            "redirect": _redirect(),
            "directResponse": _direct_response(),
            "delegate": obj({"name": text(), "namespace": text()}),
            "rewrite": _rewrite(),
            "timeout": duration(),
            "retries": _retries(),
            "fault": _fault(),
            "mirror": destination(),
            "mirrors": listing(mirror),
            "mirrorPercent": uint32(nullable=True),
            "mirror_percent": uint32(nullable=True),
            "mirrorPercentage": percent(),
            "corsPolicy": _cors(),
            "headers": _headers(),
        }
    )


def _connection_match() -> dict[str, Node]:
    return {
        "destinationSubnets": texts(),
        "port": uint32(),
        "sourceLabels": mapping(text()),
        "gateways": texts(),
        "sourceNamespace": text(),
    }


def _virtual_service() -> Node:
    target = listing(
        obj({"destination": destination(), "weight": int32()}, required=("destination",))
    )
    by_name = obj({**_connection_match(), "sniHosts": texts()}, required=("sniHosts",))
    by_address = obj({**_connection_match(), "sourceSubnet": text()})
    tls = obj({"match": listing(by_name), "route": target}, required=("match",))
    tcp = obj({"match": listing(by_address), "route": target})
    spec = obj(
        {
            "hosts": texts(),
            "gateways": texts(),
            "http": listing(_http()),
            "tls": listing(tls),
            "tcp": listing(tcp),
            "exportTo": texts(),
        }
    )
    root = istio_root(
        "networking.istio.io", "VirtualService", "virtualservices", "Routes requests to hosts."
    )
    return kind(root, {"spec": spec, "status": STATUS})


VIRTUAL_SERVICE = _virtual_service()
