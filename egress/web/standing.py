"""The standing of the person behind one HTTP request, read once."""

from django.http import HttpRequest

from egress.models.standing import Standing, standing_of

ATTRIBUTE = "_egress_standing"


def standing_in(request: HttpRequest) -> Standing:
    """Return what the person is and may do, for reading; services look again when they write."""
    known = getattr(request, ATTRIBUTE, None)
    if isinstance(known, Standing):
        return known
    standing = standing_of(request.user)
    setattr(request, ATTRIBUTE, standing)
    return standing
