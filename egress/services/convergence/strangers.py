"""What others wrote: objects that are about a host, or lie in a namespace, and are not ours."""

from collections.abc import Collection, Iterable, Mapping
from functools import partial

from django.db.models import Q

from egress.cluster.gateway import ClusterGateway, Kind, KubeObject
from egress.domain.naming import BASE_LABEL, INSTALLATION_LABEL, base
from egress.domain.objects import key_of
from egress.domain.plan import Action
from egress.models import ForeignObject, Grant, OwnedObject
from egress.services.convergence import together
from egress.services.convergence.live import uid_of
from egress.services.convergence.work import Work

_GROUP = 100
"""So many hosts are asked for in one selector: it stands in the address of the request."""
_PAGE = 100
"""So many objects a delivery holds of a long list: several deliveries read theirs at once."""


def others_about(
    work: Work,
    gateway: ClusterGateway,
    kind: Kind,
    hosts: Collection[str],
    near: Iterable[KubeObject],
) -> list[KubeObject]:
    """Return what others wrote of a kind, in all namespaces, and `near` as far as it is theirs.

    What carries our label is left out of the first list: there may be tens of thousands. Of it
    only what claims to be about one of the hosts is read, for copies that others made of ours,
    and what the last look at the whole cluster found to be somebody else's.
    """
    label = {INSTALLATION_LABEL: work.state.profile.installation}
    others = {INSTALLATION_LABEL: f"!{work.state.profile.installation}"}
    about = [{**label, BASE_LABEL: "|".join(group)} for group in _in_groups(hosts)]
    ours = _ours_about(work, kind, hosts)
    calls = [partial(_named, gateway, kind, labels, hosts, ours) for labels in (others, *about)]
    read = {uid_of(obj): obj for one in together.all_of(calls) for obj in one}
    read |= {uid_of(obj): obj for obj in near if obj["kind"] == kind.kind}
    known = _known_foreign(work, gateway, kind, hosts, read.keys())
    read |= {uid_of(obj): obj for obj in known if obj}
    return not_ours(work, read.values())


def _ours_about(work: Work, kind: Kind, hosts: Collection[str]) -> set[str]:
    """Return the uids of our own objects named after hosts, which nobody has to hold.

    A host may be granted to thousands of namespaces.
    """
    cluster = work.state.cluster
    granted = Grant.objects.filter(cluster=cluster, host__in=hosts)
    rows = OwnedObject.objects.filter(
        cluster=cluster,
        api_version=kind.api_version,
        kind=kind.kind,
        namespace__in=granted.values("namespace"),
        name__in={base(host) for host in hosts},
    )
    return set(rows.exclude(uid="").values_list("uid", flat=True))


def _named(
    gateway: ClusterGateway,
    kind: Kind,
    labels: Mapping[str, str],
    hosts: Collection[str],
    ours: Collection[str],
) -> list[KubeObject]:
    """Return the objects of others that name one of the hosts, read a page at a time."""
    found: list[KubeObject] = []
    for page in gateway.pages(kind, "", labels, size=_PAGE):
        if page.is_first:
            found.clear()
        theirs = [obj for obj in page.items if uid_of(obj) not in ours]
        found += [obj for obj in theirs if not hosts_of(obj).isdisjoint(hosts)]
    return found


def _known_foreign(
    work: Work,
    gateway: ClusterGateway,
    kind: Kind,
    hosts: Collection[str],
    read: Collection[str],
) -> list[KubeObject | None]:
    """Read what is known to be somebody else's and names a host, whatever labels it carries.

    What was just `read`, by its uid, is left out: anybody may write thousands of them.
    """
    names = Q()
    for host in hosts:
        names |= Q(search__contains=host)
    rows = ForeignObject.objects.filter(names, cluster=work.state.cluster, kind=kind.kind)
    places = rows.values_list("uid", "namespace", "name") if hosts else ()
    unread = [place for uid, *place in places if uid not in read]
    return together.all_of([partial(gateway.get, kind, *place) for place in unread])


def _in_groups(hosts: Collection[str]) -> list[list[str]]:
    bases = sorted({base(host) for host in hosts})
    return [bases[n : n + _GROUP] for n in range(0, len(bases), _GROUP)]


def not_ours(work: Work, objects: Iterable[KubeObject]) -> list[KubeObject]:
    """Return those objects that the portal neither wrote nor finds to be its own here."""
    found = {uid_of(obj): obj for obj in objects}
    if not found:
        return []
    # The places are named because the index is by place: without them every record is read.
    keys = {key_of(obj) for obj in found.values()}
    rows = OwnedObject.objects.filter(
        cluster=work.state.cluster,
        api_version__in={key.api_version for key in keys},
        kind__in={key.kind for key in keys},
        namespace__in={key.namespace for key in keys},
        uid__in=found,
    )
    ours = set(rows.values_list("uid", flat=True)) | work.excused
    ours |= {item.uid for item in work.plan.items if item.action is not Action.FOREIGN}
    return [obj for uid, obj in found.items() if uid not in ours]


def hosts_of(obj: KubeObject) -> set[str]:
    """Return the hosts of a ServiceEntry or VirtualService, in lower case."""
    hosts = (obj.get("spec") or {}).get("hosts") or []
    return {str(host).lower() for host in hosts}
