"""Saved filters of the queue: everybody has their own."""

from django.db.models import QuerySet

from egress.models import SavedFilter
from egress.models.standing import Standing


def saved_filters_of(standing: Standing) -> QuerySet[SavedFilter]:
    """Return the person's own saved filters, by name."""
    if not standing.is_active or standing.person_id is None:
        return SavedFilter.objects.none()
    return SavedFilter.objects.filter(person_id=standing.person_id).order_by("name")
