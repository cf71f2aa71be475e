"""What people do with their own account."""

from collections.abc import Iterable
from typing import Any

from django import forms

from egress.models import Cluster
from egress.web.forms.base import PageForm

SCOPES = [
    ("read", "Read: see what you see"),
    ("request", "Request: ask for access in your name"),
    ("decide", "Decide: approve and deny in your name"),
    ("admin", "Admin: change clusters, people and the catalogue"),
]
LIFETIMES = [("7", "7 days"), ("30", "30 days"), ("90", "90 days"), ("365", "One year")]


class TokenForm(PageForm):
    """A new API token."""

    name = forms.CharField(
        max_length=100, help_text="Where it will be used, such as “deploy pipeline”."
    )
    scopes = forms.MultipleChoiceField(
        choices=SCOPES, widget=forms.CheckboxSelectMultiple, initial=["read"]
    )
    days = forms.TypedChoiceField(choices=LIFETIMES, coerce=int, initial="90", label="Valid for")
    clusters = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="Only in these clusters",
        help_text="None chosen: every cluster.",
    )
    namespaces = forms.CharField(
        required=False,
        max_length=2000,
        label="Only in these namespaces",
        help_text="Names or patterns such as “pay*”, with spaces between. Empty: every namespace.",
    )

    def __init__(self, *args: Any, clusters: Iterable[Cluster] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        limits: Any = self.fields["clusters"]
        limits.choices = [(cluster.name, cluster.name) for cluster in clusters]

    def clean_namespaces(self) -> list[str]:
        """Return the patterns."""
        return str(self.cleaned_data["namespaces"]).replace(",", " ").split()
