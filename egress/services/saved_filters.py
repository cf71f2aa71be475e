"""Giving filters of the queue a name.

They change nothing but what their owner presses, so the audit trail does not hear of them.
"""

from collections.abc import Mapping
from urllib.parse import urlencode

from django.db import transaction

from egress.models import Person, SavedFilter
from egress.selectors.saved_filters import saved_filters_of
from egress.services import guards, texts
from egress.services.actor import Actor
from egress.services.errors import Missing, Refused

MAX_FILTERS = 20
"""Saved filters of one person: more are a list to search, not a row of buttons."""
MAX_NAME = 60
MAX_VALUE = 253
KEYS = ("q", "cluster", "risk", "sort")
"""What a saved filter may hold; anything else is left out."""


@transaction.atomic
def save_filter(*, actor: Actor, name: str, filters: Mapping[str, str]) -> SavedFilter:
    """Save filters of the queue under a name, instead of those that had it before.

    Raises Refused, by field, for a name that cannot be shown, for filters that leave the queue as
    it is, and when the person has 20 already.
    """
    standing = guards.standing_of_actor(actor)
    label, query = _name(name), _query(filters)
    # One at a time, so that two windows do not save past the limit together.
    owner = Person.objects.select_for_update(no_key=True).get(pk=guards.person_of(actor).pk)
    own = saved_filters_of(standing)
    if not own.filter(name=label).exists() and own.count() >= MAX_FILTERS:
        _refuse("name", f"You have {MAX_FILTERS} saved filters. Remove one first.")
    saved, _ = SavedFilter.objects.update_or_create(
        person=owner, name=label, defaults={"query": query}
    )
    return saved


def remove_filter(*, actor: Actor, pk: int) -> SavedFilter:
    """Forget a saved filter of the actor's own and return it. Raises Missing for any other."""
    saved = saved_filters_of(guards.standing_of_actor(actor)).filter(pk=pk).first()
    if saved is None:
        raise Missing("There is no such saved filter of yours. Look at the queue.")
    SavedFilter.objects.filter(pk=saved.pk).delete()
    return saved


def _name(name: str) -> str:
    label = texts.tidy(name)
    if not label:
        _refuse("name", "Give the filters a name.")
    problem = texts.problem_of_line(label, what="The name", limit=MAX_NAME)
    if problem:
        _refuse("name", problem)
    return label


def _query(filters: Mapping[str, str]) -> str:
    kept = {key: filters.get(key, "").replace("\0", "").strip()[:MAX_VALUE] for key in KEYS}
    query = urlencode({key: value for key, value in kept.items() if value})
    if not query:
        _refuse("filters", "Filter or sort the queue first: there is nothing to save yet.")
    return query


def _refuse(field: str, sentence: str) -> None:
    raise Refused(sentence, reason="FilterNotSaved", fields={field: [sentence]})
