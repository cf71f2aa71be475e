"""Roles: approvers, admins, auditors, and who may break the glass."""

from typing import Any

from django.contrib.auth.models import Group
from django.db import transaction

from egress.domain.hosts import HostError, canonical_destination_host
from egress.domain.wording import listed, quoted
from egress.models import SCOPED_ROLES, Cluster, Person, Risk, Role, RoleBinding
from egress.models.scope import HOST_PATTERN, SCOPE_PATTERN
from egress.services import audit, guards
from egress.services.actor import Actor
from egress.services.audit import Tag
from egress.services.errors import Conflict, Missing, Refused
from egress.services.people.last_admin import refuse_without_admin


@transaction.atomic
def bind_role(
    *,
    role: Role | str,
    actor: Actor,
    person: Person | None = None,
    team: Group | None = None,
    cluster: Cluster | None = None,
    namespaces: str = "*",
    destinations: str = "*",
    max_risk: Risk | int = Risk.BLOCK,
) -> RoleBinding:
    """Give a role to a person or a team; admins may. Approvers and break-glass have a scope.

    `namespaces` is a pattern such as `pay*`; `destinations` is `*`, a host, an address range, or
    `*.example.com` for what lies below it; `max_risk` the highest risk of a request that may be
    decided or opened at once. Raises NotAllowed, Refused by field, and Conflict when the same
    binding is there.
    """
    audit.take_turn()
    guards.require_admin(actor)
    values = _accepted_binding(role, person, team, cluster, namespaces)
    values |= _accepted_limits(role, destinations, max_risk)
    if RoleBinding.objects.filter(**values).exists():
        raise Conflict("That role is bound already.", reason="RoleBound")
    binding = RoleBinding.objects.create(**values)
    _record_role(Tag.ROLE_BOUND, actor, binding, "Gave")
    return binding


@transaction.atomic
def unbind_role(*, binding: RoleBinding, actor: Actor) -> None:
    """Take a role away; admins may.

    Raises NotAllowed, Missing, and Refused when that would leave no active admin, or when the
    groups of a provider give the role.
    """
    audit.take_turn()
    guards.require_admin(actor)
    stored = RoleBinding.objects.select_related("person", "team", "cluster").filter(pk=binding.pk)
    row = stored.first()
    if row is not None and row.given_to.exists():
        raise Refused(
            "The person's identity provider gives this role. Take them out of the group there.",
            reason="GivenByProvider",
        )
    if row is None or not RoleBinding.objects.filter(pk=row.pk).delete()[0]:
        raise Missing("That role is not bound any more. Look at the list again.")
    refuse_without_admin()
    _record_role(Tag.ROLE_UNBOUND, actor, row, "Took away")


def _accepted_binding(
    role: Role | str,
    person: Person | None,
    team: Group | None,
    cluster: Cluster | None,
    namespaces: str,
) -> dict[str, Any]:
    errors: dict[str, list[str]] = {}
    if role not in Role.values:
        errors["role"] = [f"{quoted(role)} is no role. Choose {listed(list(Role.values))}."]
    if (person is None) == (team is None):
        errors["person"] = ["A role goes to one person or to one team. Name one of them."]
    if person is not None and person.is_robot:
        errors["person"] = [f"{quoted(person)} is a robot: robots ask and read, people decide."]
    if not SCOPE_PATTERN.fullmatch(namespaces):
        errors["namespaces"] = [
            f'{quoted(namespaces)} is no pattern. Use a name such as "payments", or "pay*".'
        ]
    if role not in SCOPED_ROLES and (cluster is not None or namespaces != "*"):
        errors["namespaces"] = [
            "Only approvers and break-glass are limited to clusters and namespaces."
        ]
    if errors:
        first = next(iter(errors.values()))[0]
        raise Refused(first, reason="InputNotUnderstood", fields=errors)
    return {
        "role": Role(role),
        "person": person,
        "team": team,
        "cluster": cluster,
        "namespaces": namespaces,
    }


def _accepted_limits(role: Role | str, destinations: str, max_risk: int) -> dict[str, Any]:
    errors: dict[str, list[str]] = {}
    pattern = destinations.strip()
    try:
        head = "*." if pattern.startswith("*.") else ""
        if pattern != "*":
            pattern = head + canonical_destination_host(pattern.removeprefix(head))
    except HostError as error:
        errors["destinations"] = [
            f'{error} Write a host, "*.example.com" for all below it, or "*" for every one.'
        ]
    if not errors and not HOST_PATTERN.fullmatch(pattern):
        errors["destinations"] = [f"{quoted(destinations)} is no pattern of destinations."]
    if isinstance(max_risk, bool) or max_risk not in Risk.values:
        errors["max_risk"] = [f"{quoted(max_risk)} is no risk. Choose one of the list."]
    elif role not in SCOPED_ROLES and (pattern != "*" or max_risk != Risk.BLOCK):
        errors["destinations"] = [
            "Only approvers and break-glass are limited to destinations and risks."
        ]
    if errors:
        first = next(iter(errors.values()))[0]
        raise Refused(first, reason="InputNotUnderstood", fields=errors)
    return {"destinations": pattern, "max_risk": Risk(max_risk)}


def _record_role(tag: Tag, actor: Actor, binding: RoleBinding, verb: str) -> None:
    holder = binding.person or binding.team
    where = binding.cluster.name if binding.cluster else "*"
    audit.record(
        tag=tag,
        actor=actor,
        target="role",
        target_id=binding.pk or "",
        message=f"{verb} the role {quoted(binding.role)}: {quoted(holder)}.",
        cluster=binding.cluster.name if binding.cluster else "",
        data={
            "role": str(binding.role),
            "person": binding.person.username if binding.person else "",
            "team": binding.team.name if binding.team else "",
            "cluster": where,
            "namespaces": binding.namespaces,
            "destinations": binding.destinations,
            "max_risk": Risk(binding.max_risk).label,
        },
    )
