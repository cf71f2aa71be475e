"""Drafts: what somebody typed into the request form and did not send."""

from django.db import models

from egress.models.person import Person


class Draft(models.Model):
    """One draft per person and place. Theirs alone: nobody else reads it, admins included.

    `place` is the address of the form, with the deep link that filled it; `place_digest` is its
    SHA-256, because places are longer than an index takes. `content` is the form as a query
    string, without user names and passwords.
    """

    person = models.ForeignKey(Person, models.CASCADE, related_name="drafts")
    place = models.TextField()
    place_digest = models.CharField(max_length=64)
    content = models.TextField()
    saved_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["-saved_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "place_digest"], name="one_draft_per_person_and_place"
            )
        ]

    def __str__(self) -> str:
        return f"Draft of {self.person}"
