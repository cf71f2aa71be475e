"""Search beyond grants: people, teams, presets and objects of others, all in one query."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import Group
from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, Concat

from egress.models import CatalogueEntry, ForeignObject, Person
from egress.models.standing import Standing
from egress.selectors.namespaces import visible_namespaces

PERSON, TEAM, PRESET, FOREIGN = "person", "team", "preset", "foreign"


@dataclass(frozen=True, order=True)
class Hit:
    """One thing that was found: what it is, its name, a word about it, and its primary key.

    The word is the full name of a person, and the cluster of an object of others.
    """

    kind: str
    name: str
    note: str
    pk: int


def search_others(standing: Standing, word: str, most: int) -> list[Hit]:
    """Return what contains `word`, at most `most` of each kind, as far as somebody may know."""
    parts = [_presets(word, most), _foreign(standing, word, most)]
    if standing.is_admin:
        # Only admins have the pages of people and teams.
        parts += [_people(word, most), _teams(word, most)]
    rows = parts[0].union(*parts[1:])
    return sorted(Hit(kind, name, note.strip(), pk) for kind, name, note, pk in rows)


def _people(word: str, most: int) -> QuerySet[Any, Any]:
    named = Q(username__icontains=word) | Q(first_name__icontains=word)
    named |= Q(last_name__icontains=word) | Q(email__icontains=word)
    full_name = Concat("first_name", Value(" "), "last_name")
    return _first(Person.objects.filter(named), most, PERSON, F("username"), full_name)


def _teams(word: str, most: int) -> QuerySet[Any, Any]:
    return _first(Group.objects.filter(name__icontains=word), most, TEAM, F("name"), Value(""))


def _presets(word: str, most: int) -> QuerySet[Any, Any]:
    rows = CatalogueEntry.objects.filter(is_active=True)
    rows = rows.annotate(_hosts=Cast("destinations", TextField()))
    named = Q(title__icontains=word) | Q(name__icontains=word) | Q(_hosts__icontains=word)
    return _first(rows.filter(named), most, PRESET, F("title"), Value(""))


def _foreign(standing: Standing, word: str, most: int) -> QuerySet[Any, Any]:
    rows = ForeignObject.objects.filter(search__contains=word.lower())
    if not standing.sees_everything:
        seen = visible_namespaces(standing).order_by().select_related(None)
        here = seen.filter(cluster=OuterRef("cluster"), name=OuterRef("namespace"))
        rows = rows.filter(Exists(here))
    return _first(rows, most, FOREIGN, F("name"), F("cluster__name"))


def _first(rows: QuerySet[Any], most: int, kind: str, name: Any, note: Any) -> QuerySet[Any, Any]:
    """Return the first rows by key, each as its kind, name, note and key."""
    some = rows.model._default_manager.filter(pk__in=rows.order_by("pk").values("pk")[:most])
    columns = {
        "_kind": Value(kind, CharField()),
        "_name": Cast(name, CharField()),
        "_note": Cast(note, CharField()),
        "_key": F("pk"),
    }
    named: QuerySet[Any, Any] = some.order_by().annotate(**columns).values_list(*columns)
    return named
