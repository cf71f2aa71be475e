"""What roles and bindings in the store allow, as Kubernetes' RBAC authorizer reads them.

Rights of namespaces come from RoleBindings there, rights everywhere from ClusterRoleBindings.
Roles that aggregate others are read as they are stored: nothing is put together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from egress.sandbox.kinds import Kind, kind_named
from egress.sandbox.store import Store
from egress.sandbox.users import Access

RBAC = "rbac.authorization.k8s.io"
ROLE = kind_named(RBAC, "Role")
CLUSTER_ROLE = kind_named(RBAC, "ClusterRole")
ROLE_BINDING = kind_named(RBAC, "RoleBinding")
CLUSTER_ROLE_BINDING = kind_named(RBAC, "ClusterRoleBinding")
_ACCOUNTS = "system:serviceaccount:"
_OF_ROLES: Mapping[str, Kind] = {"Role": ROLE, "ClusterRole": CLUSTER_ROLE}

Object = Mapping[str, Any]


@dataclass(frozen=True)
class Verdict:
    """Whether it is allowed, and the words of the authorizer: why, or which roles it missed."""

    allowed: bool
    reason: str = ""


def judge(store: Store, user: str, groups: Iterable[str], access: Access) -> Verdict:
    """Return what the stored roles say about a wish of `user`, who is in `groups`."""
    held = frozenset(groups)
    missed: list[str] = []
    with store.lock:
        for words, binding in _bindings(store, access.namespace):
            namespace = binding["metadata"].get("namespace", "")
            subject = _subject_in(binding.get("subjects") or (), user, held, namespace)
            if subject is None:
                continue
            reference = binding["roleRef"]
            rules = _rules(store, reference, namespace)
            if rules is None:
                plural = str(reference["kind"]).lower()
                missed.append(f'{plural}.{RBAC} "{reference["name"]}" not found')
            elif any(_allows(rule, access, bool(namespace)) for rule in rules):
                role = f'{reference["kind"]} "{reference["name"]}"'
                return Verdict(True, f"RBAC: allowed by {words} of {role} to {subject}")
    if not missed:
        return Verdict(False)
    said = missed[0] if len(missed) == 1 else f"[{', '.join(missed)}]"
    return Verdict(False, f"RBAC: {said}")


def _bindings(store: Store, namespace: str) -> Iterator[tuple[str, Object]]:
    """Yield what may hold in a namespace with its name in messages, those of all places first."""
    for record in store.records(CLUSTER_ROLE_BINDING):
        yield f'ClusterRoleBinding "{record.name}"', record.obj
    if namespace:
        for record in store.records(ROLE_BINDING, namespace):
            yield f'RoleBinding "{record.name}/{namespace}"', record.obj


def _rules(store: Store, reference: Object, namespace: str) -> list[Object] | None:
    """Return the rules of the role that a binding names, None when it is not there."""
    if reference.get("apiGroup") not in (RBAC, "", None):
        return None
    kind = _OF_ROLES.get(str(reference.get("kind")))
    if kind is None or (kind is ROLE and not namespace):
        return None
    place = namespace if kind is ROLE else ""
    record = store.get(kind, place, str(reference.get("name")))
    return None if record is None else list(record.obj.get("rules") or ())


def _subject_in(
    subjects: Iterable[Object], user: str, groups: frozenset[str], namespace: str
) -> str | None:
    """Return the first subject that is the user, as messages name it."""
    for one in subjects:
        kind, name = one.get("kind"), str(one.get("name"))
        if kind == "User" and one.get("apiGroup") == RBAC and name == user:
            return f'User "{name}"'
        if kind == "Group" and one.get("apiGroup") == RBAC and name in groups:
            return f'Group "{name}"'
        place = one.get("namespace") or namespace
        if kind == "ServiceAccount" and place and user == f"{_ACCOUNTS}{place}:{name}":
            return f'ServiceAccount "{name}/{place}"'
    return None


def _allows(rule: Object, access: Access, in_namespace: bool) -> bool:
    if not _lists(rule, "verbs", access.verb):
        return False
    if access.path:
        # Paths belong to no namespace: a RoleBinding gives none.
        return not in_namespace and _covers_path(rule, access.path)
    names = rule.get("resourceNames") or ()
    return (
        _lists(rule, "apiGroups", access.group)
        and _covers_resource(rule.get("resources") or (), access)
        and (not names or access.name in names)
    )


def _lists(rule: Object, field: str, wanted: str) -> bool:
    return any(one in ("*", wanted) for one in rule.get(field) or ())


def _covers_resource(resources: Iterable[str], access: Access) -> bool:
    wanted = {"*", access.resource}
    if access.subresource:
        # "pods" alone gives no right to "pods/log"; "*/scale" gives that of everything.
        wanted = {"*", f"{access.resource}/{access.subresource}", f"*/{access.subresource}"}
    return not wanted.isdisjoint(resources)


def _covers_path(rule: Object, path: str) -> bool:
    paths = rule.get("nonResourceURLs") or ()
    return any(one in ("*", path) or _begins(one, path) for one in paths)


def _begins(pattern: str, path: str) -> bool:
    return pattern.endswith("*") and path.startswith(pattern.rstrip("*"))
