"""What people do with their own account."""

from django import forms

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
