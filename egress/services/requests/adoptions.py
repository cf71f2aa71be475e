"""Asking for a foreign object to be taken over: its grants are decided like any others.

The approved plan has two parts: the portal's objects are created, then the foreign one is deleted,
by the uid and resourceVersion that stand in the decision.
"""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction

from egress import rules
from egress.cluster.gateway import KubeObject
from egress.domain.access import Destination, Subject
from egress.domain.adoption import Adoptable
from egress.domain.lifecycle import LIVE_GRANT_STATUSES, RequestStatus
from egress.domain.managed_fields import spec_managers
from egress.domain.objects import ObjectKey, canonical_json, to_yaml
from egress.domain.policies import Finding
from egress.domain.wording import quoted
from egress.models import Adoption, Cluster, Namespace, Request
from egress.models.standing import Standing
from egress.selectors import policy
from egress.selectors.bindings import adoption_digest_of
from egress.services import guards, texts
from egress.services.actor import Actor
from egress.services.adoption.judging import (
    LARGEST,
    STALE,
    Pin,
    find_now,
    judge_in,
    manifest_of,
    pin_of,
    without,
)
from egress.services.errors import Conflict, Missing, NotAllowed, Refused, Unavailable
from egress.services.ownership import owned_now
from egress.services.requests.assessment import assess, blocks
from egress.services.requests.drafts import Reading, read_days
from egress.services.requests.openings import hold_subject
from egress.services.requests.sights import Sight, look
from egress.services.requests.submissions import create
from egress.services.requests.terms import Terms
from egress.services.sign_in import before_asking

ADOPTABLE_KIND = "ServiceEntry"


def adopt(
    *, cluster: Cluster, pin: Pin, actor: Actor, reason: str, duration_days: int | None
) -> Request:
    """Ask for grants to stand in for a foreign object, and for its deletion.

    `pin` is the version of the object that the person saw. The namespace's team and admins may
    ask; somebody else decides. Raises Missing, NotAllowed, Unavailable when the cluster cannot be
    looked at, Conflict when the object was changed or is asked for already, and Refused, like
    `submit`, or when no grants would open exactly what the object opens.
    """
    if pin.key.kind != ADOPTABLE_KIND:
        raise Refused(
            f"{quoted(pin.key.kind)} cannot be adopted, only a {ADOPTABLE_KIND}. Let its owner ask "
            "for the destinations, and remove it.",
            reason="KindNotAdoptable",
        )
    before_asking(actor)
    owned = _owned(cluster, pin.key, actor)
    namespace = _namespace(cluster, pin.key, guards.standing_of_actor(actor, owned))
    _require_factor(guards.standing_of_actor(actor, owned), namespace)
    sight = look(cluster, namespace.name, pin)
    with transaction.atomic():
        standing = guards.standing_of_actor(actor, owned)
        held = hold_subject(
            cluster_id=cluster.pk, namespace=namespace.name, service_account="", uids=None
        )
        _require_right(standing, held.namespace)
        _require_factor(standing, held.namespace)
        _refuse_asked_for(held.namespace.cluster, pin)
        obj, rest = sight.adopting(pin)
        stands_in = _judged(held.namespace.cluster, sight, obj)
        return create(
            reading=_reading(held.namespace, stands_in, reason, duration_days),
            standing=standing,
            actor=actor,
            sight=rest,
            adopts=_adoption(held.namespace.cluster, pin, obj),
        )


@dataclass(frozen=True)
class AdoptionPreview:
    """What an adoption would come to: the version that was looked at, what goes and what comes.

    `findings` are what the policies would say to a request for it.
    """

    pin: Pin
    manifest: dict[str, Any]
    destinations: tuple[Destination, ...]
    objects: str
    findings: tuple[Finding, ...] = ()

    @property
    def is_blocked(self) -> bool:
        """Whether a policy would refuse the request."""
        return bool(blocks(self.findings))


def preview_adoption(*, cluster: Cluster, key: ObjectKey, actor: Actor) -> AdoptionPreview:
    """Return what adopting an object would create and delete, as the cluster is now.

    Stores nothing, and takes as long as a look at the cluster. Raises like `adopt`.
    """
    owned = _owned(cluster, key, actor)
    namespace = _namespace(cluster, key, guards.standing_of_actor(actor, owned))
    sight = look(cluster, namespace.name)
    if sight.snapshot is None:
        raise Unavailable(
            "The cluster did not answer in time. Try again in a moment.", reason="ClusterNotLooked"
        )
    obj = find_now(sight.snapshot, key)
    uid = str(obj["metadata"]["uid"])
    pin = Pin(key, uid, str(obj["metadata"]["resourceVersion"]))
    _refuse_asked_for(cluster, pin)
    stands_in = _judged(cluster, sight, obj)
    assessment = assess(
        cluster=cluster,
        subject=Subject(namespace.name),
        destinations=stands_in.destinations,
        duration_days=settings.DEFAULT_DURATION_DAYS,
        requester=actor.person,
        sight=Sight(without(sight.snapshot, uid)),
    )
    return AdoptionPreview(
        pin,
        manifest_of(obj),
        stands_in.destinations,
        to_yaml(stands_in.objects),
        assessment.findings,
    )


