"""What both decisions on a namespace share: a preview, who may decide, and the record of it."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from egress.cluster.errors import ClusterError
from egress.cluster.gateway import ClusterGateway, KubeObject
from egress.domain.objects import canonical_json
from egress.domain.wording import quoted
from egress.models import Namespace, OwnedObject, Priority
from egress.models.standing import Standing
from egress.rules import may_set_default_deny
from egress.services import audit, guards, outbox
from egress.services.actor import Actor
from egress.services.audit import Tag
from egress.services.errors import Conflict, NotAllowed, Refused, Unavailable
from egress.services.factors import lacks_factor
from egress.services.gateways import open_gateway
from egress.services.ownership import owned_now


@dataclass(frozen=True)
class HardeningPreview:
    """What switching a decision on or off would do, as things are now.

    `would_stop` are sentences about what no longer works, `notes` about what goes on or is not
    affected, `blocked` about why it cannot be switched. `digest` names this preview: a decision
    says which one it saw.
    """

    diff: str
    would_stop: tuple[str, ...]
    blocked: tuple[str, ...]
    notes: tuple[str, ...]
    digest: str


@dataclass(frozen=True)
class Hardening:
    """One kind of decision on a namespace.

    `name` is what people read, `field` the column that holds it (with `_by` and `_at` beside
    it), `preview` says what switching it would do.
    """

    name: str
    field: str
    tag: Tag
    preview: Callable[[Namespace, bool], HardeningPreview]


def digest_of(namespace: Namespace, on: bool, diff: str, *sentences: Sequence[str]) -> str:
    """Return what names a preview. Pods come and go by themselves: leave what names them out."""
    facts = [namespace.uid, on, diff, *map(list, sentences)]
    return hashlib.sha256(canonical_json(facts)).hexdigest()


def decide(
    hardening: Hardening,
    *,
    namespace: Namespace,
    on: bool,
    actor: Actor,
    reason: str,
    digest: str,
) -> Namespace:
    """Switch a decision on or off.

    On: admins and the owning team. Off opens a way out, so only admins may, with a reason.
    Raises NotAllowed, Refused, Unavailable, and Conflict when it was decided already or the
    preview named by `digest` is no longer true.
    """
    owned = _owned_to_switch_on(namespace, actor) if on else frozenset()
    _require_right(hardening, namespace, on, guards.standing_of_actor(actor, owned))
    why = guards.require_text(reason, field="reason", what="The reason", limit=500, required=False)
    if not on and not why:
        problem = f"Say why the namespace has to do without its {hardening.name}."
        raise Refused(problem, reason="ReasonMissing", fields={"reason": [problem]})
    preview = hardening.preview(namespace, on)
    if preview.blocked:
        raise Refused(preview.blocked[0], reason=f"{_camel(hardening)}Blocked")
    if preview.digest != digest:
        raise Conflict(
            "What this would do has changed since you looked. Look at the preview again.",
            reason="PreviewOutdated",
        )
    with transaction.atomic():
        # Reading the cluster takes a while: the role or the token may have gone meanwhile.
        _require_right(hardening, namespace, on, guards.standing_of_actor(actor, owned))
        _store(hardening, namespace, on, actor, why)
    namespace.refresh_from_db()
    return namespace


@contextmanager
def looking_at(namespace: Namespace) -> Iterator[ClusterGateway]:
    """Yield the gateway to a namespace's cluster. Raises Unavailable when it does not answer."""
    try:
        yield open_gateway(namespace.cluster)
    except ClusterError as error:
        raise Unavailable(error.message, reason=error.fault) from error


def our_uids(namespace: Namespace) -> set[str]:
    """Return the uids of what the portal wrote in a namespace."""
    objects = OwnedObject.objects.filter(cluster=namespace.cluster, namespace=namespace.name)
    return set(objects.exclude(uid="").values_list("uid", flat=True))


def place(obj: KubeObject) -> str:
    """Return where an object is: `namespace/name`."""
    return f"{obj['metadata'].get('namespace', '')}/{obj['metadata']['name']}"


def unproxied(namespace: Namespace) -> list[str]:
    """Return a sentence about pods without a proxy, for which proxies decide nothing."""
    pods = ", ".join(quoted(pod) for pod in namespace.uninjected_pods)
    return [f"Pods without a proxy are not affected: {pods}."] if pods else []


def _store(hardening: Hardening, namespace: Namespace, on: bool, actor: Actor, why: str) -> None:
    field, word = hardening.field, "on" if on else "off"
    undecided = Namespace.objects.filter(pk=namespace.pk, gone_at=None, **{field: not on})
    if not undecided.update(
        **{field: on, f"{field}_by": actor.name, f"{field}_at": timezone.now()}
    ):
        raise Conflict(
            f"The {hardening.name} of {quoted(namespace.name)} is {word} already, or the "
            "namespace is gone. Reload the page.",
            reason=f"{_camel(hardening)}Decided",
        )
    outbox.mark_dirty(
        cluster=namespace.cluster,
        keys=[outbox.namespace_key(namespace.name)],
        priority=Priority.REVOKE if on else Priority.GRANT,
        cause=f"{actor.name} switched the {hardening.name} {word}",
    )
    audit.record(
        tag=hardening.tag,
        actor=actor,
        target="namespace",
        target_id=str(namespace.pk),
        cluster=namespace.cluster.name,
        namespace=namespace.name,
        message=(
            f"The {hardening.name} of {quoted(namespace.name)} is decided {word}. {why}".strip()
        ),
        data={"before": not on, "after": on, "reason": why},
    )


def _camel(hardening: Hardening) -> str:
    return hardening.name.title().replace(" ", "")


def _owned_to_switch_on(namespace: Namespace, actor: Actor) -> frozenset[int]:
    """Return the namespace's key when only its cluster can tell that it is the actor's."""
    standing = guards.standing_of_actor(actor)
    # Without the factor that their roles need they may only as the team.
    counts = standing.without_roles() if lacks_factor(standing) else standing
    if may_set_default_deny(counts, namespace):
        return frozenset()
    return owned_now(guards.person_of(actor), namespace)


def _require_right(
    hardening: Hardening, namespace: Namespace, on: bool, standing: Standing
) -> None:
    if on and not may_set_default_deny(standing, namespace):
        raise NotAllowed(
            f"Only admins and the team that owns {quoted(namespace.name)} may switch this on.",
            reason="NotTheOwner",
        )
    if not on and not standing.is_admin:
        raise NotAllowed(
            f"Switching the {hardening.name} off opens a way out of the namespace: only an admin "
            "may.",
            reason="AdminsOnly",
        )
    guards.require_factor_beyond_own(
        standing, lambda own: on and may_set_default_deny(own, namespace)
    )
