"""Filters of the queue that somebody gave a name."""

from django.db import models

from egress.models.person import Person


class SavedFilter(models.Model):
    """One person's name for filters of the queue. `query` is what stands in its address."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="saved_filters")
    name = models.CharField(max_length=60)
    query = models.TextField()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "name"], name="one_saved_filter_per_person_and_name"
            )
        ]

    def __str__(self) -> str:
        return self.name
