"""How people want to be told, and where the company wants to be told."""

from typing import Any

from django import forms

from egress.domain.notices import ALWAYS_TOLD, KIND_WORDS, Kind, Way
from egress.models import Channel, Cluster
from egress.models.notification import CHANNEL_KINDS, WAYS
from egress.models.standing import Standing
from egress.selectors.notifications import Choices
from egress.web.forms.base import PageForm

HOURS = [(str(hour), f"{hour:02}:00 UTC") for hour in range(24)]


class ChoicesForm(PageForm):
    """By which way somebody hears of each kind, and when the daily mail comes."""

    def __init__(self, *args: Any, standing: Standing, choices: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind in kinds_for(standing):
            self.fields[kind.value] = forms.ChoiceField(
                choices=WAYS,
                label=KIND_WORDS[kind],
                initial=choices.ways[kind].value,
                widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
            )
        self.fields["digest_hour"] = forms.TypedChoiceField(
            choices=HOURS,
            coerce=int,
            initial=str(choices.digest_hour),
            label="The daily mail comes at",
            help_text=f"Only when something waits for it: what you set to “{_DAILY}”.",
            widget=forms.Select(attrs={"class": "form-select"}),
        )


_DAILY = dict(WAYS)[Way.DIGEST.value]


def kinds_for(standing: Standing) -> list[Kind]:
    """Return the kinds of which somebody of this standing may choose how they hear."""
    left_out = set(ALWAYS_TOLD)
    if not standing.may_be_asked:
        left_out |= {Kind.TO_DECIDE, Kind.REMINDER}
    if not standing.is_admin:
        left_out |= {Kind.DRIFT, Kind.ESCALATION}
    return [kind for kind in KIND_WORDS if kind not in left_out]


class ChannelForm(PageForm):
    """A place outside the portal where messages go. The address is written, never shown."""

    name = forms.CharField(max_length=100, help_text="Such as “Operators on Slack”.")
    url = forms.CharField(
        required=False,
        max_length=2000,
        label="Address",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "spellcheck": "false"}),
    )
    kinds = forms.MultipleChoiceField(
        required=False,
        choices=CHANNEL_KINDS,
        widget=forms.CheckboxSelectMultiple,
        label="Tell of",
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

    def __init__(self, *args: Any, channel: Channel | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["url"].help_text = (
            f"Leave it empty to keep {channel.shown}"
            if channel
            else "The webhook of a chat, such as https://hooks.slack.com/services/…, "
            "or jsons://host/path for a server of your own. It is stored sealed and never shown."
        )
