"""How a grant stands beside its status: the state of a badge, and a sentence."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet

from egress.domain.lifecycle import GrantStatus
from egress.models import Grant, Namespace
from egress.selectors.grants import after_drift
from egress.selectors.namespaces import held_namespaces


@dataclass(frozen=True)
class Condition:
    """One fact about a grant. `state` is the name of a badge (web/style/badges.py)."""

    state: str
    sentence: str


APPLIED = Condition("applied", "The cluster carries this grant.")
WAITING = Condition("waiting", "A worker is about to apply this grant to the cluster.")
CONFIRMED = Condition("confirmed", "The cluster was read after the end and is without this access.")
UNCONFIRMED = Condition(
    "unconfirmed",
    "Access ended here, but the cluster has not been seen without it yet. Until then it may "
    "still work.",
)


def with_enforcement(grants: QuerySet[Grant]) -> QuerySet[Grant]:
    """Add `is_enforced` to each grant: whether its namespace reaches granted hosts only."""
    denied = Namespace.objects.filter(
        held_namespaces(),
        cluster=OuterRef("cluster"),
        name=OuterRef("namespace"),
        gone_at__isnull=True,
    )
    return grants.annotate(is_enforced=Exists(denied))


def conditions(grant: Grant, *, is_enforced: bool) -> list[Condition]:
    """Return what stands beside the status of `grant`, the most urgent fact first."""
    if grant.is_open:
        return _of_open_grant(grant, is_enforced)
    if grant.status == GrantStatus.LAPSED and grant.active_at is None:
        return []
    return [CONFIRMED if grant.confirmed_at else UNCONFIRMED]


def _of_open_grant(grant: Grant, is_enforced: bool) -> list[Condition]:
    found = []
    if grant.failed_reason:
        sentence = grant.failed_message or f"It could not be applied: {grant.failed_reason}."
        found.append(Condition("failed", sentence))
    if grant.drifted_at:
        said = "Somebody changed the objects of this grant in the cluster by hand."
        found.append(Condition("drifted", f"{said} {after_drift(grant)}"))
    if grant.applied_at:
        found.append(APPLIED)
        if not is_enforced:
            found.append(_not_enforced(grant))
    elif not grant.failed_reason:
        found.append(WAITING)
    return found


def _not_enforced(grant: Grant) -> Condition:
    return Condition(
        "granted-not-enforced",
        f"Nothing denies other hosts in namespace “{grant.namespace}” yet: its workloads may reach "
        "them too.",
    )
