"""What all forms of the record and administration pages share."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

from django import forms
from django.forms.utils import pretty_name
from django.urls import reverse

from egress.services.errors import Conflict, Refused, ServiceError, Unavailable
from egress.web.errors import status_of

Result = TypeVar("Result")

CSS_CLASSES: dict[type[forms.Widget], str] = {
    forms.CheckboxInput: "form-check-input",
    forms.CheckboxSelectMultiple: "form-check-input",
    forms.RadioSelect: "form-check-input",
    forms.Select: "form-select",
}


class PageForm(forms.Form):
    """A form whose widgets carry the classes of the style sheet."""

    http_status = 422
    """The HTTP status of a page that shows this form again."""
    suggested: ClassVar[Mapping[str, str]] = {}
    """Fields with suggestions while one types, and what is suggested: see views/suggestions.py."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, of in self.suggested.items():
            self.fields[name].widget.attrs.update(_suggesting(of, self[name].auto_id))
        for name, field in self.fields.items():
            field.widget.attrs.setdefault("class", _css_class(field.widget))
            field.error_messages["required"] = _missing(field, name)

    @property
    def status_now(self) -> int:
        """Return the HTTP status of the page that shows the form: 200 while it was not sent."""
        return self.http_status if self.is_bound else 200

    def carry_out(self, deed: Callable[..., Result]) -> Result | None:
        """Call `deed` with the cleaned fields. Returns None when they, or the service, say no.

        What the service refuses is shown on the form, and `http_status` is set to match it.
        That somebody may not do it, or that there is no such thing, is not about the form:
        NotAllowed and Missing pass through.
        """
        if not self.is_valid():
            return None
        try:
            return deed(**self.cleaned_data)
        except (Refused, Conflict, Unavailable) as error:
            self.take_over(error)
            self.http_status = status_of(error)
            return None

    def take_over(self, error: ServiceError) -> None:
        """Show what a service said: beside the fields it names, or above the form."""
        for path, sentences in error.fields.items():
            name = path.partition(".")[0]
            self.add_error(name if name in self.fields else None, list(sentences))
        if not error.fields:
            self.add_error(None, error.message)


class FilterForm(PageForm):
    """Filters that live in the URL. An invalid one finds nothing instead of everything."""

    @property
    def is_in_use(self) -> bool:
        """Whether any filter narrows the list."""
        return any(self.data.get(name) for name in self.fields)


def _suggesting(of: str, field_id: str) -> dict[str, str]:
    """Return the attributes of a field below which options appear (templates/records/_field.html).

    Everything in the form goes along: which accounts there are depends on the namespace.
    """
    return {
        "list": f"{field_id}_options",
        "autocomplete": "off",
        "autocapitalize": "none",
        "spellcheck": "false",
        "hx-get": f"{reverse('suggestions')}?of={of}",
        "hx-trigger": "focus, input delay:150ms",
        "hx-target": f"#{field_id}_options",
        "hx-swap": "innerHTML",
        "hx-include": "closest form",
        "hx-sync": "this:replace",
    }


def _css_class(widget: forms.Widget) -> str:
    """Return the class for `widget`: that of its nearest base, or that of a text field."""
    for kind in type(widget).__mro__:
        if kind in CSS_CLASSES:
            return CSS_CLASSES[kind]
    return "form-control"


def _missing(field: forms.Field, name: str) -> str:
    """Return what to say of a field that was left out, with the label people see."""
    label = field.label or pretty_name(name)
    if isinstance(field.widget, forms.widgets.ChoiceWidget):
        return f'Nothing is chosen for "{label}". Choose one.'
    return f'"{label}" is empty. Fill it in.'


def choices_of(names: list[str], everything: str) -> list[tuple[str, str]]:
    """Return the choices of a filter: `everything` first, then the names themselves."""
    return [("", everything), *((name, name) for name in names)]
