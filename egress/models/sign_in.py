"""How people came in: accounts at identity providers, sessions, and counted guesses."""

from django.contrib.auth.models import Group
from django.db import models

from egress.models.person import Person, RoleBinding


class ProviderAccount(models.Model):
    """Who somebody is at an identity provider, by its `subject`; never by an e-mail address.

    `sealed` holds the provider's tokens, encrypted. `given_teams` and `given_roles` are what the
    provider's groups gave, and what goes when they do. `read_at` is when the claims that are in
    force were asked for; `reading_until` is until when one process reads them anew. `is_strong`
    tells that the provider saw a second factor at the latest sign-in.
    """

    person = models.OneToOneField(Person, models.CASCADE, related_name="provider_account")
    provider = models.CharField(max_length=64)
    subject = models.CharField(max_length=255)
    sealed = models.BinaryField(default=bytes)
    given_teams = models.ManyToManyField(Group, related_name="given_to")
    given_roles = models.ManyToManyField(RoleBinding, related_name="given_to")
    is_strong = models.BooleanField(default=False)
    read_at = models.DateTimeField()
    reading_until = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "subject"], name="one_person_per_subject_of_a_provider"
            )
        ]

    def __str__(self) -> str:
        return f"{self.person} at {self.provider}"


class SignIn(models.Model):
    """One session of somebody: on which device, from where, and when it was used last."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="sign_ins")
    session_key = models.CharField(max_length=40, unique=True)
    address = models.CharField(max_length=64, blank=True)
    device = models.CharField(max_length=200, blank=True)
    way = models.CharField(max_length=64)
    began_at = models.DateTimeField()
    used_at = models.DateTimeField()

    class Meta:
        ordering = ["-used_at", "-id"]

    def __str__(self) -> str:
        return f"{self.person} since {self.began_at}"


class GuessCount(models.Model):
    """How often something was tried in a span of time. `digest` says what, without telling it."""

    digest = models.CharField(max_length=64, unique=True)
    count = models.PositiveIntegerField(default=1)
    ends_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.count} until {self.ends_at}"
