"""What admins set of a cluster: enforcement, layout, gateways, and what is private there."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from django.db import transaction

from egress.domain.access import Enforcement, GatewayProfile
from egress.domain.hosts import HostError, canonical_cidr
from egress.domain.naming import is_dns_label, is_label_value
from egress.domain.recertification import DEFAULT_CYCLE_DAYS
from egress.domain.refusals.layout import cluster_problems
from egress.domain.wording import listed, quoted
from egress.domain.zones import canonical_zone
from egress.models import Cluster, Grant, HostAssignment, Namespace, Priority
from egress.services import audit, outbox
from egress.services.actor import Actor
from egress.services.audit import Tag
from egress.services.errors import Conflict, Refused
from egress.services.guards import require_operator
from egress.services.ownership.sources import follow_owners, owner_problems
from egress.services.recertification.settings import cycle_problems, refuse_without_cycle

MOST = 100
"""Zones, ranges or gateways that one cluster has at most."""


@dataclass(frozen=True)
class ClusterSettings:
    """All settings of a cluster, as stored on it; see `Cluster` for their meaning."""

    enforcement: str = Enforcement.GATEWAY
    central_entries: bool = False
    rules_at_clients: bool = False
    private_zones: Sequence[str] = ()
    private_ranges: Sequence[str] = ()
    own_ranges: Sequence[str] = ()
    gateways: Sequence[dict[str, Any]] = field(default_factory=tuple)
    owner_by_admin: bool = True
    owner_by_label: bool = True
    owner_by_review: bool = False
    review_user: str = Cluster.ReviewUser.USERNAME
    review_user_prefix: str = ""
    review_teams: bool = True
    review_team_prefix: str = ""
    recertify_days: int = DEFAULT_CYCLE_DAYS


def settings_of(cluster: Cluster) -> ClusterSettings:
    """Return the settings that a cluster has now."""
    return ClusterSettings(**{one.name: getattr(cluster, one.name) for one in fields(_EMPTY)})


@transaction.atomic
def change(*, cluster: Cluster, settings: ClusterSettings, actor: Actor) -> Cluster:
    """Replace the settings of a cluster. Admins only.

    Raises NotAllowed, Refused with sentences by field, and Conflict while live grants were
    approved under another enforcement or layout.
    """
    require_operator(actor, "change the settings of a cluster")
    wanted = _checked(settings)
    # Written before anything is asked: the lock lets nobody decide about the cluster meanwhile.
    Cluster.objects.filter(pk=cluster.pk).update(problem=cluster.problem)
    cluster.refresh_from_db()
    before = settings_of(cluster)
    changes = {
        name: value for name, value in asdict(wanted).items() if value != asdict(before)[name]
    }
    if not changes:
        return cluster
    _refuse_while_in_force(cluster, changes)
    refuse_without_cycle(cluster, wanted.recertify_days)
    _refuse_lost_hosts(cluster, wanted)
    if "gateways" in changes:
        _refuse_unsafe_gateways(cluster, wanted)
    Cluster.objects.filter(pk=cluster.pk).update(**changes)
    cluster.refresh_from_db()
    follow_owners(cluster, changes)
    outbox.mark_dirty(
        cluster=cluster,
        keys=cluster.slices.values_list("key", flat=True),
        priority=Priority.GRANT,
        cause=f"{actor.name} changed the settings of the cluster",
    )
    audit.record(
        tag=Tag.CLUSTER_CHANGED,
        actor=actor,
        target="cluster",
        target_id=str(cluster.pk),
        cluster=cluster.name,
        message=f"Changed {listed([name.replace('_', ' ') for name in changes])}.",
        data={"before": {name: asdict(before)[name] for name in changes}, "after": changes},
    )
    return cluster


def _checked(settings: ClusterSettings) -> ClusterSettings:
    """Return the settings in their canonical form. Raises Refused with all that is wrong."""
    problems: dict[str, list[str]] = {}
    zones = _canonical(settings.private_zones, "private_zones", canonical_zone, problems)
    ranges = {
        name: _canonical(getattr(settings, name), name, canonical_cidr, problems)
        for name in ("private_ranges", "own_ranges")
    }
    if settings.enforcement not in set(Enforcement):
        problems["enforcement"] = [f"Choose {listed([*Enforcement])}."]
    problems |= _gateway_problems(settings.gateways)
    problems |= owner_problems(settings)
    problems |= cycle_problems(settings.recertify_days)
    if problems:
        first = next(iter(problems.values()))[0]
        raise Refused(first, reason="InputRefused", fields=problems)
    gateways = [dict(one) for one in settings.gateways]
    return replace(
        settings,
        private_zones=zones,
        gateways=gateways,
        private_ranges=ranges["private_ranges"],
        own_ranges=ranges["own_ranges"],
    )


def _canonical(
    typed: Iterable[str], name: str, canonical: Any, problems: dict[str, list[str]]
) -> list[str]:
    found = []
    for text in typed:
        try:
            found.append(str(canonical(text.strip())))
        except HostError as error:
            problems.setdefault(name, []).append(error.message)
    if len(found) > MOST:
        problems[name] = [f"At most {MOST} can be given."]
    return sorted(set(found))


def _gateway_problems(gateways: Sequence[dict[str, Any]]) -> dict[str, list[str]]:
    said = [problem for one in gateways for problem in _problems_of_gateway(one)]
    ids = [one.get("id", "main") for one in gateways]
    if len(set(map(str, ids))) != len(ids):
        said.append("Two gateways have the same id. Give each its own.")
    if len(gateways) > MOST:
        said.append(f"At most {MOST} gateways can be given.")
    return {"gateways": said} if said else {}


def _problems_of_gateway(one: dict[str, Any]) -> Iterable[str]:
    known = {entry.name: entry.type for entry in fields(GatewayProfile)}
    if unknown := sorted(set(one) - set(known)):
        yield f"A gateway has no {quoted(unknown[0])}. It has {listed(sorted(known))}."
        return
    name = one.get("id", "main")
    if not isinstance(name, str) or (
        name != "main" and not (is_dns_label(name) and len(name) <= 3)
    ):
        yield f'{quoted(name)} is no id of a gateway. Write "main", or a label of 1 to 3 letters.'
    label, service = one.get("label", ""), one.get("service", "")
    if not isinstance(label, str) or (label and not is_label_value(label)):
        yield f"{quoted(label)} cannot be the value of a label."
    if not isinstance(service, str) or (service and not _is_service(service)):
        yield f"{quoted(service)} is no full name of a Service, such as name.namespace.svc.domain."
    for number in sorted(set(known) - {"id", "label", "service"}):
        value, most = one.get(number, 1), 65_535 if number.endswith("port") else 100_000
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
            yield f"{quoted(value)} is no {number.replace('_', ' ')}. Write 1 to {most}."


def _is_service(name: str) -> bool:
    return len(name) <= 253 and ".svc" in name and all(map(is_dns_label, name.split(".")))


def _refuse_while_in_force(cluster: Cluster, changes: dict[str, Any]) -> None:
    """Refuse to move live grants: they were approved under the present enforcement and layout."""
    following = Namespace.objects.filter(cluster=cluster, gone_at=None, enforcement="")
    if "enforcement" not in changes:
        if "central_entries" not in changes:
            return
        own = {"enforcement": Enforcement.SIDECAR}
        following = Namespace.objects.filter(cluster=cluster, gone_at=None, **own) | (
            following if cluster.enforcement == Enforcement.SIDECAR else following.none()
        )
    names = set(following.values_list("name", flat=True))
    live = Grant.objects.filter(cluster=cluster, ended_at=None, namespace__in=names)
    if grant := live.order_by("pk").first():
        raise Conflict(
            f"Namespace {quoted(grant.namespace)} has grants under the present enforcement. "
            "End them first, or give such namespaces an enforcement of their own.",
            reason="EnforcementInUse",
        )


def _refuse_lost_hosts(cluster: Cluster, wanted: ClusterSettings) -> None:
    ids = {one.get("id", "main") for one in wanted.gateways} or {"main"}
    lost = HostAssignment.objects.filter(cluster=cluster).exclude(gateway__in=ids)
    if row := lost.order_by("pk").first():
        raise Conflict(
            f"The gateway {quoted(row.gateway)} serves {quoted(row.host)}. Keep it, or end the "
            "grants of its hosts first.",
            reason="GatewayInUse",
        )


def _refuse_unsafe_gateways(cluster: Cluster, wanted: ClusterSettings) -> None:
    """Refuse gateways beside which nothing would be rendered, revocations included."""
    gateways = tuple(GatewayProfile(**one) for one in wanted.gateways) or (GatewayProfile(),)
    profile = replace(cluster.profile(installation=""), gateways=gateways)
    if problems := list(cluster_problems(profile)):
        raise Refused(problems[0], reason="InputRefused", fields={"gateways": problems})


_EMPTY = ClusterSettings()
