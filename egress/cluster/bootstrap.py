"""Lay objects down in a cluster with an operator's rights, and never over somebody else's.

Server-side apply with a field manager of its own: what bootstrap wrote it keeps true, what was
there before it names and leaves alone.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from egress.cluster import kinds
from egress.cluster.errors import ClusterError, Fault
from egress.cluster.gateway import ClusterGateway, Kind, KubeObject
from egress.cluster.ownership import INSTALLATION_LABEL
from egress.domain.posture.look import includes

FIELD_MANAGER = "egress-portal-bootstrap"


class Outcome(StrEnum):
    """What became of one object, or would become of it."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    KEPT = "kept"
    FOREIGN = "foreign"
    FAILED = "failed"


TROUBLE = frozenset({Outcome.FOREIGN, Outcome.FAILED})


@dataclass(frozen=True)
class Laid:
    """One object and its outcome. `note` is a sentence where there is something to say."""

    kind: str
    place: str
    outcome: Outcome
    note: str = ""


def lay_down(
    gateway: ClusterGateway,
    objects: Iterable[KubeObject],
    *,
    may_be_foreign: Collection[str] = (),
    dry_run: bool = False,
) -> list[Laid]:
    """Create or update each object in turn, and return what became of them.

    Kinds of `may_be_foreign` only have to be there: an object that others wrote is kept as it is.
    With `dry_run` the server is asked, and writes nothing. Raises ClusterError when the cluster
    cannot be asked at all; a refused object is an outcome.
    """
    to_come: set[str] = set()
    laid = []
    for obj in objects:
        one = _lay(gateway, obj, may_be_foreign, dry_run=dry_run, to_come=to_come)
        if obj["kind"] == "Namespace" and one.outcome is Outcome.CREATED and dry_run:
            to_come.add(str(obj["metadata"]["name"]))
        laid.append(one)
    return laid


def _lay(
    gateway: ClusterGateway,
    obj: KubeObject,
    may_be_foreign: Collection[str],
    *,
    dry_run: bool,
    to_come: Collection[str],
) -> Laid:
    kind = kinds.kind_of(obj)
    namespace, name = str(obj["metadata"].get("namespace", "")), str(obj["metadata"]["name"])

    def told(outcome: Outcome, note: str = "") -> Laid:
        return Laid(kind.kind, f"{namespace}/{name}" if namespace else name, outcome, note)

    try:
        live = None if namespace in to_come else gateway.get(kind, namespace, name)
        if live is None:
            if namespace not in to_come:
                gateway.create(obj, dry_run=dry_run)
            return told(Outcome.CREATED)
        if not is_ours(live, obj):
            if kind.kind in may_be_foreign:
                return told(Outcome.KEPT, "It was there before, and is left as it is.")
            return told(Outcome.FOREIGN, _IN_THE_WAY)
        if agrees(live, obj):
            return told(Outcome.UNCHANGED)
        stored = gateway.update(obj, uid=str(live["metadata"]["uid"]), dry_run=dry_run)
        if not agrees(stored, obj):
            return told(Outcome.FOREIGN, _TAMPERED)
        return told(Outcome.UPDATED)
    except ClusterError as error:
        if error.retryable or error.fault is Fault.UNAUTHORIZED:
            raise
        return told(Outcome.FAILED, error.message)


_IN_THE_WAY = (
    "Somebody else's object has this name. Ask its owner to remove it, then run this again."
)

_TAMPERED = (
    "Others added fields to it that change what it does. Remove those fields, or delete it and run "
    "this again."
)


def is_ours(live: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Tell whether bootstrap applied `live` before, for the same portal."""
    labels, own = live["metadata"].get("labels") or {}, wanted["metadata"].get("labels") or {}
    same_portal = labels.get(INSTALLATION_LABEL) in (None, own.get(INSTALLATION_LABEL))
    return same_portal and _was_applied(live)


def _was_applied(live: Mapping[str, Any]) -> bool:
    managers = {
        (str(entry.get("manager")), str(entry.get("operation")))
        for entry in live["metadata"].get("managedFields") or []
        if isinstance(entry, dict)
    }
    return (FIELD_MANAGER, "Apply") in managers


def agrees(live: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Tell whether `live` says what `wanted` says, and nothing that would change its meaning.

    Kubernetes fills in defaults for its own kinds; in Istio's kinds, roles and bindings every
    further field has a meaning.
    """
    metadata = {name: wanted["metadata"].get(name, {}) for name in ("labels", "annotations")}
    if not includes({"labels": {}, "annotations": {}, **live["metadata"]}, metadata):
        return False
    is_exact = "istio.io/" in wanted["apiVersion"] or "rbac." in wanted["apiVersion"]
    for name, value in wanted.items():
        if name in ("apiVersion", "kind", "metadata"):
            continue
        # An empty map may be stored as nothing.
        stored = live.get(name, {})
        if not (stored == value if is_exact else includes(stored, value)):
            return False
    return True


@dataclass(frozen=True)
class Surroundings:
    """What has to be known of a cluster before anything is rendered for it.

    `istiods` are the names of istiod's accounts, `mesh_configs` those of its ConfigMaps.
    `installed` names the gateways that others installed, `denying` the bindings that deny.
    """

    istiods: tuple[str, ...]
    mesh_configs: tuple[str, ...]
    installed: frozenset[str]
    denying: frozenset[str]


def look_around(
    gateway: ClusterGateway, *, namespace: str, gateways: Iterable[str], bindings: Iterable[str]
) -> Surroundings:
    """Return what is known of a cluster that bootstrap is about to lay things down in.

    `gateways` are names of Services in `namespace`, `bindings` name admission bindings of
    bootstrap's. Raises ClusterError.
    """
    istiods = gateway.list(kinds.DEPLOYMENT, labels={"app": "istiod"}).items
    return Surroundings(
        istiods=tuple(sorted({_user_of(one) for one in istiods})),
        mesh_configs=tuple(sorted({_config_of(one) for one in istiods})) or ("istio",),
        installed=frozenset(name for name in gateways if _exists(gateway, namespace, name)),
        denying=frozenset(name for name in bindings if _denies(gateway, name)),
    )


def _denies(gateway: ClusterGateway, name: str) -> bool:
    live = gateway.get(kinds.VALIDATING_ADMISSION_POLICY_BINDING, "", name) or {}
    return "Deny" in ((live.get("spec") or {}).get("validationActions") or ())


def _exists(gateway: ClusterGateway, namespace: str, name: str) -> bool:
    """Tell whether somebody else installed a gateway of this name."""
    for kind in (kinds.SERVICE, kinds.DEPLOYMENT):
        live = gateway.get(kind, namespace, name)
        if live is not None and not _was_applied(live):
            return True
    return False


def _user_of(istiod: KubeObject) -> str:
    spec = istiod["spec"]["template"]["spec"]
    account = spec.get("serviceAccountName") or spec.get("serviceAccount") or "default"
    return f"system:serviceaccount:{istiod['metadata']['namespace']}:{account}"


def _config_of(istiod: KubeObject) -> str:
    revision = (istiod["metadata"].get("labels") or {}).get("istio.io/rev") or "default"
    return "istio" if revision == "default" else f"istio-{revision}"


def list_served(gateway: ClusterGateway, wanted: Iterable[Kind]) -> Iterator[KubeObject]:
    """Yield all objects of those kinds that the cluster serves. Raises ClusterError."""
    for kind in wanted:
        if gateway.serves(kind):
            yield from gateway.list(kind).items
