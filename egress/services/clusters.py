"""Clusters: connect one, and what admins decide about it and its namespaces."""

from dataclasses import asdict
from typing import Any

from django.contrib.auth.models import Group
from django.db import transaction

from egress.cluster.credentials import Credentials
from egress.cluster.errors import ClusterError
from egress.cluster.gateway import ClusterGateway
from egress.cluster.inventory import read_inventory
from egress.cluster.kubeconfig import read_kubeconfig
from egress.cluster.mesh import MeshFacts, read_mesh
from egress.cluster.preflight import Check, Level, check_connection
from egress.domain.access import Enforcement
from egress.domain.naming import is_dns_label
from egress.domain.wording import quoted
from egress.models import Cluster, Grant, Namespace, Priority
from egress.selectors.slices import slices_of_namespace
from egress.services import audit, inventory, outbox
from egress.services.actor import Actor
from egress.services.audit import Tag
from egress.services.credentials import CredentialsUnreadableError, seal
from egress.services.errors import Conflict, Refused, Unavailable
from egress.services.gateways import dial, open_gateway
from egress.services.guards import require_operator
from egress.services.ownership.sources import owner_annotations

__all__ = [
    "connect",
    "open_gateway",
    "set_drift_policy",
    "set_namespace_enforcement",
    "set_owner",
]

CONNECT = "connect a cluster"


def connect(
    *,
    name: str,
    kubeconfig_text: str,
    actor: Actor,
    context: str | None = None,
    enforcement: Enforcement = Enforcement.GATEWAY,
    is_sandbox: bool = False,
    egress_namespace: str = "istio-egress",
) -> Cluster:
    """Connect a cluster, or give a connected one new credentials; return it, inventory synced.

    The cluster is looked over first, and pinned by the uid of its `kube-system` namespace: the
    same name never leads to another cluster. Raises NotAllowed, Refused with what is wrong,
    Conflict when the name or the cluster is taken, and Unavailable when it cannot be reached.
    """
    require_operator(actor, CONNECT)
    _check_input(name, egress_namespace)
    credentials, sealed = _read_and_seal(kubeconfig_text, context)
    gateway = dial(credentials.kubeconfig)
    try:
        checks = check_connection(gateway, enforcement, egress_namespace=egress_namespace)
        _refuse_blocking(checks)
        facts = {
            "server": credentials.server[:255],
            "credentials": sealed,
            "enforcement": enforcement,
            "egress_namespace": egress_namespace,
            "is_sandbox": is_sandbox,
            "checks": [asdict(check) for check in checks],
        }
        return _store(name, gateway, facts, actor)
    except ClusterError as error:
        raise Unavailable(error.message, reason=error.fault) from error
    finally:
        gateway.close()


def _read_and_seal(text: str, context: str | None) -> tuple[Credentials, bytes]:
    try:
        credentials = read_kubeconfig(text, context)
        return credentials, seal(credentials.kubeconfig)
    except ClusterError as error:
        raise Refused(
            error.message, reason="KubeconfigRefused", fields={"kubeconfig": [error.message]}
        ) from error
    except CredentialsUnreadableError as error:
        raise Refused(str(error), reason="CredentialKeysMissing") from error


def _store(name: str, gateway: ClusterGateway, facts: dict[str, Any], actor: Actor) -> Cluster:
    identity, mesh = gateway.identity(), read_mesh(gateway)
    snapshot = read_inventory(gateway, annotations=owner_annotations())
    facts |= {"kubernetes_version": identity.version[:32], **_mesh_facts(mesh)}
    facts |= {"reachable": True, "problem": "", "reached_at": snapshot.taken_at}
    with transaction.atomic():
        # Reading the cluster takes a while: the role or the token may have gone meanwhile.
        require_operator(actor, CONNECT)
        _refuse_taken(name, identity.uid)
        cluster, is_new = Cluster.objects.update_or_create(
            name=name, uid=identity.uid, defaults=facts
        )
        deed = "was connected" if is_new else "was given new credentials"
        audit.record(
            tag=Tag.CLUSTER_CONNECTED if is_new else Tag.CLUSTER_CHANGED,
            actor=actor,
            target="cluster",
            target_id=str(cluster.pk),
            cluster=name,
            message=f"Cluster {quoted(name)} at {quoted(cluster.server)} {deed}.",
            data={
                "uid": identity.uid,
                "user": identity.user,
                "enforcement": str(facts["enforcement"]),
            },
        )
    inventory.sync(cluster=cluster, snapshot=snapshot, now=snapshot.taken_at)
    cluster.refresh_from_db()
    return cluster


def _mesh_facts(mesh: MeshFacts) -> dict[str, Any]:
    """Return the fields of a cluster that follow from its mesh; what is unknown stays as it is."""
    known = {
        "istio_version": mesh.istio_version,
        "trust_domain": mesh.trust_domain,
        "root_namespace": mesh.root_namespace,
    }
    return {"mesh": asdict(mesh)} | {field: value for field, value in known.items() if value}


def _check_input(name: str, egress_namespace: str) -> None:
    problems: dict[str, list[str]] = {}
    if not is_dns_label(name):
        problems["name"] = [
            f"{quoted(name)} cannot name a cluster. Use lower case letters, digits and hyphens, "
            "at most 63."
        ]
    if not is_dns_label(egress_namespace):
        problems["egress_namespace"] = [f"{quoted(egress_namespace)} is no namespace name."]
    if problems:
        first = next(iter(problems.values()))[0]
        raise Refused(first, reason="InputRefused", fields=problems)


