"""Made-up pictures: the way of a grant, bars, and the matrix."""

from dataclasses import replace

from egress.domain.access import Access, Destination, Enforcement, Inventory, Protocol, Subject
from egress.domain.objects import to_yaml
from egress.domain.path import granted_path
from egress.models import Cluster
from egress.selectors.matrix import CellState
from egress.selectors.paths import GrantPath, ObjectState
from egress.web.pictures.bars import Bar, Chart
from egress.web.records.grant_path import ShownPath, shown_path
from egress.web.records.matrix import LOOKS, Head, Matrix, ShownCell, ShownRow, Side
from egress.web.style.samples import PLACE

_ACCESS = Access(Subject(PLACE, "importer"), Destination("api.example.com", 443, Protocol.TLS))


def path(name: str, state: ObjectState) -> ShownPath:
    """Return the way through an egress gateway, one object of which is in `state`.

    The objects are those that the portal would write. `name` makes the anchors of the way its own.
    """
    cluster = Cluster(name=PLACE, enforcement=Enforcement.GATEWAY)
    found = granted_path(cluster.profile("made-up"), Inventory(), _ACCESS)
    states = dict.fromkeys(found.manifests, ObjectState.APPLIED)
    states |= dict.fromkeys(found.fixed, ObjectState.FIXED)
    gateway = found.stops[-2]
    states[next(key for key in gateway.objects if key not in found.fixed | found.holding)] = state
    shown = shown_path(GrantPath(found, states), _ACCESS.subject, _ACCESS.destination, cluster)
    return _with_anchors(shown, name)


def yaml() -> str:
    """Return objects as the portal writes them."""
    cluster = Cluster(name=PLACE, enforcement=Enforcement.SIDECAR)
    found = granted_path(cluster.profile("made-up"), Inventory(), _ACCESS)
    return to_yaml([body for key, body in found.manifests.items() if key not in found.holding])


def chart() -> Chart:
    """Return bars, one of them empty, some of them worth a colour."""
    bars = (
        Bar("< 1 hour", "less than an hour", 6),
        Bar("< 1 day", "an hour to a day", 0),
        Bar("< 3 days", "1 to 3 days", 3, "wait"),
        Bar("older", "3 days or more", 1, "bad"),
    )
    sentence = "10 made-up requests wait, 4 of them for a day or more."
    return Chart(sentence, "Waiting for", "Requests", bars)


def matrix() -> Matrix:
    """Return one row with a cell in each state, and one with nothing granted."""
    hosts = tuple(f"{state}.example.com" for state in CellState)
    cells = tuple(ShownCell(look, look.word, "?", grants=1) for look in LOOKS.values())
    asking = ShownCell(None, "Nothing granted. Ask for it", "?")
    return Matrix(
        cluster=Cluster(name=PLACE),
        namespaces=Side((PLACE, "pretended"), "", ""),
        hosts=Side(hosts, "", ""),
        heads=tuple(Head(host, "?") for host in hosts),
        rows=(ShownRow(PLACE, cells), ShownRow("pretended", (asking,) * len(hosts))),
        looks=tuple(LOOKS.values()),
        may_ask=True,
    )


def _with_anchors(path: ShownPath, name: str) -> ShownPath:
    stops = tuple(
        replace(
            stop,
            objects=tuple(replace(one, anchor=f"{name}-{one.anchor}") for one in stop.objects),
        )
        for stop in path.stops
    )
    return replace(path, stops=stops)
