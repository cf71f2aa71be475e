"""Presets of destinations, typed one destination a line."""

from django import forms
from django.contrib.auth.models import Group

from egress.domain.access import Protocol
from egress.models import CatalogueEntry
from egress.services.requests import DestinationDraft
from egress.web.forms.base import PageForm

WITH_TLS_ORIGINATION = "tls-origination"


class CatalogueForm(PageForm):
    """A service people know by name, and the destinations it needs."""

    title = forms.CharField(max_length=120)
    name = forms.SlugField(
        max_length=63, help_text="Short name for addresses and the API, such as “stripe”."
    )
    owner = forms.CharField(
        required=False, max_length=150, help_text="The team that answers questions about it."
    )
    owner_team = forms.ModelChoiceField(
        queryset=Group.objects.order_by("name"),
        required=False,
        empty_label="Nobody beside the approvers",
        label="Team that may decide",
        help_text=(
            "Its members may decide requests for nothing but these destinations, in every "
            "namespace, but never their own."
        ),
    )
    notes = forms.CharField(
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=(
            "What whoever asks or approves should know. A note that begins with “Payment.” or "
            "another heading of the catalogue puts the preset there."
        ),
    )
    destinations = forms.CharField(
        max_length=8000,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text=(
            "One a line: host:port PROTOCOL, such as “api.stripe.com:443 TLS”. "
            f"Add “{WITH_TLS_ORIGINATION}” when the mesh should speak TLS for the workload. "
            "Aliases, fixed addresses and long connections are no part of a preset: "
            "they differ between namespaces, and whoever asks types them."
        ),
    )

    def clean_destinations(self) -> list[DestinationDraft]:
        """Return the destinations as typed. Refuses a line that is none, by its number."""
        lines = str(self.cleaned_data["destinations"]).splitlines()
        found = [
            _destination(number, line.split())
            for number, line in enumerate(lines, start=1)
            if line.strip()
        ]
        if not found:
            raise forms.ValidationError("Name at least one destination.")
        return found


def _destination(number: int, words: list[str]) -> DestinationDraft:
    """Return the destination that one line describes."""
    host, colon, port = words[0].rpartition(":")
    protocol = words[1].upper() if len(words) > 1 else Protocol.TLS.value
    rest = [word.lower() for word in words[2:]]
    if not colon or not (port.isascii() and port.isdigit() and len(port) <= 5):
        raise forms.ValidationError(
            f"Line {number}: “{words[0]}” has no port. Write it as host:port."
        )
    if protocol not in set(Protocol):
        raise forms.ValidationError(
            f"Line {number}: “{protocol}” is no protocol. Use {', '.join(Protocol)}."
        )
    if rest not in ([], [WITH_TLS_ORIGINATION]):
        raise forms.ValidationError(
            f"Line {number}: “{' '.join(rest)}” is not understood. "
            f"Only “{WITH_TLS_ORIGINATION}” may follow the protocol."
        )
    return DestinationDraft(host, int(port), protocol, tls_origination=bool(rest))


def as_lines(entry: CatalogueEntry) -> str:
    """Return the destinations of `entry` as people type them."""
    return "\n".join(
        f"{one['host']}:{one['port']} {one['protocol']}"
        + (f" {WITH_TLS_ORIGINATION}" if one.get("tls_origination") else "")
        for one in entry.destinations
    )
