"""The standing of the person behind one HTTP request, and what each page's frame shows of it."""

from django.db.models import Q
from django.http import HttpRequest

from egress.models import Cluster, Person, Request
from egress.models.standing import Standing, standing_of, standings_of
from egress.selectors.attention import Attention, attention_beside, attention_of
from egress.selectors.clusters import visible_clusters
from egress.services.ownership import refresh

STANDINGS = "_egress_standings"
CLUSTERS = "_egress_clusters"
FRAME = "_egress_frame"


def standing_in(request: HttpRequest) -> Standing:
    """Return what the person is and may do, for reading; services look again when they write."""
    return standing_beside(request, request.user)


def standing_beside(request: HttpRequest, person: object) -> Standing:
    """Return what somebody else is and may do, for reading."""
    known = _known(request)
    key = getattr(person, "pk", None)
    if key not in known:
        known[key] = standing_of(person)
    return known[key]


def with_new_reviews(request: HttpRequest, cluster: str, namespace: str) -> None:
    """Have clusters say again what is this person's, the namespace that is named first.

    For the pages on which somebody asks for access; see `services.ownership.refresh`.
    """
    person, known = request.user, standing_in(request)
    if isinstance(person, Person) and refresh(
        person=person, standing=known, cluster=cluster.strip(), namespace=namespace.strip()
    ):
        _known(request).pop(person.pk, None)


def read_standings(request: HttpRequest, of_request: int) -> None:
    """Read the standings of the person, and of who made the request `of_request`, in one go."""
    asked = Request.objects.filter(pk=of_request).order_by()
    people = Person.objects.filter(Q(pk=request.user.pk) | Q(pk__in=asked.values("requester")))
    for key, standing in standings_of(people).items():
        _known(request)[key] = standing


def clusters_in(request: HttpRequest) -> list[Cluster]:
    """Return the clusters that the person may see, by name: every page names them somewhere."""
    if _only_reads(request):
        return frame_in(request)[0]
    known: list[Cluster] | None = getattr(request, CLUSTERS, None)
    if known is None:
        known = list(visible_clusters(standing_in(request)))
        setattr(request, CLUSTERS, known)
    return known


def frame_in(request: HttpRequest) -> tuple[list[Cluster], Attention]:
    """Return the clusters of `clusters_in`, and what waits for the person at this moment.

    What waits may be another thing after somebody decided: then it is counted anew.
    """
    known: tuple[list[Cluster], Attention] | None = getattr(request, FRAME, None)
    if known is not None and _only_reads(request):
        return known
    standing, clusters = standing_in(request), getattr(request, CLUSTERS, None)
    if clusters is None:
        frame = attention_beside(visible_clusters(standing), standing)
    else:
        frame = clusters, attention_of(standing)
    setattr(request, CLUSTERS, frame[0])
    setattr(request, FRAME, frame)
    return frame


def _only_reads(request: HttpRequest) -> bool:
    return request.method in ("GET", "HEAD")


def _known(request: HttpRequest) -> dict[int | None, Standing]:
    known: dict[int | None, Standing] = getattr(request, STANDINGS, {})
    setattr(request, STANDINGS, known)
    return known
