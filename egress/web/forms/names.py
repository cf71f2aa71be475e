"""Filters of lists that are ordered by name: people, teams, the namespaces of a cluster."""

from django import forms
from django.contrib.auth.models import Group
from django.db.models import Q, QuerySet

from egress.models import Namespace, Person
from egress.selectors.namespaces import without_owner
from egress.web.forms.base import FilterForm

NOBODY = "none"


def _name(label: str, longest: int) -> forms.CharField:
    search = forms.TextInput(attrs={"type": "search", "autocomplete": "off"})
    return forms.CharField(required=False, max_length=longest, label=label, widget=search)


class PersonFilter(FilterForm):
    """Narrows people by how their sign-in name, name or mail address begins."""

    q = _name("Name or e-mail begins with", 254)

    def narrow(self, people: QuerySet[Person]) -> QuerySet[Person]:
        """Return the people that pass; none when the filter is invalid."""
        if not self.is_valid():
            return people.none()
        begin = self.cleaned_data["q"]
        columns = ("username", "first_name", "last_name", "email")
        either = Q()
        for column in columns:
            either |= Q(**{f"{column}__istartswith": begin})
        return people.filter(either) if begin else people


class TeamFilter(FilterForm):
    """Narrows teams by how their name begins."""

    q = _name("Name begins with", 150)

    def narrow(self, teams: QuerySet[Group]) -> QuerySet[Group]:
        """Return the teams that pass; none when the filter is invalid."""
        if not self.is_valid():
            return teams.none()
        begin = self.cleaned_data["q"]
        return teams.filter(name__istartswith=begin) if begin else teams


class NamespaceFilter(FilterForm):
    """Narrows the namespaces of a cluster by how their name begins, and by their owner."""

    q = _name("Name begins with", 63)
    owner = forms.ChoiceField(required=False, choices=[("", "Anybody"), (NOBODY, "Nobody")])

    def narrow(self, namespaces: QuerySet[Namespace]) -> QuerySet[Namespace]:
        """Return the namespaces that pass; none when a filter is invalid."""
        if not self.is_valid():
            return namespaces.none()
        if self.cleaned_data["owner"] == NOBODY:
            namespaces = namespaces.filter(without_owner())
        begin = self.cleaned_data["q"].lower()
        return namespaces.filter(name__startswith=begin) if begin else namespaces
