"""What a draft would come to, shown while somebody types."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import unified_diff
from types import EllipsisType

from django.conf import settings

from egress import rules
from egress.domain.access import Access, Destination, Subject
from egress.domain.authority import Stage, Voice, approvals_in
from egress.domain.objects import ObjectKey, canonical_text, key_of
from egress.domain.policies import Finding
from egress.domain.render import CannotRender, render_what_can, to_yaml
from egress.domain.rule_book import Automatic, of_policies
from egress.domain.sentences import sentence
from egress.domain.wording import quoted
from egress.models import Cluster, Grant, RuleBook
from egress.models.standing import Standing
from egress.selectors.ground import Ground, ground_of, surroundings_on
from egress.selectors.neighbours import Neighbours
from egress.selectors.rule_book import Known
from egress.services.actor import Actor
from egress.services.requests.assessment import Assessment, assess, at_positions, blocks
from egress.services.requests.drafts import Reading, RequestDraft, read
from egress.services.requests.sights import Sight, look


@dataclass(frozen=True)
class Preview:
    """What is known of a draft.

    `destinations` are the typed ones in canonical form, None where one is not understood.
    `errors` maps input fields to sentences; `yaml` are the objects that would be written and
    `objects` their keys, `diff` is against what the portal's grants render today, `sentences` say
    what would be granted. `stages` are the steps of approval, `voices` who may approve and where
    that would count. `enforced` tells whether the namespace reaches registered hosts only.
    `cluster` and `subject` are who would get access, as far as that is understood and theirs to
    know. `automatic` is what the rule book would decide at once, `approve`, `deny` or nothing.
    """

    destinations: tuple[Destination | None, ...] = ()
    findings: tuple[Finding, ...] = ()
    errors: dict[str, list[str]] = field(default_factory=dict)
    yaml: str = ""
    diff: str = ""
    objects: tuple[ObjectKey, ...] = ()
    sentences: tuple[str, ...] = ()
    approvers: tuple[str, ...] = ()
    stages: tuple[Stage, ...] = ()
    voices: tuple[Voice, ...] = ()
    enforced: bool = False
    cluster: Cluster | None = None
    subject: Subject | None = None
    automatic: str = ""

    @property
    def approvals_needed(self) -> int:
        """How many distinct approvers must agree."""
        return approvals_in(self.stages) or 1


def preview(
    *,
    draft: RequestDraft,
    actor: Actor,
    renews: Grant | None = None,
    live: Iterable[Finding] = (),
    look_now: bool = False,
    standing: Standing | None = None,
    neighbours: Neighbours | None = None,
    reader: Standing | None = None,
    book: RuleBook | EllipsisType | None = ...,
) -> Preview:
    """Return what the draft would come to. Never raises for what was typed.

    `renews` is the grant that the draft extends. The cluster is read with `look_now` only, which
    may take seconds; `live` are findings of an earlier look. `standing` is the actor's, and
    `neighbours` are the namespaces around the one and its hosts: they are read unless given.
    `reader` is who sees it, the actor unless given: objects are shown without namespaces that
    they may not know of. `book` is the rule book in force; it is read unless given.
    """
    standing = standing or actor.standing
    reading = read(draft, standing, neighbours)
    if reading.namespace is None or reading.cluster is None:
        return Preview(destinations=reading.destinations, errors=reading.errors)
    sight = Sight(told=tuple(live) if None not in reading.destinations else ())
    if not rules.may_ask(standing, reading.namespace):
        reading.object_to(
            "namespace",
            f"Namespace {quoted(reading.namespace.name)} does not belong to one of your teams. "
            "Choose one that does.",
        )
    elif look_now:
        sight = look(reading.cluster, reading.namespace.name)
    subject = reading.subject or Subject(reading.namespace.name, draft.service_account)
    wished = [destination for destination in reading.destinations if destination]
    ground = ground_of(reading.cluster, reading.namespace.name, wished, neighbours)
    known = Known(book, reading.namespace.owner_name, standing.teams)
    return _assessed(reading, ground, subject, actor, renews, sight, reader or standing, known)


def _assessed(
    reading: Reading,
    ground: Ground,
    subject: Subject,
    actor: Actor,
    renews: Grant | None,
    sight: Sight,
    reader: Standing,
    known: Known,
) -> Preview:
    cluster = ground.cluster
    understood = {
        position: destination
        for position, destination in enumerate(reading.destinations)
        if destination is not None
    }
    assessment = assess(
        cluster=cluster,
        subject=subject,
        destinations=understood.values(),
        duration_days=reading.duration_days,
        requester=actor.person,
        renews=renews,
        sight=sight,
        ground=ground,
        reason=reading.reason,
        ticket=reading.ticket,
        known=known,
    )
    findings = at_positions(assessment.findings, list(understood))
    accesses = [Access(subject, destination) for destination in understood.values()]
    rendered = _Rendered()
    # A rule that wants another reason leaves the objects as they would be.
    if understood and not blocks(of_policies(findings)):
        rendered = _render(ground, subject.namespace, accesses, reader)
    inventory = ground.neighbours.inventory({subject.namespace})
    profile = cluster.profile(settings.INSTALLATION)
    return Preview(
        destinations=reading.destinations,
        findings=findings,
        errors=reading.errors,
        yaml=rendered.yaml,
        diff=rendered.diff,
        objects=rendered.objects,
        sentences=tuple(sentence(access, profile, inventory) for access in accesses),
        approvers=assessment.approvers,
        stages=assessment.stages,
        voices=assessment.voices,
        enforced=bool(reading.namespace and reading.namespace.is_held),
        cluster=cluster,
        subject=subject,
        automatic=_automatic(assessment),
    )


def _automatic(assessment: Assessment) -> str:
    """Return what would be decided at once; an approval only where nothing stands in its way."""
    automatic = assessment.outcome.automatic
    return "" if automatic is Automatic.APPROVE and blocks(assessment.findings) else str(automatic)


@dataclass(frozen=True)
class _Rendered:
    yaml: str = ""
    diff: str = ""
    objects: tuple[ObjectKey, ...] = ()


def _render(ground: Ground, namespace: str, wished: list[Access], reader: Standing) -> _Rendered:
    """Return the objects that granting `wished` would write, and the diff to those of today."""
    around = surroundings_on(ground, {access.destination.host for access in wished})
    rows = ground.neighbours.namespaces.values()
    known = {namespace, *(row.name for row in rows if rules.may_view_namespace(reader, row))}
    present = [one for one in around.accesses if one.subject.namespace in known]
    try:
        before = render_what_can(around.profile, around.inventory, present).objects
        after = render_what_can(around.profile, around.inventory, [*present, *wished]).objects
    except CannotRender:
        return _Rendered()
    # Unchanged objects say nothing, and a namespace may have hundreds.
    today = {canonical_text(obj): obj for obj in before}
    wanted = {canonical_text(obj): obj for obj in after}
    old = [obj for text, obj in today.items() if text not in wanted]
    new = [obj for text, obj in wanted.items() if text not in today]
    written = to_yaml(new) if new else ""
    lines = unified_diff(
        to_yaml(old).splitlines() if old else [],
        written.splitlines(),
        "today",
        "after approval",
        lineterm="",
    )
    return _Rendered(written, "\n".join(lines), tuple(map(key_of, new)))
