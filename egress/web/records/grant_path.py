"""The way of a grant in words for people, and as a picture."""

from collections.abc import Sequence
from dataclasses import dataclass

from egress.domain.access import Destination, Subject
from egress.domain.objects import ObjectKey, to_yaml
from egress.domain.path import Path, Place, Stop
from egress.models import Cluster, Grant
from egress.selectors.access import AccessAnswer
from egress.selectors.paths import GrantPath, ObjectState, path_of_grant, path_of_question
from egress.web.pictures.path import Drawing, Station, column, row
from egress.web.records.grant_facts import InCluster
from egress.web.style.badges import BADGES

_AT = {
    Place.WORKLOAD: "at the workload itself",
    Place.SIDECAR: "at the sidecar",
    Place.GATEWAY: "at the egress gateway",
    Place.WAYPOINT: "at the waypoint",
    Place.HOST: "before the host",
}
_WHY = {
    ObjectState.FAILED: "an object there could not be written",
    ObjectState.MISSING: "an object there is gone from the cluster",
    ObjectState.SUSPENDED: "the grant is suspended, so its objects are taken out",
    ObjectState.WAITING: "an object there waits to be written",
}


@dataclass(frozen=True)
class ShownObject:
    """An object that decides, its YAML as this grant alone needs it, and its state or None.

    `is_again` tells that an earlier stop shows it already.
    """

    key: ObjectKey
    anchor: str
    yaml: str
    state: ObjectState | None
    is_again: bool


@dataclass(frozen=True)
class ShownStop:
    """One place on the way: what it is, what is decided there, and by what."""

    title: str
    icon: str
    name: str
    says: tuple[str, ...]
    objects: tuple[ShownObject, ...]
    state: ObjectState | None
    is_end: bool
    is_beyond: bool
    leg: str
    """What is spoken on the way to it, empty for the first."""


@dataclass(frozen=True)
class ShownPath:
    """A way as the page shows it: a sentence, the stops in words, and two drawings of them."""

    sentence: str
    stops: tuple[ShownStop, ...]
    wide: Drawing
    narrow: Drawing
    originates_tls: bool
    is_open: bool


def path_for(grant: Grant, carried: InCluster, way: Path) -> ShownPath:
    """Return the way of a live grant with the state of its objects."""
    found = path_of_grant(grant, carried.steps, way, carried.owned)
    return shown_path(found, grant.subject, grant.destination, grant.cluster)


def path_for_answer(cluster: Cluster, subject: Subject, answer: AccessAnswer) -> ShownPath | None:
    """Return the way of a question that no grant answers, None without a destination."""
    if answer.asked is None:
        return None
    found = path_of_question(cluster, subject, answer.asked, answer.near, answer.inventory)
    return shown_path(found, subject, answer.asked, cluster)


def shown_path(
    found: GrantPath, subject: Subject, destination: Destination, cluster: Cluster
) -> ShownPath:
    """Return a way for people.

    It ends where the objects stop it, or at the first stop that the cluster does not carry.
    """
    path = found.path
    states = [_worst(found, stop) for stop in path.stops]
    end = _end(found, states)
    labels = _labels(subject, destination, cluster)
    stops = tuple(
        ShownStop(
            **labels[stop.place],
            says=tuple(one.says for one in stop.decisions),
            objects=objects,
            state=state,
            is_end=at == end,
            is_beyond=end is not None and at > end,
            leg=path.legs[at - 1] if at else "",
        )
        for at, (stop, state, objects) in enumerate(
            zip(path.stops, states, _objects(found), strict=True)
        )
    )
    stations = [_station(stop) for stop in stops]
    return ShownPath(
        sentence=f"The way from {subject} to {destination.host} {_how(found, states, end)}.",
        stops=stops,
        wide=row(stations, path.legs),
        narrow=column(stations, path.legs),
        originates_tls=path.originates_tls,
        is_open=end is None,
    )


def _labels(
    subject: Subject, destination: Destination, cluster: Cluster
) -> dict[Place, dict[str, str]]:
    """Return title, icon and name of each place."""
    port = f"port {destination.port}"
    by_place = {
        Place.WORKLOAD: ("Workload", "box", str(subject)),
        Place.SIDECAR: ("Sidecar", "shield", "of each pod"),
        Place.GATEWAY: ("Egress gateway", "server", f"in {cluster.egress_namespace}"),
        Place.WAYPOINT: ("Waypoint", "server", f"in {cluster.egress_namespace}"),
        Place.HOST: (f"Host, {port}", "external", destination.host),
    }
    return {
        place: {"title": title, "icon": icon, "name": name}
        for place, (title, icon, name) in by_place.items()
    }


def _worst(found: GrantPath, stop: Stop) -> ObjectState | None:
    order = list(ObjectState)
    carrying = [key for key in stop.objects if key not in found.path.holding]
    present = [found.states[key] for key in carrying if key in found.states]
    return min(present, key=order.index, default=None)


def _end(found: GrantPath, states: Sequence[ObjectState | None]) -> int | None:
    """Return the number of the stop where the way ends, None where it leads to the host."""
    for at, (stop, state) in enumerate(zip(found.path.stops, states, strict=True)):
        if stop.place is found.path.stopped_at or (state is not None and not state.carries):
            # Nothing is decided behind the host: what is missing there stops its proxy.
            return min(at, len(states) - 2)
    return None


def _objects(found: GrantPath) -> list[tuple[ShownObject, ...]]:
    """Return the objects of each stop; the YAML of each stands at the first stop that has it."""
    numbers: dict[ObjectKey, int] = {}
    shown = []
    for stop in found.path.stops:
        own = []
        for key in stop.objects:
            is_again = key in numbers
            number = numbers.setdefault(key, len(numbers) + 1)
            manifest = None if is_again else found.path.manifests.get(key)
            yaml = to_yaml([manifest]) if manifest else ""
            anchor = f"path-object-{number}"
            own.append(ShownObject(key, anchor, yaml, found.states.get(key), is_again))
        shown.append(tuple(own))
    return shown


def _station(stop: ShownStop) -> Station:
    badge = BADGES.get(stop.state or "") if stop.state is not ObjectState.FIXED else None
    kinds = tuple(dict.fromkeys(one.key.kind for one in stop.objects))
    return Station(
        title=stop.title,
        name=stop.name,
        icon=stop.icon,
        word="Ends here" if stop.is_end and not badge else badge.word if badge else "",
        tone=badge.tone if badge else "bad" if stop.is_end else "",
        kinds=kinds,
        is_end=stop.is_end,
        is_beyond=stop.is_beyond,
    )


def _how(found: GrantPath, states: Sequence[ObjectState | None], end: int | None) -> str:
    """Return whether the way is open, or where it ends and why, without a full stop."""
    path = found.path
    if end is not None:
        why = next((_WHY[state] for state in states[end : end + 2] if state in _WHY), path.why)
        return f"ends {_AT[path.stops[end].place]}: {why.rstrip('.')}"
    if not found.states:
        return f"is open: {path.why.rstrip('.')}"
    drifted = ObjectState.DRIFTED in states
    return "is open; somebody changed an object on it by hand" if drifted else "is open"
