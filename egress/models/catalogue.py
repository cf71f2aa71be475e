"""Named presets of destinations that people pick instead of typing hosts."""

from django.contrib.auth.models import Group
from django.db import models


class CatalogueEntry(models.Model):
    """A service people know by name, and the destinations it needs.

    `destinations` is a list of {host, port, protocol, tls_origination}, hosts canonical. `owner`
    is whom to ask about it; members of `owner_team` may decide requests for these destinations.
    """

    name = models.SlugField(max_length=63, unique=True)
    title = models.CharField(max_length=120)
    notes = models.TextField(max_length=2000, blank=True)
    owner = models.CharField(max_length=150, blank=True)
    owner_team = models.ForeignKey(
        Group, models.SET_NULL, null=True, blank=True, related_name="catalogue_entries"
    )
    destinations = models.JSONField(default=list)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["title"]
        verbose_name_plural = "catalogue entries"

    def __str__(self) -> str:
        return self.title
