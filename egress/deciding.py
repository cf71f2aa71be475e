"""By what right somebody decides something: judged for stored requests and for drafts alike.

Rules answer with it for one person, selectors find everybody it is true of.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from egress.domain.access import Destination
from egress.domain.authority import Stage, Voice
from egress.domain.wording import listed, quoted
from egress.models import BreakGlass, Request, RequestDestination, Risk
from egress.models.standing import Standing


@dataclass(frozen=True)
class Wanted:
    """What is to be decided. `asked_by` are the primary keys of those who want it."""

    cluster_id: int
    namespace: str
    risk: int
    destinations: Sequence[Destination | RequestDestination]
    asked_by: frozenset[int]

    @property
    def everything(self) -> frozenset[int]:
        """All places in the list of destinations."""
        return frozenset(range(len(self.destinations)))


@dataclass(frozen=True)
class Way:
    """One right by which somebody decides: their own, or one that somebody lends them.

    `authority` is the sign-in name of whose right it is, `lender_id` their primary key when it is
    another's. `scoped` are the places of the destinations that scopes or catalogue entries give,
    `named` those of the stages that need the word of one of the person's teams.
    """

    authority: str
    lender_id: int | None
    scoped: frozenset[int]
    named: frozenset[int]
    is_owner: bool = False

    def stages(self, stages: Sequence[Stage], approved: Collection[int]) -> frozenset[int]:
        """Return the places of the stages in which a yes to these destinations would count."""
        counts = set(self.named)
        if self.scoped.issuperset(approved):
            counts |= {place for place, stage in enumerate(stages) if not stage.team}
        return frozenset(counts)


def wanted_of(request: Request) -> Wanted:
    """Return what a stored request wants; its destinations by their positions."""
    asked_by = {request.requester_id}
    if request.renews is not None:
        asked_by.add(request.renews.request.requester_id)
    return Wanted(
        request.cluster_id,
        request.namespace,
        request.risk,
        list(request.destinations.all()),
        frozenset(asked_by),
    )


def stages_of(request: Request) -> tuple[Stage, ...]:
    """Return the stages that the request was found to need when somebody last looked."""
    return tuple(Stage(row.name, row.approvals, row.team) for row in request.stages.all())


def ways_of(standing: Standing, wanted: Wanted, stages: Iterable[Stage]) -> list[Way]:
    """Return all rights by which the person may decide, their own first; none when there is none.

    Nobody decides what they want themselves, nor by a right of those who want it; robots never.
    What a robot asks for is wanted by whoever made a token of it.
    """
    close = standing.behind(wanted.asked_by)
    if not standing.is_active or standing.is_robot or standing.person_id in close:
        return []
    if not standing.reaches(wanted.cluster_id, wanted.namespace):
        return []
    named = frozenset(
        place for place, stage in enumerate(stages) if stage.team and stage.team in standing.teams
    )
    scopes = standing.scopes_for(
        wanted.cluster_id, wanted.namespace, risk=wanted.risk, asked_by=close
    )
    by_lender: dict[tuple[str, int | None], set[int]] = {("", None): set()}
    for scope in sorted(scopes, key=lambda one: one.lender):
        covered = by_lender.setdefault((scope.lender, scope.lender_id), set())
        covered |= {
            place for place, row in enumerate(wanted.destinations) if scope.covers_host(row.host)
        }
    own = frozenset(by_lender.pop(("", None)))
    is_owner = own != wanted.everything and standing.owns_presets(wanted.destinations)
    ways = [Way(standing.username, None, wanted.everything if is_owner else own, named, is_owner)]
    ways += [
        Way(lender, pk, frozenset(covered), frozenset())
        for (lender, pk), covered in by_lender.items()
    ]
    return [way for way in ways if way.scoped or way.named]


def way_for(ways: Iterable[Way], stages: Sequence[Stage], approved: Collection[int]) -> Way | None:
    """Return the first right by which a yes to the destinations at `approved` would count."""
    return next((way for way in ways if way.stages(stages, approved)), None)


def voice_of(
    standing: Standing, wanted: Wanted, stages: Sequence[Stage], approved: Collection[int]
) -> Voice | None:
    """Return what the person's yes to these destinations would count for, None for nothing."""
    way = way_for(ways_of(standing, wanted, stages), stages, approved)
    if way is None:
        return None
    return Voice(standing.username, way.authority, way.stages(stages, approved))


