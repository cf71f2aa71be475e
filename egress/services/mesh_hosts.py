"""The in-mesh hosts that a namespace's `Sidecar` keeps where entries are central (istio.md 2.6)."""

import re
from collections.abc import Iterable

from django.db import transaction

from egress.domain.naming import is_dns_label
from egress.domain.wording import quoted
from egress.models import Namespace, Priority
from egress.services import audit, outbox
from egress.services.actor import Actor
from egress.services.audit import Tag
from egress.services.errors import Conflict, Refused
from egress.services.guards import require_operator

MOST = 200
_NAME = re.compile(
    r"\*|(?:\*\.)?[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+"
)


@transaction.atomic
def set_mesh_hosts(*, namespace: Namespace, hosts: Iterable[str], actor: Actor) -> Namespace:
    """Say which hosts of the mesh a namespace needs, each `namespace/name`. Admins only.

    Its own and those of the root namespace are always kept. Raises NotAllowed, Refused, and
    Conflict when the namespace is gone.
    """
    require_operator(actor, "say which hosts of the mesh a namespace keeps")
    wanted = sorted({host.strip().lower() for host in hosts if host.strip()})
    _check(namespace, wanted)
    before = namespace.mesh_hosts
    if not Namespace.objects.filter(pk=namespace.pk, gone_at=None).update(mesh_hosts=wanted):
        raise Conflict(f"Namespace {quoted(namespace.name)} is gone. Reload the page.")
    namespace.mesh_hosts = wanted
    outbox.mark_dirty(
        cluster=namespace.cluster,
        keys=[outbox.namespace_key(namespace.name)],
        priority=Priority.GRANT,
        cause=f"{actor.name} set the hosts of the mesh that the namespace keeps",
    )
    audit.record(
        tag=Tag.NAMESPACE_MESH_HOSTS_SET,
        actor=actor,
        target="namespace",
        target_id=str(namespace.pk),
        cluster=namespace.cluster.name,
        namespace=namespace.name,
        message=f"Namespace {quoted(namespace.name)} keeps {len(wanted)} hosts of the mesh.",
        data={"before": before, "after": wanted},
    )
    return namespace


def _check(namespace: Namespace, wanted: list[str]) -> None:
    egress = namespace.cluster.egress_namespace
    problems = [sentence for host in wanted if (sentence := _problem(host, egress))]
    if len(wanted) > MOST:
        problems.append(f"At most {MOST} hosts can be given. Name a whole namespace: NAMESPACE/*.")
    if problems:
        raise Refused(problems[0], reason="InputRefused", fields={"hosts": problems})


def _problem(host: str, egress: str) -> str:
    place, slash, name = host.partition("/")
    if not slash or not (is_dns_label(place) or place == ".") or not _NAME.fullmatch(name):
        return f"{quoted(host)} is no host of the mesh. Write NAMESPACE/NAME, such as shop/*."
    if place == egress:
        return f"{quoted(host)} would admit what was not granted. Ask for a grant instead."
    return ""
