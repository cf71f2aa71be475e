"""Roles: approvers, admins and auditors."""

from typing import Any

from django.contrib.auth.models import Group
from django.db import transaction

from egress.domain.wording import listed, quoted
from egress.models import Cluster, Person, Role, RoleBinding
from egress.models.standing import SCOPE_PATTERN
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
) -> RoleBinding:
    """Give a role to a person or a team; admins may. Only approvers are limited to a scope.

    `namespaces` is a pattern such as `pay*`. Raises NotAllowed, Refused by field, and Conflict
    when the same binding is there.
    """
    audit.take_turn()
    guards.require_admin(actor)
    values = _accepted_binding(role, person, team, cluster, namespaces)
    if RoleBinding.objects.filter(**values).exists():
        raise Conflict("That role is bound already.", reason="RoleBound")
    binding = RoleBinding.objects.create(**values)
    _record_role(Tag.ROLE_BOUND, actor, binding, "Gave")
    return binding


@transaction.atomic
def unbind_role(*, binding: RoleBinding, actor: Actor) -> None:
    """Take a role away; admins may.

    Raises NotAllowed, Missing, and Refused when that would leave no active admin.
    """
    audit.take_turn()
    guards.require_admin(actor)
    stored = RoleBinding.objects.select_related("person", "team", "cluster").filter(pk=binding.pk)
    row = stored.first()
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
    if not SCOPE_PATTERN.fullmatch(namespaces):
        errors["namespaces"] = [
            f'{quoted(namespaces)} is no pattern. Use a name such as "payments", or "pay*".'
        ]
    if role != Role.APPROVER and (cluster is not None or namespaces != "*"):
        errors["namespaces"] = ["Only approvers are limited to clusters and namespaces."]
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
        },
    )