def way_in_words(ways: Iterable[Way], wanted: Wanted, stages: Sequence[Stage], where: str) -> str:
    """Return what goes after "You may decide": by which right, and what that leaves out.

    `where` names the namespace. Of several rights the one that gives most is told of.
    """
    best = max(ways, key=lambda way: len(way.scoped))
    said = _by_right(best, stages, where)
    left = [row.host for place, row in enumerate(wanted.destinations) if place not in best.scoped]
    if left and not best.named:
        said += f", but not for hosts such as {quoted(left[0])}: others have to approve those"
    return said


def _by_right(way: Way, stages: Sequence[Stage], where: str) -> str:
    if way.is_owner:
        return "because your team owns the catalogue entries of all these destinations"
    if way.lender_id is not None:
        return f"for {quoted(way.authority)}, who is an approver for {where}"
    if way.scoped:
        return f"because you are an approver for {where}"
    named = [stages[place] for place in sorted(way.named)]
    teams = listed([quoted(team) for team in dict.fromkeys(stage.team for stage in named)])
    steps = listed([quoted(stage.name) for stage in named])
    return f"because you are in team {teams}, whose word the stage {steps} needs"


def why_no_way(
    standing: Standing, wanted: Wanted, stages: Iterable[Stage], where: str, too_close: str
) -> str:
    """Return why somebody with an active account has no right to decide, as a sentence.

    `too_close` is the sentence for who wants it themselves, empty for everybody else.
    """
    if not standing.reaches(wanted.cluster_id, wanted.namespace):
        return f"your token is not for {where}."
    inside = [one for one in standing.scopes if one.covers(wanted.cluster_id, wanted.namespace)]
    named = any(stage.team in standing.teams for stage in stages)
    if not (inside or named or standing.owns_presets(wanted.destinations)):
        return f"you are not an approver for {where}."
    if too_close:
        return too_close
    close = standing.behind(wanted.asked_by)
    others = [scope for scope in inside if scope.lender_id not in close]
    if not others:
        return f"what {quoted(inside[0].lender)} lends you does not count for their own wishes."
    if all(scope.max_risk < wanted.risk for scope in others):
        most = Risk(max(scope.max_risk for scope in others)).label
        asks = "asks for a review" if wanted.risk == Risk.REVIEW else "has a higher risk"
        return f"this request {asks}, and you are an approver up to the risk {quoted(most)}."
    hosts = [row.host for row in wanted.destinations] or [""]
    return f"you are an approver for {where}, but not for hosts such as {quoted(hosts[0])}."


def why_not_at_once(standing: Standing, wanted: Wanted, where: str) -> str:
    """Return why the role break-glass does not let somebody open it, empty when it does.

    A sentence without its beginning, as of `why_no_way`.
    """
    if not standing.reaches(wanted.cluster_id, wanted.namespace):
        return f"your token is not for {where}."
    scopes = standing.break_glass if standing.is_active and not standing.is_robot else ()
    inside = [one for one in scopes if one.covers(wanted.cluster_id, wanted.namespace)]
    if not inside:
        return f"you do not have the role break-glass for {where}."
    enough = [scope for scope in inside if wanted.risk <= scope.max_risk]
    if not enough:
        most = Risk(max(scope.max_risk for scope in inside)).label
        return f"its risk is higher than {quoted(most)}, up to which you have the role break-glass."
    for row in wanted.destinations:
        if not any(scope.covers_host(row.host) for scope in enough):
            return f"your role break-glass is not for hosts such as {quoted(row.host)}."
    return ""


def may_look_at(standing: Standing, opening: BreakGlass) -> bool:
    """Tell whether the person may give the second look at an opening, awaited or not.

    Who could approve all of it by scopes of their own, or of one person who lends them theirs, and
    is neither who opened it nor who asked for it; what those two lend counts for nothing.
    """
    wanted = wanted_of(opening.request)
    wanted = replace(wanted, asked_by=wanted.asked_by | {opening.opened_by_id})
    return any(
        way.scoped == wanted.everything and not way.is_owner
        for way in ways_of(standing, wanted, ())
    )
