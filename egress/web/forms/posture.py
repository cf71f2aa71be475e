"""Vouching for what the posture could not read."""

from collections.abc import Sequence
from typing import Any

from django import forms

from egress.services.posture import LONGEST_NOTE
from egress.web.forms.base import PageForm


class AttestForm(PageForm):
    """Says for a check that could not be made that it would pass, and how one knows."""

    row_id = forms.ChoiceField(label="Check")
    note = forms.CharField(
        max_length=LONGEST_NOTE,
        label="How you know",
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Shown beside the check with your name and the date.",
    )

    def __init__(self, *args: Any, checks: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["row_id"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(check, check) for check in checks]
