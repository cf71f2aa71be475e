"""Plain factories for the domain tests: a small cluster, its namespaces, and wishes."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from egress.domain.access import (
    Access,
    ClusterProfile,
    Destination,
    Inventory,
    NamespaceFacts,
    Protocol,
    Subject,
    Wish,
)
from egress.domain.naming import FIELD_MANAGER
from egress.domain.objects import KubeObject, body_of
from egress.domain.policies import Finding, Level, PolicyContext, evaluate

CLUSTER = ClusterProfile(installation="portal-a")


def namespace(name: str, **facts: Any) -> NamespaceFacts:
    """A namespace whose pods have proxies, unless the facts say otherwise."""
    accounts = {"default": f"{name}-default-uid", "billing": f"{name}-billing-uid"}
    return NamespaceFacts(name, **({"uid": f"{name}-uid", "service_accounts": accounts} | facts))


def inventory(*namespaces: NamespaceFacts) -> Inventory:
    """An inventory of these namespaces, of `default` and `otherns` when none are given."""
    found = namespaces or (namespace("default"), namespace("otherns"))
    return Inventory({facts.name: facts for facts in found})


def to(
    host: str, port: int = 443, protocol: Protocol = Protocol.TLS, origination: bool = False
) -> Destination:
    """A destination, TLS on 443 unless told otherwise."""
    return Destination(host, port, protocol, origination)


def grant(destination: Destination, namespace: str = "default", account: str = "") -> Access:
    """What a decided grant says to the renderer."""
    return Access(Subject(namespace, account), destination)


def findings(
    *destinations: Destination,
    subject: Subject | None = None,
    duration: timedelta | None = timedelta(days=30),
    **context: Any,
) -> list[Finding]:
    """All findings on a wish of namespace `default`."""
    wish = Wish(subject or Subject("default"), destinations, duration)
    known: dict[str, Any] = {"cluster": CLUSTER, "inventory": inventory()} | context
    return evaluate(wish, PolicyContext(**known))


def reasons(found: Iterable[Finding], level: Level | None = None) -> set[str]:
    """The reasons of findings, of one level when it is given."""
    return {finding.reason for finding in found if level in (None, finding.level)}


def live(obj: KubeObject, uid: str, manager: str = FIELD_MANAGER, **metadata: Any) -> KubeObject:
    """The object as an API server returns it after `manager` applied it."""
    stored = {
        "uid": uid,
        "resourceVersion": "17",
        "generation": 1,
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "managedFields": [_managed_body(manager, obj)],
    }
    return {**obj, "metadata": {**obj["metadata"], **stored, **metadata}, "status": {"seen": True}}


def managed(manager: str, spec: Any) -> dict[str, Any]:
    """A `managedFields` entry for all fields of a spec."""
    return {"manager": manager, "operation": "Apply", "fieldsV1": {"f:spec": _field_set(spec)}}


def _managed_body(manager: str, obj: KubeObject) -> dict[str, Any]:
    fields = {f"f:{name}": _field_set(value) for name, value in body_of(obj).items()}
    return {"manager": manager, "operation": "Apply", "fieldsV1": fields}


def _field_set(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return {f"f:{name}": _field_set(below) for name, below in value.items()}
    if isinstance(value, list) and value and isinstance(value[0], dict) and "name" in value[0]:
        return {f'k:{{"name":"{item["name"]}"}}': {".": {}, **_field_set(item)} for item in value}
    return {}
