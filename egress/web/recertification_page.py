"""The page of grants that owners are asked about: its rows, and answering about several."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q
from django.http import QueryDict

from egress.models import Grant, Namespace, Recertification
from egress.models.standing import Standing
from egress.rules import may_ask
from egress.selectors.recertification import (
    State,
    in_state,
    owned_recertifications,
    visible_recertifications,
)
from egress.services import recertification as services
from egress.services.actor import Actor
from egress.services.errors import ServiceError
from egress.services.guards import person_of
from egress.services.sign_in import claims_read_for
from egress.web.forms.recertification import RecertificationFilter
from egress.web.paging import Page, in_order, typed_key

MOST_TOGETHER = 50
ROWS_PER_PAGE = 20
OF_PLACES = ("cluster_id", "uid", "name", "gone_at", "owner_label", "owner__name")
"""Of a namespace only what tells whose it is: its labels may be long."""

CONFIRM, DROP = "confirm", "drop"
ORDERS = {
    State.ANNOUNCED: ("due_at", "pk"),
    State.SOON: ("due_at", "pk"),
    State.CONFIRMED: ("-confirmed_at", "-pk"),
    State.ENDED: ("-closed_at", "-pk"),
}


@dataclass
class Answers:
    """What was ticked and typed, and what came of it.

    `refused` says why an answer was not taken, by the number of the grant.
    """

    answer: str = ""
    note: str = ""
    ticked: list[int] = field(default_factory=list)
    confirmed: list[int] = field(default_factory=list)
    dropped: list[int] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    @property
    def is_done(self) -> bool:
        """Whether everything that was asked for was done."""
        return not (self.refused or self.errors)


@dataclass(frozen=True)
class RecertificationRow:
    """One grant; `owner` is the team that may answer, `refusal` why an answer failed just now."""

    row: Recertification
    owner: str
    may_answer: bool
    is_ticked: bool
    refusal: str

    @property
    def grant(self) -> Grant:
        """The grant that it is about."""
        return self.row.grant


def page_of(
    filters: RecertificationFilter, standing: Standing, query: QueryDict, now: datetime
) -> Page[Recertification]:
    """Return the page that `query` asks for; an empty one when a filter is invalid."""
    if not filters.is_valid():
        return Page([])
    asked = filters.cleaned_data
    find = owned_recertifications if filters.is_own else visible_recertifications
    rows = in_state(find(standing), filters.asked_state, now)
    if asked["cluster"]:
        rows = rows.filter(grant__cluster__name=asked["cluster"])
    if name := asked["namespace"].strip().lower():
        rows = rows.filter(grant__namespace=name)
    return in_order(rows, query, ORDERS[filters.asked_state], size=ROWS_PER_PAGE)


def rows_of(
    page: Page[Recertification], standing: Standing, answers: Answers
) -> list[RecertificationRow]:
    """Return the rows of a page, with who may answer, and what came of answering."""
    places = _places_of(page.rows)
    return [
        _row(one, places.get((one.grant.cluster_id, one.grant.namespace_uid)), standing, answers)
        for one in page.rows
    ]


def _row(
    one: Recertification, place: Namespace | None, standing: Standing, answers: Answers
) -> RecertificationRow:
    may = place is not None and not standing.is_robot and may_ask(standing, place)
    return RecertificationRow(
        one,
        owner=place.owner_name if place else "",
        may_answer=may and one.is_waiting,
        is_ticked=one.grant_id in answers.ticked,
        refusal=answers.refused.get(one.grant_id, ""),
    )


def _places_of(rows: Sequence[Recertification]) -> dict[tuple[int, str], Namespace]:
    """Return the namespaces that grants are pinned to, by cluster and uid."""
    pins = {(one.grant.cluster_id, one.grant.namespace_uid) for one in rows}
    if not pins:
        return {}
    wanted = Q()
    for cluster, uid in sorted(pins):
        wanted |= Q(cluster=cluster, uid=uid)
    found = Namespace.objects.filter(wanted).select_related("owner").only(*OF_PLACES)
    return {(place.cluster_id, place.uid): place for place in found}


def answer_ticked(data: QueryDict, actor: Actor, find: Callable[[int], Grant]) -> Answers:
    """Answer about what is ticked in a form, or about the one whose own button was pressed.

    `find` returns a grant by its number, or raises ServiceError when it is not theirs to see.
    """
    answer, chosen = data.get("answer", ""), data.getlist("grants")
    if pressed := data.get("only", ""):
        answer, _, own = pressed.partition(":")
        chosen = [own]
    keys = [typed_key(text) for text in dict.fromkeys(chosen)]
    made = Answers(answer, data.get("note", ""), [key for key in keys if key is not None])
    if answer not in (CONFIRM, DROP):
        made.errors.append("Press the button that says whether they are confirmed or dropped.")
    elif not keys:
        made.errors.append("Tick at least one grant first.")
    elif len(keys) > MOST_TOGETHER or None in keys:
        made.errors.append(f"Tick at most {MOST_TOGETHER} of the grants listed.")
    else:
        _answer_each(made, actor, find)
    return made


def _answer_each(made: Answers, actor: Actor, find: Callable[[int], Grant]) -> None:
    try:
        # Once for all of them: what the provider says is read before the first answer.
        with claims_read_for(person_of(actor)):
            for key in list(made.ticked):
                _answer_one(made, key, actor, find)
    except ServiceError as error:
        made.errors.append(str(error))


def _answer_one(made: Answers, key: int, actor: Actor, find: Callable[[int], Grant]) -> None:
    try:
        grant = find(key)
        if made.answer == CONFIRM:
            services.confirm(grant=grant, actor=actor, reason=made.note)
            made.confirmed.append(key)
        else:
            services.drop(grant=grant, actor=actor, note=made.note)
            made.dropped.append(key)
        made.ticked.remove(key)
    except ServiceError as error:
        made.refused[key] = str(error)
