"""Releasing what the brake holds."""

from django import forms

from egress.web.forms.base import PageForm


class ReleaseForm(PageForm):
    """Says why held objects may go; `digest` names those that were looked at."""

    digest = forms.CharField(max_length=64, widget=forms.HiddenInput)
    reason = forms.CharField(
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Written to the audit trail.",
    )
