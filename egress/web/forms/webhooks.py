"""The form of a webhook."""

from typing import Any

from django import forms

from egress.models import Cluster, Webhook
from egress.models.webhook import GROUPS
from egress.web.forms.base import PageForm


class WebhookForm(PageForm):
    """A program that is told of events. The address is written, never shown."""

    name = forms.CharField(max_length=100, help_text="Such as “Deployment pipeline”.")
    url = forms.CharField(
        required=False,
        max_length=2000,
        label="Address",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "spellcheck": "false"}),
    )
    groups = forms.MultipleChoiceField(
        required=False,
        choices=GROUPS,
        widget=forms.CheckboxSelectMultiple,
        label="Events",
    )
    cluster = forms.ModelChoiceField(
        queryset=Cluster.objects.order_by("name").defer("posture"),
        required=False,
        empty_label="Every cluster",
    )
    namespaces = forms.CharField(
        required=False,
        max_length=253,
        initial="*",
        help_text="A pattern such as “pay*”; “*” means all, and what concerns a whole cluster.",
    )

    def __init__(self, *args: Any, webhook: Webhook | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["url"].help_text = (
            f"Leave it empty to keep {webhook.shown}"
            if webhook
            else "Such as https://ci.example.com/egress. It is stored sealed and never shown."
        )
