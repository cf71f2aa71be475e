"""Where objects live in the API, as paths that cannot be led astray by a name."""

import re
from collections.abc import Mapping

from egress.cluster.errors import ClusterError, Fault
from egress.cluster.gateway import Kind

# RFC 1123 subdomains, as Kubernetes checks names of every kind we handle. Nothing in such a
# name needs quoting, and "..", which an HTTP library resolves, is not one.
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")


def group_path(kind: Kind) -> str:
    """Return the path below which the API serves the kind's version."""
    return f"/apis/{kind.api_version}" if kind.group else f"/api/{kind.api_version}"


def collection_path(kind: Kind, namespace: str = "") -> str:
    """Return the path of a list; of all namespaces when `namespace` is empty."""
    if namespace and kind.namespaced:
        return f"{group_path(kind)}/namespaces/{_checked(namespace)}/{kind.plural}"
    return f"{group_path(kind)}/{kind.plural}"


def object_path(kind: Kind, namespace: str, name: str) -> str:
    """Return the path of one object. Raises ClusterError(INVALID) for an impossible name."""
    if kind.namespaced and not namespace:
        raise ClusterError(
            f'{kind.kind} "{name[:80]}" needs a namespace, and none was given.', Fault.INVALID
        )
    return f"{collection_path(kind, namespace)}/{_checked(name)}"


def selector(labels: Mapping[str, str]) -> str:
    """Return a label selector in a stable order.

    `!value` stands for any value but that one, or none; `a|b` for one of several.
    """
    return ",".join(_condition(key, value) for key, value in sorted(labels.items()))


def _condition(key: str, value: str) -> str:
    if value.startswith("!"):
        return f"{key}!={value[1:]}"
    if "|" in value:
        return f"{key} in ({value.replace('|', ',')})"
    return f"{key}={value}"


def _checked(name: str) -> str:
    if len(name) > 253 or not _NAME.fullmatch(name):
        raise ClusterError(f'"{name[:80]}" is not a name an object can have.', Fault.INVALID)
    return name
