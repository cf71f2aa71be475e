"""Deciding several requests with one note: each gets its own answer, and nothing typed is lost."""

from collections.abc import Callable
from dataclasses import dataclass, field

from django.http import QueryDict

from egress.domain.wording import quoted
from egress.models import Request
from egress.services.actor import Actor
from egress.services.errors import ServiceError
from egress.web.forms.decision import TypedDecision
from egress.web.paging import typed_key

MOST_TOGETHER = 50
OF_ALL = ("note", "verdict")
"""Fields that all requests share: what is wrong with them is said once."""


@dataclass
class Together:
    """What was ticked and typed, and what came of it.

    `ticked` is what still waits, as `number:revision`. `decided` are the requests as they are
    now, `refused` says of others by number why they are not, and `errors` holds sentences about
    the form itself by field.
    """

    note: str = ""
    ticked: list[str] = field(default_factory=list)
    decided: list[Request] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)
    errors: dict[str, list[str]] = field(default_factory=dict)

    @property
    def is_done(self) -> bool:
        """Whether everything that was asked for was done."""
        return not (self.refused or self.errors)

    def object_to(self, name: str, sentence: str) -> None:
        """Add a sentence about a field of the form."""
        self.errors.setdefault(name, []).append(sentence)

    def named(self, number: int) -> str:
        """Return why a request was not decided, in a sentence that names it."""
        sentence = self.refused[number]
        is_named = f"request {number} " in sentence.lower()
        return sentence if is_named else f"Request {number}: {sentence}"


def decide_ticked(data: QueryDict, actor: Actor, find: Callable[[int], Request]) -> Together:
    """Decide what is ticked in a form, one after the other, at most 50.

    `find` returns a request by its number, or raises ServiceError when it is not to be decided.
    """
    chosen = list(dict.fromkeys(data.getlist("selected")))
    answer = Together(note=data.get("note", ""), ticked=list(chosen))
    if not chosen:
        answer.object_to("selected", "Select at least one request first.")
    if len(chosen) > MOST_TOGETHER:
        answer.object_to("selected", f"At most {MOST_TOGETHER} are decided together.")
    for one in chosen[:MOST_TOGETHER]:
        _decide_one(one, data, actor, find, answer)
        if any(name in answer.errors for name in OF_ALL):
            break
    return answer


def _decide_one(
    one: str, data: QueryDict, actor: Actor, find: Callable[[int], Request], answer: Together
) -> None:
    number, _, revision = one.partition(":")
    pk = typed_key(number)
    if pk is None:
        answer.ticked.remove(one)
        answer.object_to("selected", f"{quoted(number)} is no request.")
        return
    try:
        pending = find(pk)
        answer.decided.append(_typed(data, pending, revision).carry_out(pending, actor))
        answer.ticked.remove(one)
    except ServiceError as error:
        of_all = {name: error.fields[name] for name in OF_ALL if name in error.fields}
        if of_all:
            answer.errors |= of_all
        else:
            answer.refused[pk] = str(error)


def _typed(data: QueryDict, pending: Request, revision: str) -> TypedDecision:
    """Return the decision of one request: everything it asks for, with the note of all."""
    own = data.copy()
    own["revision"] = revision
    own.setlist("approve", [str(asked.position) for asked in pending.destinations.all()])
    return TypedDecision.of_form(own)
