"""Filters of the recertification page, and what people say of one grant."""

from django import forms

from egress.selectors.recertification import State
from egress.web.forms.base import FilterForm, PageForm, choices_of

STATES = [
    ("", "Waits for an answer"),
    (State.SOON.value, "Ends within three days"),
    (State.CONFIRMED.value, "Confirmed in the last 30 days"),
    (State.ENDED.value, "Dropped, or ended without an answer"),
]
MINE = "mine"


class RecertificationFilter(FilterForm):
    """Narrows what owners are asked about; `whose` is for those who see everything."""

    suggested = {"namespace": "namespaces"}
    cluster = forms.ChoiceField(required=False)
    namespace = forms.CharField(required=False, max_length=63)
    state = forms.ChoiceField(required=False, choices=STATES)
    whose = forms.ChoiceField(
        required=False,
        choices=[("", "Everybody's"), (MINE, "Mine")],
        label="Whose answer",
    )

    def __init__(
        self, *args: object, clusters: list[str], sees_everything: bool, **kwargs: object
    ) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["cluster"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices_of(clusters, "Every cluster")
        if not sees_everything:
            del self.fields["whose"]

    @property
    def asked_state(self) -> State:
        """The state that is asked for."""
        return State(self.cleaned_data["state"] or State.ANNOUNCED)

    @property
    def is_own(self) -> bool:
        """Whether only what is the person's own is asked for."""
        return str(self.cleaned_data.get("whose", MINE)) == MINE


class ConfirmForm(PageForm):
    """Says that a grant is still needed."""

    reason = forms.CharField(
        required=False,
        max_length=500,
        label="Why it is still needed (optional)",
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class DropForm(PageForm):
    """Says that a grant is not needed any more."""

    note = forms.CharField(
        required=False,
        max_length=450,
        label="Note (optional)",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
