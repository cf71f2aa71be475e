"""People, and what they may do where."""

from django.contrib.auth import get_backends
from django.contrib.auth.models import AbstractUser, Group
from django.db import models
from django.db.models import Model, Q
from rules.permissions import perm_exists

from egress.models.risk import Risk


class Person(AbstractUser):
    """Somebody who signs in. Their teams are Django's groups.

    A robot is the account of a pipeline: it belongs to teams, calls by token and never signs in.
    """

    is_robot = models.BooleanField(default=False, db_default=False)

    class Meta(AbstractUser.Meta):
        verbose_name_plural = "people"
        constraints = [
            models.CheckConstraint(
                name="robots_have_no_password_and_no_power",
                condition=Q(is_robot=False)
                | Q(password__startswith="!", is_superuser=False, is_staff=False),  # noqa: S106 (marks an unusable one)
            ),
        ]

    def __str__(self) -> str:
        return self.username

    def has_perm(self, perm: str, obj: Model | None = None) -> bool:
        """Tell whether the person has a right, superusers like everybody else.

        Django gives superusers everything. The portal's own rights ask its rules: a superuser
        decides no request of their own, and none at all without being an approver.
        """
        if not perm_exists(perm):  # type: ignore[no-untyped-call]
            return super().has_perm(perm, obj)
        return self.is_active and any(
            backend.has_perm(self, perm, obj) for backend in get_backends()
        )


OPEN = Q(is_active=True, provider_account__closed_at__isnull=True)
"""Filters people whom neither an admin nor their identity provider keeps out."""


def staffed_teams(robot: Person) -> frozenset[str]:
    """Return the names of the robot's teams that somebody with an open account is in."""
    people = Person.objects.filter(OPEN, is_robot=False)
    theirs = Group.objects.filter(pk__in=robot.groups.values("pk"))
    teams = theirs.filter(user__in=people)
    return frozenset(teams.values_list("name", flat=True))


class Role(models.TextChoices):
    """What a role binding lets somebody do. Developers need none: their teams own namespaces."""

    APPROVER = "approver", "Approver"
    ADMIN = "admin", "Admin"
    AUDITOR = "auditor", "Auditor"
    BREAK_GLASS = "break-glass", "Break-glass"


SCOPED_ROLES = (Role.APPROVER, Role.BREAK_GLASS)
"""Roles that are limited to clusters, namespaces, destinations and risks."""


class RoleBinding(models.Model):
    """A role for one person or one team, for approvers and break-glass limited to a scope.

    An empty `cluster` means every cluster; `namespaces` is a shell pattern such as `pay*`;
    `destinations` is `*`, one host, or `*.example.com` for what lies below it; `max_risk` is the
    highest risk of a request that may be decided, or opened by break-glass.
    """

    person = models.ForeignKey(Person, models.CASCADE, null=True, blank=True, related_name="roles")
    team = models.ForeignKey(Group, models.CASCADE, null=True, blank=True, related_name="roles")
    role = models.CharField(max_length=16, choices=Role)
    cluster = models.ForeignKey("egress.Cluster", models.CASCADE, null=True, blank=True)
    namespaces = models.CharField(max_length=253, default="*")
    destinations = models.CharField(max_length=255, default="*", db_default="*")
    max_risk = models.PositiveSmallIntegerField(
        choices=Risk, default=Risk.BLOCK, db_default=Risk.BLOCK
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="role_binding_names_a_person_or_a_team",
                condition=Q(person__isnull=False, team__isnull=True)
                | Q(person__isnull=True, team__isnull=False),
            ),
            models.CheckConstraint(
                name="only_scoped_roles_name_a_place",
                condition=Q(role__in=["approver", "break-glass"])
                | Q(cluster__isnull=True, namespaces="*"),
            ),
            models.CheckConstraint(
                name="only_scoped_roles_are_limited_in_what_they_open",
                condition=Q(role__in=["approver", "break-glass"])
                | Q(destinations="*", max_risk=Risk.BLOCK),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person or self.team}: {self.role}"
