"""The standing of the person behind one HTTP request, read once."""

from django.http import HttpRequest

from egress.models import Cluster
from egress.models.standing import Standing, standing_of
from egress.selectors.clusters import visible_clusters

ATTRIBUTE = "_egress_standing"
CLUSTERS = "_egress_clusters"


def standing_in(request: HttpRequest) -> Standing:
    """Return what the person is and may do, for reading; services look again when they write."""
    known = getattr(request, ATTRIBUTE, None)
    if isinstance(known, Standing):
        return known
    standing = standing_of(request.user)
    setattr(request, ATTRIBUTE, standing)
    return standing


def clusters_in(request: HttpRequest) -> list[Cluster]:
    """Return the clusters that the person may see, by name: every page names them somewhere."""
    known: list[Cluster] | None = getattr(request, CLUSTERS, None)
    if known is None:
        known = list(visible_clusters(standing_in(request)))
        setattr(request, CLUSTERS, known)
    return known
