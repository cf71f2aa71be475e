"""What Istio's objects match: hosts, labels, and the namespaces they are exported to."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

Labels = Mapping[str, str]
_LONGEST_HOST = 253


def part(obj: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    """Return the map at `path`, empty when there is none: foreign objects may have any shape."""
    found: Any = obj
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def items(obj: Mapping[str, Any], *path: str) -> list[Any]:
    """Return the list at `path`, empty when there is none."""
    *above, last = path
    found = part(obj, *above).get(last)
    return list(found) if isinstance(found, list) else []


def name_of(obj: Mapping[str, Any]) -> str:
    """Return the name of an object."""
    return str(part(obj, "metadata").get("name", ""))


def namespace_of(obj: Mapping[str, Any]) -> str:
    """Return the namespace of an object, empty when it is cluster-wide."""
    return str(part(obj, "metadata").get("namespace", ""))


def uid_of(obj: Mapping[str, Any]) -> str:
    """Return the uid of an object."""
    return str(part(obj, "metadata").get("uid", ""))


def hosts_of(obj: Mapping[str, Any]) -> set[str]:
    """Return `spec.hosts` in lower case."""
    return {str(host).lower() for host in items(obj, "spec", "hosts")}


def targets_of(route: Mapping[str, Any]) -> set[str]:
    """Return the hosts that a VirtualService sends requests, or copies of them, to; lower case."""
    named: list[Any] = []
    for family in ("http", "tls", "tcp"):
        for one in items(route, "spec", family):
            ways = [*items(one, "route"), *items(one, "mirrors")]
            named += [part(way, "destination").get("host") for way in ways]
            named.append(part(one, "mirror").get("host"))
    return {str(host).lower() for host in named if host}


def is_visible(obj: Mapping[str, Any], namespace: str, default: Sequence[str]) -> bool:
    """Tell whether an object is exported to `namespace`; `default` counts where it says nothing."""
    own = namespace_of(obj)
    targets = items(obj, "spec", "exportTo") or default
    return any(
        target in ("*", namespace) or (target == "." and own == namespace) for target in targets
    )


def covers(pattern: str, host: str) -> bool:
    """Tell whether a host of an object, perhaps a wildcard, is or covers `host`.

    Istio takes whatever follows the star as an ending: `*x.example.com` is a wildcard, too.
    """
    pattern, host = pattern.lower(), host.lower()
    if pattern in ("*", host):
        return True
    return pattern.startswith("*") and host.removeprefix("*").endswith(pattern[1:])


def covering(host: str) -> Iterator[str]:
    """Yield whatever hosts of objects are or cover `host`, which is in lower case.

    To look up what `covers` would have to search for. More than 253 characters are no host.
    """
    yield host
    bare = host.removeprefix("*")
    for start in range(max(0, len(bare) - _LONGEST_HOST), len(bare) + 1):
        yield f"*{bare[start:]}"


def selects(selector: Labels, pods: Iterable[Labels]) -> bool:
    """Tell whether a selector matches the labels of any pod; an empty one matches all of them."""
    return any(all(labels.get(key) == value for key, value in selector.items()) for labels in pods)
