"""Breaking the glass, and the second look, as people type it."""

from django import forms
from django.db.models import QuerySet

from egress.models import BreakGlass
from egress.services.break_glass import Look
from egress.web.forms.base import FilterForm, PageForm

OUTCOMES = [("", "All"), *BreakGlass.Outcome.choices]


class OpenForm(PageForm):
    """Why access cannot wait, and for how many hours it is opened."""

    revision = forms.IntegerField(widget=forms.HiddenInput)
    reason = forms.CharField(
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What is broken, and why it cannot wait for an approval. Everybody reads this.",
    )
    hours = forms.IntegerField(min_value=1, label="Hours")

    def __init__(self, *args: object, most: int, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        hours = self.fields["hours"]
        hours.initial = most
        hours.help_text = f"From now on, whether or not it works by then. At most {most}."
        hours.widget.attrs |= {"min": 1, "max": most, "inputmode": "numeric"}


class LookForm(PageForm):
    """What somebody says who looks at an opening."""

    says = forms.ChoiceField(choices=[(str(one), str(one)) for one in Look])
    note = forms.CharField(required=False, max_length=2000)


class OpeningFilter(FilterForm):
    """Narrows openings by what came of them."""

    outcome = forms.ChoiceField(required=False, choices=OUTCOMES, label="Second look")

    def narrow(self, openings: QuerySet[BreakGlass]) -> QuerySet[BreakGlass]:
        """Return the openings that pass; none when the filter is invalid."""
        if not self.is_valid():
            return openings.none()
        outcome = self.cleaned_data["outcome"]
        return openings.filter(outcome=outcome) if outcome else openings
