"""Namespace, ServiceAccount, ConfigMap and Event.

Source: the API reference of Kubernetes 1.36.
"""

from __future__ import annotations

import re

from .build import boolean, integer, kind, listing, mapping, obj, rule, text, texts
from .core_common import Fields, conditions, object_reference
from .node import Node, Root, Rule

_MOST_BYTES = 1024 * 1024
_is_key = re.compile(r"[-._a-zA-Z0-9]{1,253}", re.ASCII).fullmatch


def _namespace() -> Node:
    root = Root(
        "",
        "v1",
        "Namespace",
        "namespaces",
        namespaced=False,
        name_form="label",
        description="A room for objects, with an owner.",
    )
    status = obj({"phase": text(), "conditions": conditions()})
    return kind(root, {"spec": obj({"finalizers": texts()}), "status": status})


def _service_account() -> Node:
    root = Root(
        "", "v1", "ServiceAccount", "serviceaccounts", description="Who pods are to others."
    )
    fields = {
        "secrets": listing(object_reference(), keys=("name",)),
        "imagePullSecrets": listing(obj({"name": text()}, atomic=True)),
        "automountServiceAccountToken": boolean(),
    }
    return kind(root, fields)


def _fits_in_a_mebibyte(config: Fields) -> bool:
    texts_ = [*config.get("data", {}).values(), *config.get("binaryData", {}).values()]
    return sum(len(str(value).encode()) for value in texts_) <= _MOST_BYTES


def _config_map() -> Node:
    valid = rule(
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.' "
        "(e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is "
        "'[-._a-zA-Z0-9]+')",
        lambda data: all(map(_is_key, data)),
    )
    fits = Rule(
        f"may not be more than {_MOST_BYTES} bytes", _fits_in_a_mebibyte, "", "FieldValueTooLong"
    )
    root = Root("", "v1", "ConfigMap", "configmaps", description="Settings for pods.")
    fields = {
        "data": mapping(text(), rules=[valid]),
        "binaryData": mapping(text(form="byte"), rules=[valid]),
        "immutable": boolean(),
    }
    return kind(root, fields, rules=[fits])


def _event() -> Node:
    source = obj({"component": text(), "host": text()})
    series = obj({"count": integer(form="int32"), "lastObservedTime": text(form="date-time")})
    names = "reason message type action reportingComponent reportingInstance"
    times = ("firstTimestamp", "lastTimestamp", "eventTime")
    fields = {
        **{name: text() for name in names.split()},
        **{name: Node("string", format="date-time", nullable=True) for name in times},
        "involvedObject": object_reference(),
        "related": object_reference(),
        "source": source,
        "count": integer(form="int32"),
        "series": series,
    }
    root = Root("", "v1", "Event", "events", description="Something that happened to an object.")
    return kind(root, fields, required=("involvedObject",))


NAMESPACE = _namespace()
SERVICE_ACCOUNT = _service_account()
CONFIG_MAP = _config_map()
EVENT = _event()
