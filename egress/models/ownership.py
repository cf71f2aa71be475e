"""What clusters answered lately when they were asked who may deploy where."""

from django.db import models

from egress.models.cluster import Namespace
from egress.models.person import Person


class OwnershipAnswer(models.Model):
    """A cluster's last answer about one person and one namespace, remembered for reading only.

    `allowed_until` is None when the answer was no. Whoever asks for access, or decides, has the
    cluster asked again: nothing is ever opened because of a row of this table.
    """

    person = models.ForeignKey(Person, models.CASCADE, related_name="+")
    namespace = models.ForeignKey(Namespace, models.CASCADE, related_name="+")
    asked_at = models.DateTimeField()
    allowed_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "namespace"], name="one_answer_per_person_and_namespace"
            )
        ]

    def __str__(self) -> str:
        return f"{self.person} in {self.namespace}: {'yes' if self.allowed_until else 'no'}"
