"""Which approvals count for which stage of a request, by the rights of this moment."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from egress import rules
from egress.deciding import Way, stages_of, wanted_of, way_for, ways_of
from egress.domain.authority import Stage, Voice, approvals_in, filled_by, missing_in
from egress.domain.wording import listed, quoted
from egress.models import Approval, Person, Request, RequestStage
from egress.models.standing import Standing, standings_of
from egress.selectors.people import voices_for
from egress.services.errors import NotAllowed
from egress.services.requests.terms import Terms


@dataclass(frozen=True)
class Heard:
    """Who said the same and counts, stage by stage, and what is missing."""

    stages: tuple[Stage, ...]
    filled: tuple[tuple[Voice, ...], ...]

    @property
    def missing(self) -> tuple[Stage, ...]:
        """What is missing: each stage that is not full, with how many people."""
        return missing_in(self.stages, self.filled)

    @property
    def voices(self) -> list[Voice]:
        """Everybody who counts."""
        return [voice for heard in self.filled for voice in heard]

    def missing_in_words(self) -> str:
        """Return what is missing, as the end of a sentence."""
        if len(self.stages) == 1:
            return f"{approvals_in(self.missing)} more must agree to the same terms"
        steps = [f"{stage.approvals} in {quoted(stage.name)}" for stage in self.missing]
        return f"more must agree to the same terms: {listed(steps)}"

    def facts(self) -> dict[str, object]:
        """Return who counted where, as the audit trail keeps it."""
        return {
            "stages": {
                stage.name: [voice.person for voice in heard]
                for stage, heard in zip(self.stages, self.filled, strict=True)
            },
            "for": {v.person: v.authority for v in self.voices if v.authority != v.person},
        }


def approved_places(request: Request, terms: Terms) -> frozenset[int]:
    """Return the places of the destinations that the terms approve."""
    rows = enumerate(request.destinations.all())
    return frozenset(place for place, row in rows if row.position in terms.approved)


def require_way(standing: Standing, request: Request, terms: Terms, stages: Sequence[Stage]) -> Way:
    """Return the right by which the person approves on these terms.

    Raises NotAllowed for who has none, or none for all destinations that they approve.
    """
    wanted, approved = wanted_of(request), approved_places(request, terms)
    ways = ways_of(standing, wanted, stages)
    way = way_for(ways, stages, approved)
    if way is not None:
        return way
    if not ways:
        raise NotAllowed(rules.why_may_decide(standing, request, stages)[1], reason="NotAnApprover")
    covered = max((way.scoped for way in ways), key=len)
    hosts = [wanted.destinations[place].host for place in sorted(approved - covered)]
    others = [voice.person for voice in voices_for(wanted, stages)]
    who = listed(others[:4]) if others else "nobody at present; ask an admin"
    if not hosts:
        raise NotAllowed(
            f"None of the stages of this request takes your approval. Who may approve it: {who}.",
            reason="NoStageOfYours",
        )
    raise NotAllowed(
        f"You are not an approver for hosts such as {quoted(hosts[0])}. Who may approve all of "
        f"this request: {who}.",
        reason="NotApproverOfHost",
    )


def lender_in(standing: Standing, request: Request) -> str:
    """Return in whose place the person decides, empty when they do so by a right of their own."""
    stages = stages_of(request) if standing.teams else ()
    ways = ways_of(standing, wanted_of(request), stages)
    return ways[0].authority if ways and ways[0].lender_id is not None else ""


def keep_stages(request: Request, stages: Sequence[Stage]) -> None:
    """Note which stages the request needs, where that changed."""
    known = [(row.name, row.approvals, row.team) for row in request.stages.all()]
    if known == [(stage.name, stage.approvals, stage.team) for stage in stages]:
        return
    request.stages.all().delete()
    RequestStage.objects.bulk_create(
        RequestStage(
            request=request,
            position=position,
            name=stage.name,
            approvals=stage.approvals,
            team=stage.team,
        )
        for position, stage in enumerate(stages)
    )


def heard_before(request: Request, terms: Terms) -> QuerySet[Approval]:
    """Return the approvals on exactly these terms that nobody took back, in order."""
    given = request.approvals.filter(
        revision=terms.revision, digest=terms.digest, cleared_at__isnull=True
    )
    return given.order_by("given_at", "pk")


def hear(request: Request, terms: Terms, stages: tuple[Stage, ...]) -> Heard:
    """Return whose word on exactly these terms counts, and note with each for which stage.

    Rights are read now: who may not decide any more is not heard, nor whoever used a right that
    its owner has used already.
    """
    rows = list(heard_before(request, terms))
    people = Person.objects.filter(pk__in=[row.approver_id for row in rows])
    standings = standings_of(people)
    wanted, approved = wanted_of(request), approved_places(request, terms)
    rights: dict[str, tuple[Approval, Way]] = {}
    voices = []
    for row in rows:
        standing = standings[row.approver_id]
        way = way_for(ways_of(standing, wanted, stages), stages, approved)
        if way is None:
            continue
        rights[standing.username] = (row, way)
        counts = way.stages(stages, approved)
        voices.append(Voice(standing.username, way.authority, counts))
    heard = Heard(stages, filled_by(stages, voices))
    _note(heard, rights)
    return heard


def _note(heard: Heard, rights: dict[str, tuple[Approval, Way]]) -> None:
    places = {
        voice.person: stage.name
        for stage, voices in zip(heard.stages, heard.filled, strict=True)
        for voice in voices
    }
    for person, (row, way) in rights.items():
        now = (places.get(person, ""), way.lender_id)
        if now != (row.stage, row.lender_id):
            row.stage, row.lender_id = now
            row.save(update_fields=["stage", "lender"])
