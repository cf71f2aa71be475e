"""What a path means: which group, version, resource, object and subresource."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Route:
    """A path of the form `/api/v1/...` or `/apis/GROUP/VERSION/...`, taken apart.

    `plural` is empty for the path of a group version itself.
    """

    group: str
    version: str
    plural: str = ""
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    too_deep: bool = False

    def verb(self, method: str, *, watches: bool) -> str:
        """Return the verb that access rules know for a method on this path."""
        if method in ("GET", "HEAD"):
            if self.name:
                return "get"
            return "watch" if watches else "list"
        verbs = {"POST": "create", "PUT": "update", "PATCH": "patch"}
        if method == "DELETE":
            return "delete" if self.name else "deletecollection"
        return verbs.get(method, method.lower())


def parse(path: str) -> Route | None:
    """Take a path apart. Returns None when it is no path of a group version."""
    parts = [part for part in path.split("/") if part]
    if parts[:1] == ["api"] and len(parts) >= 2:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[:1] == ["apis"] and len(parts) >= 3:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return None
    if not rest:
        return Route(group, version)
    namespace = ""
    if rest[0] == "namespaces" and len(rest) >= 3 and not _is_namespace_part(rest):
        namespace, rest = rest[1], rest[2:]
    plural, *more = rest
    name, subresource = [*more, "", ""][:2]
    return Route(group, version, plural, namespace, name, subresource, len(more) > 2)


def _is_namespace_part(rest: list[str]) -> bool:
    """Tell `/namespaces/NAME/status` from `/namespaces/NAME/pods`."""
    return len(rest) == 3 and rest[2] in ("status", "finalize")
