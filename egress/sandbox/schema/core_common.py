"""Parts that several of Kubernetes' own kinds share.

Source: the API reference of Kubernetes 1.36. Lists whose items have keys are described as such,
because server-side apply merges them item by item.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .build import choice, integer, listing, mapping, obj, rule, text, texts
from .formats import is_ipv4, is_ipv6
from .node import Node, Rule

Object = dict[str, Any]
Fields = Mapping[str, Any]
PROTOCOLS = ("SCTP", "TCP", "UDP")


def label_selector(*, default: object = None) -> Node:
    """Describe a label selector; one manager owns it as a whole."""
    expression = obj(
        {
            "key": text(),
            "operator": choice("DoesNotExist", "Exists", "In", "NotIn"),
            "values": texts(),
        },
        required=("key", "operator"),
    )
    return obj(
        {"matchLabels": mapping(text()), "matchExpressions": listing(expression)},
        atomic=True,
        default=default,
    )


def conditions() -> Node:
    """Describe a status's conditions, one for each type."""
    return listing(obj({"type": text()}, preserve_unknown=True), keys=("type",))


def in_port_range(value: object) -> bool:
    """Return whether a number, or a text in its place, may be a port."""
    return not isinstance(value, int) or 1 <= value <= 65535


PORT_RANGE: Rule = rule("must be between 1 and 65535, inclusive", in_port_range)


def port() -> Node:
    """Describe a port's number."""
    return integer(form="int32", rules=[PORT_RANGE])


def protocol() -> Node:
    """Describe a transport protocol."""
    return choice(*PROTOCOLS, default="TCP")


def is_ip(address: str) -> bool:
    """Return whether a text is an IP address."""
    return is_ipv4(address) or is_ipv6(address)


def object_reference() -> Node:
    """Describe a reference to another object; one manager owns it as a whole."""
    names = "kind namespace name uid apiVersion resourceVersion fieldPath"
    return obj({name: text() for name in names.split()}, atomic=True)
