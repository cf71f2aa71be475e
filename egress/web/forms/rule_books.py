"""Forms of rule books."""

from django import forms

from egress.domain.rule_book import MAX_CHARACTERS
from egress.web.forms.base import PageForm


class RuleTextForm(PageForm):
    """The text of a draft. Only the service says what is wrong with it."""

    text = forms.CharField(
        label="Rules",
        max_length=MAX_CHARACTERS,
        strip=False,
        widget=forms.Textarea(
            attrs={"rows": 18, "spellcheck": "false", "class": "form-control font-monospace"}
        ),
        help_text="YAML as docs/rule-book.md describes it. A text with faults is kept as a draft.",
    )


class PutInForceForm(PageForm):
    """An admin's word on the version they read."""

    digest = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)
    note = forms.CharField(required=False, max_length=2000, label="Note")


class RejectForm(PageForm):
    """Why a version is rejected."""

    note = forms.CharField(max_length=2000, label="Why it is rejected")
