"""Who may do what: one function per right; `permissions` makes them known to Django.

Every function takes a person, or the `Standing` of one that was read just now, and fails closed:
anonymous visitors and people without an active account may do nothing.
"""

from collections.abc import Callable, Sequence

from django.db.models import Q

from egress.deciding import (
    may_look_at,
    stages_of,
    wanted_of,
    way_in_words,
    ways_of,
    why_no_way,
    why_not_at_once,
)
from egress.domain.authority import Stage
from egress.domain.lifecycle import RequestStatus
from egress.domain.wording import quoted
from egress.models import AuditEvent, BreakGlass, Cluster, Grant, Namespace, Request, Risk
from egress.models.standing import Standing, standing_of


def _standing(who: object) -> Standing:
    return who if isinstance(who, Standing) else standing_of(who)


def is_admin(who: object) -> bool:
    """Tell whether the person administers the portal. Superusers do, and never more."""
    return _standing(who).is_admin


def is_auditor(who: object) -> bool:
    """Tell whether the person may read everything."""
    return _standing(who).is_auditor


def is_approver_for(who: object, cluster: Cluster, namespace: str) -> bool:
    """Tell whether the person is an approver for the namespace called `namespace`."""
    return _standing(who).approves(cluster.pk, namespace)


def may_ask(who: object, namespace: Namespace) -> bool:
    """Tell whether the person may ask for access of the namespace: their team owns it."""
    return namespace.gone_at is None and _standing(who).owns(namespace)


def may_adopt(who: object, namespace: Namespace) -> bool:
    """Tell whether the person may ask for the adoption of an object in the namespace.

    Those who may ask for its access, and admins: they see what nobody else feels responsible for.
    """
    standing = _standing(who)
    return namespace.gone_at is None and (standing.is_admin or standing.owns(namespace))


def may_view_namespace(who: object, namespace: Namespace) -> bool:
    """Tell whether the person may know of the namespace."""
    standing = _standing(who)
    return (
        standing.sees_everything
        or standing.owns(namespace)
        or standing.approves(namespace.cluster_id, namespace.name)
    )


def may_view_cluster(who: object, cluster: Cluster) -> bool:
    """Tell whether the person may see the cluster: all of it, or a namespace in it."""
    standing = _standing(who)
    if standing.sees_everything:
        return True
    if not standing.is_active:
        return False
    if any(scope.cluster_id in (None, cluster.pk) for scope in standing.scopes):
        return True
    owned = Namespace.objects.filter(standing.owned_namespaces(), cluster=cluster)
    return owned.filter(gone_at__isnull=True).exists()


def _owns_pinned(standing: Standing, cluster_id: int, uid: str) -> bool:
    # By uid, not by name: a namespace made again by somebody else shows them nothing old.
    namespace = Namespace.objects.filter(cluster_id=cluster_id, uid=uid).select_related("owner")
    return any(standing.owns(row) for row in namespace)


def may_view_request(who: object, request: Request) -> bool:
    """Tell whether the person may read the request."""
    standing = _standing(who)
    if not (standing.is_active and standing.reaches(request.cluster_id, request.namespace)):
        return False
    return (
        request.requester_id == standing.person_id
        or standing.sees_everything
        or standing.approves(request.cluster_id, request.namespace)
        or standing.owns_presets(request.destinations.all() if standing.presets else ())
        or _owns_pinned(standing, request.cluster_id, request.namespace_uid)
        or (bool(standing.teams) and any(s.team in standing.teams for s in stages_of(request)))
    )


def may_view_grant(who: object, grant: Grant) -> bool:
    """Tell whether the person may read the grant."""
    standing = _standing(who)
    return (
        standing.sees_everything
        or standing.approves(grant.cluster_id, grant.namespace)
        or _owns_pinned(standing, grant.cluster_id, grant.namespace_uid)
    )


def may_revoke(who: object, grant: Grant) -> bool:
    """Tell whether the person may end the grant: the team, approvers of its host, and admins."""
    standing = _standing(who)
    scopes = standing.scopes_for(grant.cluster_id, grant.namespace, risk=Risk.CLEAR)
    return (
        standing.is_admin
        or any(scope.covers_host(grant.host) for scope in scopes)
        or _owns_pinned(standing, grant.cluster_id, grant.namespace_uid)
    )


def may_confirm(who: object, grant: Grant) -> bool:
    """Tell whether the person may say that a grant is still needed: who may ask for its subject.

    Neither approvers nor admins may by these roles, and robots never: somebody has to answer for
    it. The namespace must be the one that the grant is pinned to.
    """
    standing = _standing(who)
    rows = Namespace.objects.filter(cluster_id=grant.cluster_id, uid=grant.namespace_uid)
    return not standing.is_robot and any(
        may_ask(standing, namespace) for namespace in rows.select_related("owner")
    )


def why_not_independent(standing: Standing, request: Request) -> str:
    """Return why the person is too close to the request to decide it, empty when they are not."""
    asks_as = standing.asks_as(standing.person_id)
    if request.requester_id == standing.person_id:
        return "you asked for this yourself, so somebody else has to decide."
    if request.requester_id in asks_as:
        return "a robot asked for this of which you made a token, so somebody else has to decide."
    if request.renews is not None and request.renews.request.requester_id in asks_as:
        return "you asked for the grant that this renews, so somebody else has to decide."
    return ""


