"""The form that a caller wants an answer in, by its `Accept` header."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from egress.sandbox.errors import StatusError

_JSON_TYPES = ("application/json", "application/*", "*/*", "")
_FORMS = ("Table", "PartialObjectMetadata", "PartialObjectMetadataList", "APIGroupDiscoveryList")
_OFFERED = (
    "application/json, application/json;as=Table;g=meta.k8s.io;v=v1, "
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
)
FULL = ""


@dataclass(frozen=True)
class Clause:
    """One alternative of an `Accept` header."""

    media: str
    form: str
    group: str
    version: str


@lru_cache(maxsize=256)
def _clauses(accept: str) -> tuple[Clause, ...]:
    found = []
    for part in accept.split(","):
        media, *rest = (piece.strip() for piece in part.split(";"))
        given = dict(piece.split("=", 1) for piece in rest if "=" in piece)
        found.append(Clause(media, given.get("as", ""), given.get("g", ""), given.get("v", "")))
    return tuple(found)


def wanted_form(accept: str) -> str:
    """Return `Table`, `PartialObjectMetadata` or the empty text for the objects themselves.

    Raises StatusError (406) when nothing that is accepted can be answered.
    """
    for clause in _clauses(accept):
        if clause.media not in _JSON_TYPES:
            continue
        if not clause.form:
            return FULL
        if clause.form in _FORMS[:3] and clause.version == "v1":
            return clause.form.removesuffix("List")
    message = f"only the following media types are accepted: {_OFFERED}"
    raise StatusError(406, "NotAcceptable", message, {})


def wants_aggregated(accept: str) -> bool:
    """Tell whether discovery is wanted in one piece."""
    for clause in _clauses(accept):
        if clause.media in _JSON_TYPES:
            return clause.form == _FORMS[3] and clause.version == "v2"
    return False
