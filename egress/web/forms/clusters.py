"""Decisions about clusters and namespaces."""

from django import forms
from django.contrib.auth.models import Group

from egress.domain.access import Enforcement
from egress.models import Cluster
from egress.models.cluster import ENFORCEMENTS
from egress.web.forms.base import PageForm


class DefaultDenyForm(PageForm):
    """Switches default deny of a namespace; `digest` names the preview that was looked at."""

    on = forms.TypedChoiceField(
        choices=[("yes", "on"), ("no", "off")],
        coerce=lambda answer: answer == "yes",
        widget=forms.HiddenInput,
    )
    digest = forms.CharField(max_length=128, widget=forms.HiddenInput)
    reason = forms.CharField(
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Written to the audit trail. Needed to switch default deny off.",
    )


class OwnerForm(PageForm):
    """Names the team that owns a namespace."""

    team = forms.ModelChoiceField(
        queryset=Group.objects.order_by("name"),
        required=False,
        empty_label="As the namespace's label says",
    )


def _enforcement(value: str) -> Enforcement | None:
    return Enforcement(value) if value else None


class EnforcementForm(PageForm):
    """How grants of one namespace are enforced."""

    enforcement = forms.TypedChoiceField(
        required=False,
        choices=[("", "As the cluster"), *ENFORCEMENTS],
        coerce=_enforcement,
        empty_value=None,
        label="Enforcement",
    )


class DriftPolicyForm(PageForm):
    """What happens to changes made by hand to the portal's objects."""

    policy = forms.ChoiceField(
        choices=[
            (Cluster.DriftPolicy.HEAL.value, "Heal: write the granted state back"),
            (Cluster.DriftPolicy.FLAG.value, "Flag: show it, change nothing"),
        ],
        label="When drift is found",
    )
