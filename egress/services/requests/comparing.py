"""What a draft would change in the cluster as it is now, object by object."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from egress import rules
from egress.cluster.errors import ClusterError
from egress.domain.access import Access, Subject
from egress.domain.difference import diff, differs
from egress.domain.objects import KubeObject, ObjectKey, canonical_json, key_of
from egress.domain.plan import Action
from egress.domain.render import CannotRender, render_what_can
from egress.models import Cluster, OwnedObject
from egress.selectors.ground import Surroundings
from egress.selectors.namespaces import unknown_names
from egress.selectors.surroundings import surroundings
from egress.services.actor import Actor
from egress.services.convergence.live import read_many, uid_of
from egress.services.errors import Unavailable
from egress.services.gateways import open_gateway
from egress.services.requests.drafts import RequestDraft, read

SECONDS = 5.0
"""How long reading the objects may take together."""


@dataclass(frozen=True)
class ComparedObject:
    """One object that would be written, against the live one of that name.

    `action` is create, update, unchanged, or foreign when somebody else wrote the live one. `diff`
    is empty where it may name others whom the reader may not know.
    """

    key: ObjectKey
    action: Action
    diff: str


@dataclass(frozen=True)
class Comparison:
    """What approving would change in the cluster; `problem` says why nobody could look."""

    objects: tuple[ComparedObject, ...] = ()
    problem: str = ""


def compare(*, draft: RequestDraft, actor: Actor) -> Comparison:
    """Return what granting the draft now would write, against the live objects.

    Reads the cluster, for at most SECONDS. Never raises: what cannot be read is a sentence.
    """
    standing = actor.standing
    reading = read(draft, standing)
    wished = [destination for destination in reading.destinations if destination]
    if reading.namespace is None or reading.cluster is None or not wished:
        return Comparison(problem="Choose a namespace and type a host first.")
    if not rules.may_view_namespace(standing, reading.namespace):
        return Comparison(problem="This namespace is not one that you may look at.")
    subject = reading.subject or Subject(reading.namespace.name, draft.service_account)
    hosts = {destination.host for destination in wished}
    around = surroundings(reading.cluster, subject.namespace, hosts)
    wanted = _wanted(around, [Access(subject, one) for one in wished])
    if wanted is None:
        return Comparison(problem="These destinations cannot be carried out together.")
    until = time.monotonic() + SECONDS
    try:
        gateway = open_gateway(reading.cluster, until=until).ending_by(until)
        live = read_many(gateway, wanted)
    except (ClusterError, Unavailable) as error:
        return Comparison(problem=f"The cluster could not be read: {error.message}")
    found = _compared(reading.cluster, wanted, live)
    others = {access.subject.namespace for access in around.accesses} - {subject.namespace}
    if unknown_names(standing, reading.cluster, others):
        found = [_without_others(one, subject.namespace) for one in found]
    return Comparison(tuple(found))


def _without_others(found: ComparedObject, namespace: str) -> ComparedObject:
    """Return an object without its difference where that may name other namespaces."""
    return found if found.key.namespace == namespace else replace(found, diff="")


def _wanted(around: Surroundings, wished: list[Access]) -> dict[ObjectKey, KubeObject] | None:
    """Return the objects that granting `wished` would change or add, None when that cannot be."""
    try:
        before = render_what_can(around.profile, around.inventory, around.accesses).objects
        everything = [*around.accesses, *wished]
        after = render_what_can(around.profile, around.inventory, everything).objects
    except CannotRender:
        return None
    known = {canonical_json(obj) for obj in before}
    return {key_of(obj): obj for obj in after if canonical_json(obj) not in known}


def _compared(
    cluster: Cluster,
    wanted: Mapping[ObjectKey, KubeObject],
    live: Mapping[ObjectKey, KubeObject],
) -> list[ComparedObject]:
    uids = {uid_of(obj) for obj in live.values()}
    ours = set(
        OwnedObject.objects.filter(cluster=cluster, uid__in=uids).values_list("uid", flat=True)
    )
    compared = []
    for key, obj in sorted(wanted.items()):
        found = live.get(key)
        action = Action.UPDATE
        if found is None:
            action = Action.CREATE
        elif uid_of(found) not in ours:
            action = Action.FOREIGN
        elif not differs(obj, found):
            action = Action.UNCHANGED
        text = diff(found, obj) if action in (Action.CREATE, Action.UPDATE) else ""
        compared.append(ComparedObject(key, action, text))
    return compared
