"""Lending one's scopes, as people type it."""

from django import forms

from egress.web.forms.base import PageForm
from egress.web.forms.moments import MomentField


class DelegationForm(PageForm):
    """Who decides in one's place, for how long, and why."""

    delegate = forms.CharField(max_length=150, label="To whom", help_text="Their sign-in name.")
    starts_at = MomentField(required=False, label="From", help_text="In UTC. Empty: from now on.")
    ends_at = MomentField(ends=True, label="Until", help_text="In UTC, at most 60 days later.")
    reason = forms.CharField(max_length=500, help_text="Such as “Holidays”.")


class AnyDelegationForm(DelegationForm):
    """A delegation that an admin arranges for somebody else."""

    field_order = ["lender", "delegate", "starts_at", "ends_at", "reason"]
    lender = forms.CharField(
        max_length=150, label="Whose scopes", help_text="The sign-in name of an approver."
    )
