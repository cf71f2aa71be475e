"""Whether grants would open exactly what a foreign ServiceEntry opens now: no more, no less.

Two meshes are built and asked the same questions: one with the foreign entry, one with what the
portal would render instead. In both of them every namespace refuses unknown destinations, so that
only declared ways count.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from egress.domain.access import (
    Access,
    ClusterProfile,
    Destination,
    Enforcement,
    Inventory,
    Protocol,
    Subject,
)
from egress.domain.adoption.reading import EntryRead, NotAdoptableError, Refusal, read_entry
from egress.domain.adoption.sidecars import refuse_listeners, strict_sidecars, views
from egress.domain.explain import Mesh
from egress.domain.manifests.static import static_objects
from egress.domain.objects import KubeObject, ObjectKey, key_of
from egress.domain.posture.matching import covering, covers, hosts_of, items, part, targets_of
from egress.domain.refusals import CannotRender
from egress.domain.render import Rendering, render_what_can
from egress.domain.wording import quoted

_ALWAYS_ASKED = (80, 443, 8443)


@dataclass(frozen=True)
class Adoptable:
    """What stands in for a foreign entry: accesses of its namespace, and the objects they add."""

    namespace: str
    destinations: tuple[Destination, ...]
    objects: tuple[KubeObject, ...] = ()


@dataclass(frozen=True)
class Surrounding:
    """What an entry is judged in.

    `accesses` are those granted already, `others` the live objects of others that could have a
    say on its hosts, the entry itself left out, and `sidecars` all live Sidecars.
    `default_export` is what the mesh puts where an object says no `exportTo`, `most_destinations`
    how many a request may have.
    """

    cluster: ClusterProfile
    inventory: Inventory
    accesses: Collection[Access] = ()
    others: Iterable[KubeObject] = ()
    sidecars: Iterable[KubeObject] = ()
    default_export: Sequence[str] = ("*",)
    most_destinations: int = 20


def first_look(
    obj: Mapping[str, Any], surrounding: Surrounding
) -> tuple[EntryRead | None, Refusal | None]:
    """Return what an object opens, or why it cannot be adopted, as far as it tells by itself.

    Quick: for lists. Whoever asks for the adoption gets the full answer from `judge`.
    """
    try:
        read = _read(obj, surrounding)
        _refuse_place(read, surrounding)
    except NotAdoptableError as error:
        return None, error.refusal
    return read, None


def judge(obj: KubeObject, surrounding: Surrounding) -> Adoptable | Refusal:
    """Return what stands in for a foreign object exactly, or why nothing does."""
    try:
        read = _read(obj, surrounding)
        _refuse_place(read, surrounding)
        _refuse_company(read, surrounding)
        places = (read.namespace, surrounding.cluster.root_namespace)
        refuse_listeners(surrounding.sidecars, places)
        return _equivalent(obj, read, surrounding)
    except NotAdoptableError as error:
        return error.refusal


def _read(obj: Mapping[str, Any], surrounding: Surrounding) -> EntryRead:
    """Read an entry, unless it is so large that reading it would keep others waiting."""
    many = len(items(obj, "spec", "hosts")) * len(items(obj, "spec", "ports"))
    if many > (most := surrounding.most_destinations):
        raise NotAdoptableError(
            "TooManyDestinations",
            f"Its hosts and ports are {many} destinations, and a request has at most {most}. "
            "Split it, and ask again.",
        )
    return read_entry(obj, surrounding.default_export)


def _refuse_place(read: EntryRead, surrounding: Surrounding) -> None:
    cluster, inventory = surrounding.cluster, surrounding.inventory
    facts = inventory.namespaces.get(read.namespace)
    if read.namespace in cluster.protected_namespaces or facts is None:
        raise NotAdoptableError(
            "NamespaceNotServed",
            f"Namespace {quoted(read.namespace)} is not one that grants are made for. Leave it, or "
            "let its owner remove it.",
        )
    if inventory.enforcement_of(read.namespace, cluster) is Enforcement.AMBIENT:
        raise NotAdoptableError(
            "EnforcementDiffers",
            f"Namespace {quoted(read.namespace)} is under ambient enforcement, where a waypoint "
            "would decide on the host for the first time. Ask for the destinations in a request.",
        )
    if not facts.injected:
        raise NotAdoptableError(
            "NotInMesh",
            f"The pods of namespace {quoted(read.namespace)} have no proxy, so it decides nothing "
            "for them. Delete it.",
        )


def _refuse_company(read: EntryRead, surrounding: Surrounding) -> None:
    """Refuse a host on which somebody else has a say: what counts now cannot be told."""
    hosts = {destination.host for destination in read.destinations}
    for access in surrounding.accesses:
        if access.subject.namespace == read.namespace and access.destination.host in hosts:
            raise NotAdoptableError(
                "GrantedAlready",
                f"Namespace {quoted(read.namespace)} has a grant for "
                f"{quoted(access.destination.host)} already, and which of both counts cannot be "
                "told. Revoke the grant, or delete this.",
            )
    over = {name: host for host in sorted(hosts) for name in covering(host)}
    wild = [host for host in sorted(hosts) if host.startswith("*")]
    for other in surrounding.others:
        if not _concerns(other, read.namespace):
            continue
        # Also a route of another host that leads here: it would find another entry.
        named = hosts_of(other) | targets_of(other)
        named.add(str(part(other, "spec").get("host")).lower())
        touched = {over[name] for name in named & over.keys()}
        touched |= {host for host in wild if any(covers(host, name) for name in named)}
        if touched:
            raise NotAdoptableError(
                "OthersHaveASay",
                f"The {key_of(other)} has a say on {quoted(min(touched))}, too. Remove that first, "
                "and ask again.",
            )


def _concerns(obj: Mapping[str, Any], namespace: str) -> bool:
    """Tell whether proxies of a namespace may know an object; unsaid is said to all of them."""
    own = str(obj["metadata"].get("namespace", ""))
    targets = (obj.get("spec") or {}).get("exportTo") or ["*"]
    return own == namespace or any(target in ("*", namespace) for target in targets)


def _equivalent(obj: KubeObject, read: EntryRead, surrounding: Surrounding) -> Adoptable:
    wanted = {Access(Subject(read.namespace), one) for one in read.destinations}
    standing = set(surrounding.accesses)
    then = _rendered(surrounding, standing | wanted)
    for refused in then.refused:
        if wanted & set(refused.accesses):
            raise NotAdoptableError(refused.reason, refused.message)
    now = _rendered(surrounding, standing)
    known = {key_of(one): one for one in now.objects}
    added = [one for one in then.objects if known.get(key_of(one)) != one]
    if key_of(obj) in {key_of(one) for one in then.objects}:
        raise NotAdoptableError(
            "NameTaken",
            f"It is called {quoted(read.name)}, which is the name that the portal's own object "
            "would have. Give it another name, and ask again.",
        )
    for sidecars in views(read.namespace, surrounding.sidecars):
        view = replace(surrounding, sidecars=sidecars)
        before = _mesh(view, [*now.objects, _with_export(obj, surrounding)])
        after = _mesh(view, then.objects)
        for subject, host, port, protocol in _questions(read, view):
            was = before.can(subject, host, port, protocol).allowed
            would_be = after.can(subject, host, port, protocol).allowed
            if was != would_be:
                raise NotAdoptableError("NotEquivalent", _difference(subject, host, port, would_be))
    return Adoptable(read.namespace, read.destinations, tuple(added))


def _with_export(obj: KubeObject, surrounding: Surrounding) -> KubeObject:
    """Return an entry that says itself what the mesh would fill in."""
    spec = obj.get("spec") or {}
    return {**obj, "spec": {"exportTo": list(surrounding.default_export), **spec}}


def _rendered(surrounding: Surrounding, accesses: Iterable[Access]) -> Rendering:
    try:
        return render_what_can(surrounding.cluster, surrounding.inventory, accesses)
    except CannotRender as refusal:
        raise NotAdoptableError(refusal.reason, refusal.message) from refusal


def _difference(subject: Subject, host: str, port: int, would_be: bool) -> str:
    how = "would reach" if would_be else "would no longer reach"
    than = "which it does not now" if would_be else "which it does now"
    return (
        f"{quoted(subject)} {how} {quoted(host)} port {port}, {than}. Ask for what is needed in a "
        "request instead."
    )


def _mesh(surrounding: Surrounding, objects: Iterable[KubeObject]) -> Mesh:
    """Return the mesh of some objects in which every namespace refuses what is not declared."""
    cluster, inventory = surrounding.cluster, surrounding.inventory
    used = {inventory.enforcement_of(name, cluster) for name in inventory.namespaces}
    strict = strict_sidecars(surrounding.sidecars, inventory.namespaces, cluster.root_namespace)
    base = [*static_objects(cluster, enforcements=used), *strict]
    found: dict[ObjectKey, KubeObject] = {key_of(one): one for one in base}
    found |= {key_of(one): one for one in objects}
    return Mesh(found.values(), cluster=cluster, inventory=inventory)


def _questions(
    read: EntryRead, surrounding: Surrounding
) -> Iterator[tuple[Subject, str, int, Protocol]]:
    ports = {one.port for one in read.destinations}
    ports |= {port + 1 for port in ports if port < 65535} | set(_ALWAYS_ASKED)
    hosts = sorted({name for one in read.destinations for name in _names(one.host)})
    for subject in _subjects(read, surrounding):
        for host in hosts:
            for port in sorted(ports):
                for protocol in Protocol:
                    yield subject, host, port, protocol


def _names(host: str) -> tuple[str, ...]:
    """Return what is asked about a host: for a wildcard also the names around it."""
    if not host.startswith("*."):
        return (host, f"other.{host}")
    return (host, f"a{host[1:]}", f"a.b{host[1:]}", host[2:])


def _subjects(read: EntryRead, surrounding: Surrounding) -> Iterator[Subject]:
    """Yield who is asked about: of namespaces that no object names one of each sort will do."""
    cluster, inventory = surrounding.cluster, surrounding.inventory
    named = {read.namespace, cluster.root_namespace, *cluster.protected_namespaces}
    named |= {access.subject.namespace for access in surrounding.accesses}
    named |= {str(one["metadata"].get("namespace", "")) for one in surrounding.sidecars}
    asked = set()
    for name, facts in sorted(inventory.namespaces.items()):
        # Nothing but gateways runs in the egress namespace, and they do have to know the host.
        if name == cluster.egress_namespace:
            continue
        sort = (facts.injected, inventory.enforcement_of(name, cluster), facts.default_deny)
        if name in named or sort not in asked:
            yield Subject(name)
        if name not in named:
            asked.add(sort)
    for account in sorted(inventory.namespaces[read.namespace].service_accounts):
        yield Subject(read.namespace, account)
