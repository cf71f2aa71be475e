"""API tokens: shown once, stored as a digest."""

from django.db import models

from egress.models.person import Person


class ApiToken(models.Model):
    """A bearer token of one person. `digest` is an HMAC-SHA256 of the secret.

    `scopes` is a list of `read`, `request`, `decide`, `admin`; a token never exceeds what its
    owner may do.
    """

    owner = models.ForeignKey(Person, models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=16)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.owner}: {self.name}"


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
