"""Prepare a cluster for enforcement, once, with an operator's own rights, which are not kept."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from egress.cluster import kinds
from egress.cluster.bootstrap import (
    FIELD_MANAGER,
    TROUBLE,
    Laid,
    Outcome,
    lay_down,
    list_served,
    look_around,
)
from egress.cluster.errors import ClusterError
from egress.cluster.gateway import ClusterGateway, KubeObject
from egress.cluster.kube import connect_gateway
from egress.cluster.kubeconfig import read_kubeconfig
from egress.domain.access import ClusterProfile, Enforcement
from egress.domain.bootstrap.admission import POLICIES
from egress.domain.bootstrap.objects import (
    MAY_BE_FOREIGN,
    Plan,
    binding_objects,
    bootstrap_objects,
)
from egress.domain.bootstrap.offenders import refused_today
from egress.domain.bootstrap.workload import release_name
from egress.domain.wording import quoted
from egress.models import Cluster, OwnedObject
from egress.selectors.policy import inventory_of
from egress.services import audit
from egress.services.actor import Actor
from egress.services.audit import Tag
from egress.services.errors import Refused, Unavailable
from egress.services.gateways import open_gateway
from egress.services.guards import require_operator

GUARDED_KINDS = (kinds.SERVICE_ENTRY, kinds.WORKLOAD_ENTRY, kinds.SIDECAR, kinds.ENVOY_FILTER)


@dataclass(frozen=True)
class Options:
    """How bootstrap is to be done.

    `dry_run` asks the server and writes nothing. `enforce` lets admission deny. `workload` says
    whether gateways are installed that are missing.
    """

    dry_run: bool = False
    enforce: bool = False
    workload: bool = True


@dataclass(frozen=True)
class Report:
    """What became of each object, and what admission would refuse today, were it written again."""

    laid: list[Laid]
    refused_today: list[str]
    denies: bool

    @property
    def has_trouble(self) -> bool:
        """Whether something could not be laid down."""
        return any(one.outcome in TROUBLE for one in self.laid)


@dataclass(frozen=True)
class Site:
    """A cluster as an operator reaches it, and what is to be laid down there."""

    cluster: Cluster
    gateway: ClusterGateway
    operator: str
    plan: Plan

    @property
    def objects(self) -> list[KubeObject]:
        """All objects, in the order in which they are written."""
        return [*bootstrap_objects(self.plan), *binding_objects(self.plan)]


def dial_as_operator(text: str, context: str | None) -> ClusterGateway:
    """Return a connection with an operator's kubeconfig, which may name files and programs.

    Raises Refused for a file that cannot be used.
    """
    try:
        credentials = read_kubeconfig(text, context, allow_files=True, allow_exec=True)
        return connect_gateway(
            credentials, field_manager=FIELD_MANAGER, timeout=settings.CALL_TIMEOUT_SECONDS
        )
    except ClusterError as error:
        raise Refused(error.message, reason="KubeconfigRefused") from error


@contextmanager
def site(
    *, cluster: Cluster, kubeconfig_text: str, context: str | None, options: Options
) -> Iterator[Site]:
    """Reach a cluster with an operator's kubeconfig, and plan what is to be laid down there.

    The portal's own name comes from the credentials it was connected with. Raises Refused when
    the kubeconfig leads to another cluster, and Unavailable when either connection fails.
    """
    gateway = dial_as_operator(kubeconfig_text, context)
    try:
        identity = gateway.identity()
        if identity.uid != cluster.uid:
            raise Refused(
                f"The kubeconfig leads to another cluster than the one connected as "
                f"{quoted(cluster.name)}. Nothing was written. Name the right context.",
                reason="WrongCluster",
            )
        user = open_gateway(cluster).identity().user
        yield Site(cluster, gateway, identity.user, _plan(cluster, gateway, user, options))
    except ClusterError as error:
        raise Unavailable(error.message, reason=error.fault) from error
    finally:
        gateway.close()


def _plan(cluster: Cluster, gateway: ClusterGateway, user: str, options: Options) -> Plan:
    if not user or user == "system:anonymous":
        raise Refused(
            "The cluster does not know the portal by a name. Connect it with a service account.",
            reason="PortalUnknown",
        )
    profile = cluster.profile(settings.INSTALLATION)
    around = look_around(
        gateway,
        namespace=profile.egress_namespace,
        gateways=[release_name(profile, one) for one in profile.gateways],
        bindings=POLICIES,
    )
    return Plan(
        cluster=profile,
        enforcements=_enforcements(cluster, profile),
        user=user,
        istiods=around.istiods or (f"system:serviceaccount:{profile.root_namespace}:istiod",),
        workload=options.workload,
        installed=around.installed,
        # What denies goes on denying: running it again takes nothing back.
        denying=frozenset(POLICIES) if options.enforce else around.denying,
        mesh_configs=around.mesh_configs,
        reviews=cluster.owner_by_review,
    )


def _enforcements(cluster: Cluster, profile: ClusterProfile) -> frozenset[Enforcement]:
    known = inventory_of(cluster).namespaces.values()
    return frozenset(
        {profile.enforcement} | {facts.enforcement for facts in known if facts.enforcement}
    )


def list_refused(at: Site) -> list[str]:
    """Return what the admission policies would refuse today. Raises Unavailable."""
    ours = OwnedObject.objects.filter(cluster=at.cluster).exclude(uid="")
    try:
        return refused_today(
            at.plan.cluster,
            guarded=list_served(at.gateway, GUARDED_KINDS),
            gateways=list_served(at.gateway, [kinds.GATEWAY]),
            namespaces=at.gateway.list(kinds.NAMESPACE).items,
            ours=set(ours.values_list("uid", flat=True)),
        )
    except ClusterError as error:
        raise Unavailable(error.message, reason=error.fault) from error


def bootstrap(*, at: Site, options: Options, actor: Actor) -> Report:
    """Lay everything down, bindings last, and record that it was done. Operators and admins only.

    Nothing of somebody else's is written over: it is named in the report. Raises Unavailable.
    """
    require_operator(actor, "bootstrap a cluster")
    try:
        laid = lay_down(
            at.gateway,
            bootstrap_objects(at.plan),
            may_be_foreign=MAY_BE_FOREIGN,
            dry_run=options.dry_run,
        )
        laid += _bind(at, laid, options)
    except ClusterError as error:
        raise Unavailable(error.message, reason=error.fault) from error
    report = Report(laid, list_refused(at), bool(at.plan.denying))
    if not options.dry_run:
        _record(at, report, actor)
    return report


def _bind(at: Site, laid: list[Laid], options: Options) -> list[Laid]:
    """Bind the policies that are ours: a foreign one could deny anything."""
    broken = {
        one.place
        for one in laid
        if one.kind == "ValidatingAdmissionPolicy" and one.outcome in TROUBLE
    }
    wanted = binding_objects(at.plan)
    sound = [obj for obj in wanted if obj["metadata"]["name"] not in broken]
    held = [
        Laid(obj["kind"], obj["metadata"]["name"], Outcome.FAILED, "Its policy is not in order.")
        for obj in wanted
        if obj["metadata"]["name"] in broken
    ]
    return [*lay_down(at.gateway, sound, dry_run=options.dry_run), *held]


@transaction.atomic
def _record(at: Site, report: Report, actor: Actor) -> None:
    counts = {each.value: sum(o.outcome is each for o in report.laid) for each in Outcome}
    changed = counts[Outcome.CREATED] + counts[Outcome.UPDATED]
    audit.record(
        tag=Tag.CLUSTER_BOOTSTRAPPED,
        actor=actor,
        target="cluster",
        target_id=str(at.cluster.pk),
        cluster=at.cluster.name,
        message=f"Bootstrap wrote {changed} objects to cluster {quoted(at.cluster.name)} as "
        f"{quoted(at.operator)}.",
        data={
            "operator": at.operator,
            "outcomes": counts,
            "denies": report.denies,
            "objects": [f"{one.kind} {one.place}: {one.outcome}" for one in report.laid],
        },
    )
