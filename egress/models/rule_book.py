"""Rule books: versions of the approval rules, never deleted, one of them in force."""

from django.db import models
from django.db.models import F, Q

from egress.models.person import Person


class RuleBook(models.Model):
    """One version of the approval rules.

    `digest` binds the number, the text and `catalogue`: the destinations of the catalogue entries
    that the rules name, as they were when the version was proposed. Changing an entry later
    changes nothing that is in force.
    """

    class State(models.TextChoices):
        """Where a version is on its way: a draft may change, all others stay as they are."""

        DRAFT = "draft", "Draft"
        PROPOSED = "proposed", "Proposed"
        IN_FORCE = "in-force", "In force"
        REPLACED = "replaced", "Replaced"
        REJECTED = "rejected", "Rejected"

    number = models.PositiveIntegerField(unique=True)
    text = models.TextField(max_length=100_000)
    state = models.CharField(max_length=16, choices=State, default=State.DRAFT)
    author = models.ForeignKey(Person, models.PROTECT, related_name="+")
    begun_from = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True, blank=True)
    proposed_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    proposed_at = models.DateTimeField(null=True, blank=True)
    catalogue = models.JSONField(default=dict, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    decided_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(max_length=2000, blank=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["state"], condition=Q(state="in-force"), name="one_rule_book_in_force"
            ),
            models.CheckConstraint(
                name="a_rule_book_in_force_had_a_second_admin",
                condition=~Q(state__in=["in-force", "replaced"])
                | Q(
                    ~Q(decided_by=F("author")),
                    ~Q(decided_by=F("proposed_by")),
                    decided_by__isnull=False,
                    proposed_by__isnull=False,
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"v{self.number}"

    @property
    def is_open(self) -> bool:
        """Whether somebody may still change, propose or decide it."""
        return self.state in (self.State.DRAFT, self.State.PROPOSED)