def why_may_decide(
    who: object, request: Request, stages: Sequence[Stage] | None = None
) -> tuple[bool, str]:
    """Tell whether the person may decide the request, and why, in a sentence for them.

    Looks at the person only: whether the request still waits for a decision is another question.
    They may deny it, and approve at least one of its destinations. `stages` are what it needs,
    as stored unless given.
    """
    standing = _standing(who)
    if not standing.is_active:
        return False, "You may not decide: your account is not active."
    if standing.is_robot:
        return False, "You may not decide: robots never do. Ask a person who is an approver."
    where = f"namespace {quoted(request.namespace)} of cluster {quoted(request.cluster.name)}"
    wanted = wanted_of(request)
    if stages is None:
        stages = stages_of(request) if standing.teams else ()
    ways = ways_of(standing, wanted, stages)
    if ways:
        return True, f"You may decide {way_in_words(ways, wanted, stages, where)}."
    too_close = why_not_independent(standing, request)
    why = why_no_way(standing, wanted, stages, where, too_close)
    return False, f"You may not decide: {why}"


def may_decide(who: object, request: Request) -> bool:
    """Tell whether the person may decide the request. Nobody decides their own wish."""
    return why_may_decide(who, request)[0]


def why_may_break_glass(who: object, request: Request) -> tuple[bool, str]:
    """Tell whether the person may open the request at once, and why, in a sentence for them.

    They have the role break-glass for all of it, and may ask for the namespace or decide there.
    Looks at the person only; own wishes are no obstacle.
    """
    standing = _standing(who)
    where = f"namespace {quoted(request.namespace)} of cluster {quoted(request.cluster.name)}"
    why = why_not_at_once(standing, wanted_of(request), where)
    knows = not why and (
        standing.approves(request.cluster_id, request.namespace)
        or _owns_pinned(standing, request.cluster_id, request.namespace_uid)
    )
    if knows:
        return True, f"You may break the glass for {where}."
    return False, f"You may not break the glass: {why or f'you may not ask for {where}.'}"


def may_break_glass(who: object, request: Request) -> bool:
    """Tell whether the person may open the request at once, without its approval."""
    return why_may_break_glass(who, request)[0]


def may_look(who: object, opening: BreakGlass) -> bool:
    """Tell whether the person may give the second look: an independent approver of all of it."""
    return may_look_at(_standing(who), opening)


def may_resume(who: object, grant: Grant) -> bool:
    """Tell whether the person may resume the suspended grant: an approver who did not ask.

    Neither for it, nor for more time, and who did not open it at once.
    """
    standing, asked_by = _standing(who), _wanted_by(grant)
    scopes = standing.scopes_for(
        grant.cluster_id, grant.namespace, risk=grant.request.risk, asked_by=asked_by
    )
    covered = any(scope.covers_host(grant.host) for scope in scopes)
    return covered and standing.person_id not in standing.behind(asked_by)


def _wanted_by(grant: Grant) -> frozenset[int | None]:
    renewals = Q(renews=grant, status=RequestStatus.APPROVED)
    asked = Request.objects.filter(Q(pk=grant.request_id) | renewals).order_by()
    rows = asked.values_list("requester_id", "break_glass__opened_by_id")
    return frozenset(pk for row in rows for pk in row)


def may_set_default_deny(who: object, namespace: Namespace) -> bool:
    """Tell whether the person may switch default deny on: admins and the owning team."""
    standing = _standing(who)
    return namespace.gone_at is None and (standing.is_admin or standing.owns(namespace))


def may_view_audit(who: object, target: object = None) -> bool:
    """Tell whether the person may read the audit trail; what they see of it is filtered."""
    return _standing(who).is_active


def may_view_event(who: object, event: AuditEvent) -> bool:
    """Tell whether the person may read one event of the audit trail."""
    standing = _standing(who)
    if standing.sees_everything:
        return True
    cluster = Cluster.objects.filter(name=event.cluster).values_list("pk", flat=True).first()
    if not (standing.is_active and standing.reaches(cluster or 0, event.namespace)):
        return False
    if _is_by(standing, event) or _is_about_own_request(standing, event):
        return True
    rows = Namespace.objects.filter(cluster__name=event.cluster, name=event.namespace)
    named = list(rows.select_related("owner"))
    others = [row.gone_at for row in named if not standing.owns(row)]
    # Where a namesake belonged to others, only what happened after it was gone is theirs.
    if any(standing.owns(row) for row in named) and all(
        gone is not None and gone < event.at for gone in others
    ):
        return True
    return bool(event.namespace) and standing.approves(cluster or 0, event.namespace)


def _is_by(standing: Standing, event: AuditEvent) -> bool:
    # Workers act under names of their own, which somebody may bear, too.
    return event.actor == standing.username and event.source != "worker"


def _is_about_own_request(standing: Standing, event: AuditEvent) -> bool:
    if event.target != "request" or not event.target_id.isdecimal():
        return False
    own = Request.objects.filter(pk=int(event.target_id), requester_id=standing.person_id)
    return own.exists()


def may_administer(who: object, target: object = None) -> bool:
    """Tell whether the person may change people, clusters and the catalogue."""
    return _standing(who).is_admin


ABOUT_AN_OBJECT: dict[str, Callable[..., bool]] = {
    "egress.ask": may_ask,
    "egress.adopt": may_adopt,
    "egress.view_namespace": may_view_namespace,
    "egress.view_cluster": may_view_cluster,
    "egress.view_request": may_view_request,
    "egress.decide": may_decide,
    "egress.break_glass": may_break_glass,
    "egress.second_look": may_look,
    "egress.view_grant": may_view_grant,
    "egress.revoke_grant": may_revoke,
    "egress.confirm_grant": may_confirm,
    "egress.resume_grant": may_resume,
    "egress.set_default_deny": may_set_default_deny,
}
"""Rights on one object; without one they allow nothing."""

ABOUT_THE_PORTAL: dict[str, Callable[..., bool]] = {
    "egress.view_audit": may_view_audit,
    "egress.administer": may_administer,
}
"""Rights that need no object."""
