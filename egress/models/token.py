"""API tokens: shown once, stored as a digest."""

from django.db import models

from egress.models.limits import TokenLimits
from egress.models.person import Person


class ApiToken(models.Model):
    """A bearer token of one person. `digest` is an HMAC-SHA256 of the secret.

    `scopes` is a list of `read`, `request`, `decide`, `admin`; a token never exceeds what its
    owner may do. `clusters` (primary keys) and `namespaces` (patterns) limit where it works, empty
    ones do not. `made_by` is who made the token of a robot.
    """

    owner = models.ForeignKey(Person, models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=16)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    clusters = models.JSONField(default=list, db_default=[], blank=True)
    namespaces = models.JSONField(default=list, db_default=[], blank=True)
    made_by = models.ForeignKey(Person, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.owner}: {self.name}"

    @property
    def limits(self) -> TokenLimits | None:
        """Return where the token works, None for everywhere."""
        if not (self.clusters or self.namespaces):
            return None
        return TokenLimits(frozenset(self.clusters), tuple(self.namespaces))


class IdempotencyKey(models.Model):
    """The stored answer to a POST, so that a retry never does the same thing twice."""

    owner = models.ForeignKey(Person, models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    body = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "key"], name="one_answer_per_key_and_owner")
        ]

    def __str__(self) -> str:
        return self.key