def still_adoptable(request: Request, terms: Terms, sight: Sight) -> Sight:
    """Return the sight without the object that an approval would delete.

    Raises Refused when only a part is approved or grants are no longer equal to the object, and
    Conflict when it was changed since it was asked for, or the row of the adoption was.
    """
    if len(terms.approved) != len(terms.verdicts):
        sentence = (
            "An adoption is approved or denied as a whole: the object that is deleted opens all of "
            "it. Deny it, and let the team ask for a part."
        )
        raise Refused(sentence, reason="AdoptionIsWhole", fields={"verdicts": [sentence]})
    adoption = Adoption.objects.select_related("cluster").get(request=request)
    if adoption_digest_of(adoption) != request.adopts_digest:
        raise Conflict(
            f"What request #{request.pk} would adopt was changed past the portal. Deny it, and "
            "tell an admin.",
            reason="AdoptionTampered",
        )
    obj, rest = sight.adopting(pin_of(adoption))
    stands_in = _judged(request.cluster, sight, obj)
    asked = {row.destination for row in request.destinations.all()}
    if asked != set(stands_in.destinations):
        raise Conflict(f"{adoption.key} opens something else now. Deny this.", reason=STALE)
    return rest


def _owned(cluster: Cluster, key: ObjectKey, actor: Actor) -> frozenset[int]:
    return owned_now(guards.person_of(actor), policy.present_namespace(cluster, key.namespace))


def _namespace(cluster: Cluster, key: ObjectKey, standing: Standing) -> Namespace:
    found = policy.present_namespace(cluster, key.namespace)
    if found is None or not rules.may_view_namespace(standing, found):
        raise Missing(f"There is no {key} for you. Look at the list of foreign objects.")
    _require_right(standing, found)
    return found


def _require_right(standing: Standing, namespace: Namespace) -> None:
    if not rules.may_adopt(standing, namespace):
        raise NotAllowed(
            f"Namespace {quoted(namespace.name)} does not belong to one of your teams. Ask its "
            "team or an admin to adopt it.",
            reason="NotTheOwner",
        )


def _require_factor(standing: Standing, namespace: Namespace) -> None:
    guards.require_factor_beyond_own(standing, lambda own: rules.may_adopt(own, namespace))


def _refuse_asked_for(cluster: Cluster, pin: Pin) -> None:
    asked = Adoption.objects.filter(cluster=cluster, uid=pin.uid).select_related("request")
    for adoption in asked.order_by("-pk"):
        number, status = adoption.request_id, adoption.request.status
        if status == RequestStatus.PENDING:
            raise Conflict(
                f"Request #{number} asks to adopt {pin.key} already. Wait for its decision.",
                reason="AdoptionPending",
            )
        is_open = adoption.request.grants.filter(status__in=sorted(LIVE_GRANT_STATUSES)).exists()
        if status == RequestStatus.APPROVED and adoption.is_waiting and is_open:
            raise Conflict(
                f"Request #{number} adopts {pin.key} already: it is carried out.",
                reason="AdoptionUnderWay",
            )


def _judged(cluster: Cluster, sight: Sight, obj: KubeObject) -> Adoptable:
    assert sight.snapshot is not None, "an object was found in it"
    return judge_in(cluster, sight.snapshot, obj)


def _adoption(cluster: Cluster, pin: Pin, obj: KubeObject) -> Adoption:
    manifest = manifest_of(obj)
    text = canonical_json(manifest)
    if len(text) > LARGEST or b"\\u0000" in text:
        raise Refused(
            f"{pin.key} is larger than {LARGEST} characters, or holds characters that no database "
            "keeps. Ask for the destinations in a request instead.",
            reason="ObjectNotStorable",
        )
    return Adoption(
        cluster=cluster,
        api_version=pin.key.api_version,
        kind=pin.key.kind,
        namespace=pin.key.namespace,
        name=pin.key.name,
        uid=pin.uid,
        resource_version=pin.resource_version,
        manifest=manifest,
        managers=[manager for manager in spec_managers(obj) if manager],
    )


def _reading(namespace: Namespace, stands_in: Adoptable, reason: str, days: int | None) -> Reading:
    reading = Reading(
        cluster=namespace.cluster,
        namespace=namespace,
        destinations=stands_in.destinations,
        reason=texts.tidy(reason),
    )
    reading.object_to(
        "reason", texts.problem_of_text(reading.reason, what="The reason", limit=2000)
    )
    reading.duration_days = read_days(days, reading)
    return reading
