"""Telemetry: what is logged, counted and traced.

Source: Istio's reference for `telemetry.istio.io/v1`.
"""

from __future__ import annotations

from collections.abc import Mapping

from .build import boolean, choice, double, kind, listing, mapping, obj, rule, text
from .istio_common import ONE_TARGET, STATUS, duration, istio_root, targeted
from .node import Node, RuleError

_METRICS = (
    "ALL_METRICS REQUEST_COUNT REQUEST_DURATION REQUEST_SIZE RESPONSE_SIZE "
    "TCP_OPENED_CONNECTIONS TCP_CLOSED_CONNECTIONS TCP_SENT_BYTES TCP_RECEIVED_BYTES "
    "GRPC_REQUEST_MESSAGES GRPC_RESPONSE_MESSAGES"
)


def _mode() -> Node:
    return choice("CLIENT_AND_SERVER", "CLIENT", "SERVER")


def _providers() -> Node:
    return listing(obj({"name": text(least=1)}, required=("name",)))


def _upsert_has_value(override: Mapping[str, object]) -> bool:
    if override.get("operation", "") != "UPSERT":
        return True
    if "value" not in override:
        raise RuleError("no such key: value")
    return override["value"] != ""


def _remove_has_none(override: Mapping[str, object]) -> bool:
    return override.get("operation", "") != "REMOVE" or "value" not in override


def _metrics() -> Node:
    tag = obj(
        {"operation": choice("UPSERT", "REMOVE"), "value": text()},
        rules=[
            rule("value must be set when operation is UPSERT", _upsert_has_value),
            rule("value must not be set when operation is REMOVE", _remove_has_none),
        ],
    )
    match = obj(
        {"metric": choice(*_METRICS.split()), "customMetric": text(least=1), "mode": _mode()},
        at_most_one=[("metric", "customMetric")],
    )
    override = obj(
        {"match": match, "disabled": boolean(nullable=True), "tagOverrides": mapping(tag)}
    )
    return obj(
        {
            "providers": _providers(),
            "overrides": listing(override),
            "reportingInterval": duration(),
        }
    )


def _tracing() -> Node:
    fixed = obj({"value": text(least=1)}, required=("value",))
    looked_up = obj({"name": text(least=1), "defaultValue": text()}, required=("name",))
    sources = {
        "literal": fixed,
        "environment": looked_up,
        "header": looked_up,
        "formatter": fixed,
    }
    tag = obj(sources, at_most_one=[tuple(sources)])
    switches = (
        "disableSpanReporting enableIstioTags useRequestIdForTraceSampling "
        "disableContextPropagation"
    )
    return obj(
        {
            **{name: boolean(nullable=True) for name in switches.split()},
            "match": obj({"mode": _mode()}),
            "providers": _providers(),
            "randomSamplingPercentage": double(0, 100, nullable=True),
            "customTags": mapping(tag),
        }
    )


def _telemetry() -> Node:
    logging = obj(
        {
            "match": obj({"mode": _mode()}),
            "providers": _providers(),
            "disabled": boolean(nullable=True),
            "filter": obj({"expression": text()}),
        }
    )
    spec = obj(
        targeted(
            {
                "tracing": listing(_tracing()),
                "metrics": listing(_metrics()),
                "accessLogging": listing(logging),
            }
        ),
        rules=[ONE_TARGET],
    )
    root = istio_root(
        "telemetry.istio.io", "Telemetry", "telemetries", "Logs, counts and traces calls."
    )
    return kind(root, {"spec": spec, "status": STATUS})


TELEMETRY = _telemetry()
