"""People, and what they may do where."""

from django.contrib.auth import get_backends
from django.contrib.auth.models import AbstractUser, Group
from django.db import models
from django.db.models import Model, Q
from rules.permissions import perm_exists


class Person(AbstractUser):
    """Somebody who signs in. Their teams are Django's groups."""

    class Meta(AbstractUser.Meta):
        verbose_name_plural = "people"

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


class Role(models.TextChoices):
    """What a role binding lets somebody do. Developers need none: their teams own namespaces."""

    APPROVER = "approver", "Approver"
    ADMIN = "admin", "Admin"
    AUDITOR = "auditor", "Auditor"


class RoleBinding(models.Model):
    """A role for one person or one team, for approvers limited to clusters and namespaces.

    An empty `cluster` means every cluster; `namespaces` is a shell pattern such as `pay*`.
    """

    person = models.ForeignKey(Person, models.CASCADE, null=True, blank=True, related_name="roles")
    team = models.ForeignKey(Group, models.CASCADE, null=True, blank=True, related_name="roles")
    role = models.CharField(max_length=16, choices=Role)
    cluster = models.ForeignKey("egress.Cluster", models.CASCADE, null=True, blank=True)
    namespaces = models.CharField(max_length=253, default="*")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="role_binding_names_a_person_or_a_team",
                condition=Q(person__isnull=False, team__isnull=True)
                | Q(person__isnull=True, team__isnull=False),
            ),
            models.CheckConstraint(
                name="only_approvers_are_scoped",
                condition=Q(role="approver") | Q(cluster__isnull=True, namespaces="*"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person or self.team}: {self.role}"
