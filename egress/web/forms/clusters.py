"""Decisions about clusters and namespaces."""

from django import forms
from django.contrib.auth.models import Group

from egress.domain.access import Enforcement
from egress.models import Cluster
from egress.services.recertification.settings import LONGEST_CYCLE
from egress.web.forms.base import PageForm
from egress.web.ways import ENFORCEMENT_WORDS


class HardeningForm(PageForm):
    """Switches a decision on a namespace; `digest` names the preview that was looked at."""

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
        help_text="Written to the audit trail. Needed to switch it off.",
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
        choices=[("", "As the cluster"), *ENFORCEMENT_WORDS],
        coerce=_enforcement,
        empty_value=None,
        label="Enforcement",
        help_text="Cannot change while the namespace has grants: they were approved under it.",
    )


class Lines(forms.CharField):
    """A text with one value per line, cleaned to a list."""

    widget = forms.Textarea

    def clean(self, value: object) -> list[str]:
        """Return the values, without empty lines."""
        return [line.strip() for line in str(super().clean(value)).splitlines() if line.strip()]

    def prepare_value(self, value: object) -> object:
        """Return a stored list as lines."""
        return "\n".join(map(str, value)) if isinstance(value, list) else value


def _lines(label: str, help_text: str) -> Lines:
    widget = forms.Textarea(attrs={"rows": 2, "class": "form-control mono"})
    return Lines(required=False, label=label, help_text=help_text, widget=widget, max_length=30_000)


class MeshHostsForm(PageForm):
    """In-mesh hosts that a namespace keeps where entries are central."""

    hosts = _lines(
        "Hosts of the mesh it keeps",
        "NAMESPACE/NAME, one per line, such as shop/*. Its own and istiod's are always kept.",
    )


class ClusterSettingsForm(PageForm):
    """What admins set of a cluster; gateways are set by the API."""

    enforcement = forms.ChoiceField(
        choices=ENFORCEMENT_WORDS, help_text="For namespaces without one of their own."
    )
    central_entries = forms.BooleanField(
        required=False,
        label="Central entries",
        help_text="Under sidecar enforcement: hosts are registered once and admitted by each "
        "namespace's Sidecar.",
    )
    rules_at_clients = forms.BooleanField(
        required=False,
        label="Client rules in client namespaces",
        help_text="Where namespaces have DestinationRules of their own for the gateway.",
    )
    private_zones = _lines("Private zones", "Domains inside the company, one per line.")
    private_ranges = _lines("Private ranges", "Address ranges inside the company, one per line.")
    own_ranges = _lines("Ranges of the cluster", "Pods, Services and nodes: never opened.")
    recertify_days = forms.IntegerField(
        min_value=0,
        max_value=LONGEST_CYCLE,
        label="Days until owners confirm a grant",
        help_text="Then they say whether it is still needed; without an answer it ends. 0: never.",
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