def _refuse_blocking(checks: list[Check]) -> None:
    blocking = [f"{c.sentence} {c.fix}".strip() for c in checks if c.level is Level.BLOCK]
    if blocking:
        raise Refused(" ".join(blocking), reason="ClusterNotReady", fields={"kubeconfig": blocking})


def _refuse_taken(name: str, uid: str) -> None:
    named = Cluster.objects.filter(name=name).exclude(uid=uid).first()
    if named:
        raise Conflict(
            f"The name {quoted(name)} belongs to another cluster, at {quoted(named.server)}. "
            "Choose another name.",
            reason="NameTaken",
        )
    same = Cluster.objects.filter(uid=uid).exclude(name=name).first()
    if same:
        raise Conflict(
            f"This cluster is connected already, as {quoted(same.name)}.",
            reason="AlreadyConnected",
        )


@transaction.atomic
def set_owner(*, namespace: Namespace, team: Group | None, actor: Actor) -> Namespace:
    """Say which team owns a namespace; None leaves it to the namespace's label. Admins only."""
    require_operator(actor, "set the owner of a namespace")
    before = namespace.owner_name
    # Read under the lock of the cluster's row: who sets owners may be changed at this moment.
    counts = Cluster.objects.filter(pk=namespace.cluster_id, owner_by_admin=True)
    if team is not None and not counts.update(owner_by_admin=True):
        raise Conflict(
            f"Owners set here do not count in cluster {quoted(namespace.cluster)}. Its settings "
            "say what does.",
            reason="OwnersElsewhere",
        )
    changed = Namespace.objects.filter(pk=namespace.pk, gone_at=None).update(owner=team)
    if not changed:
        raise Conflict(f'Namespace "{namespace.name}" is gone. Reload the page.')
    namespace.owner = team
    audit.record(
        tag=Tag.NAMESPACE_OWNER_SET,
        actor=actor,
        target="namespace",
        target_id=str(namespace.pk),
        cluster=namespace.cluster.name,
        namespace=namespace.name,
        message=f'Namespace "{namespace.name}" is owned by "{namespace.owner_name or "nobody"}".',
        data={"before": before, "after": namespace.owner_name},
    )
    return namespace


@transaction.atomic
def set_namespace_enforcement(
    *, namespace: Namespace, enforcement: Enforcement | None, actor: Actor
) -> Namespace:
    """Choose how a namespace's grants are enforced; None follows the cluster. Admins only.

    Raises Conflict while the namespace has live grants: they were approved under the other one.
    """
    require_operator(actor, "set the enforcement of a namespace")
    value = enforcement.value if enforcement else ""
    before = namespace.enforcement
    before_keys = slices_of_namespace(namespace.cluster, namespace.name)
    row = Namespace.objects.filter(pk=namespace.pk, gone_at=None, enforcement=before)
    # Written before anything is asked: the lock lets nobody decide about the namespace meanwhile.
    if not row.update(enforcement=value):
        raise Conflict(f'Namespace "{namespace.name}" has changed. Reload the page.')
    namespace.refresh_from_db(fields=["enforcement", "default_deny"])
    if value != before:
        _refuse_while_in_force(namespace)
    outbox.mark_dirty(
        cluster=namespace.cluster,
        keys=before_keys | slices_of_namespace(namespace.cluster, namespace.name),
        priority=Priority.GRANT,
        cause=f'{actor.name} set the enforcement to "{value or "that of the cluster"}"',
    )
    audit.record(
        tag=Tag.NAMESPACE_ENFORCEMENT_SET,
        actor=actor,
        target="namespace",
        target_id=str(namespace.pk),
        cluster=namespace.cluster.name,
        namespace=namespace.name,
        message=f'Enforcement is "{value or namespace.cluster.enforcement}".',
        data={"before": before, "after": value},
    )
    return namespace


def _refuse_while_in_force(namespace: Namespace) -> None:
    live = Grant.objects.filter(
        cluster=namespace.cluster_id, namespace=namespace.name, ended_at=None
    )
    if live.exists():
        raise Conflict(
            f"Namespace {quoted(namespace.name)} has grants under its present enforcement. "
            "End them first."
        )
    if namespace.default_deny:
        raise Conflict(
            f"Default deny of {quoted(namespace.name)} is on under its present enforcement. "
            "Switch it off first."
        )


@transaction.atomic
def set_drift_policy(*, cluster: Cluster, policy: str, actor: Actor) -> Cluster:
    """Choose what happens to drift: `heal` writes it back, `flag` shows it. Admins only."""
    require_operator(actor, "set the drift policy of a cluster")
    if policy not in Cluster.DriftPolicy.values:
        raise Refused(
            f'"{policy}" is no drift policy. Choose "heal" or "flag".',
            reason="DriftPolicyUnknown",
            fields={"policy": ['Choose "heal" or "flag".']},
        )
    before = cluster.drift_policy
    Cluster.objects.filter(pk=cluster.pk).update(drift_policy=policy)
    cluster.drift_policy = policy
    audit.record(
        tag=Tag.CLUSTER_CHANGED,
        actor=actor,
        target="cluster",
        target_id=str(cluster.pk),
        cluster=cluster.name,
        message=f'Drift policy is "{policy}".',
        data={"before": before, "after": policy},
    )
    return cluster
