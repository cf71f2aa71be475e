"""What binds a grant to its decision: canonical SHA-256 digests over the decided facts.

The same facts give the same digest on every database and in every release, so a digest that no
longer matches says that a row was changed past the services.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from operator import attrgetter
from typing import Any, NamedTuple

from egress.domain.access import Resolution
from egress.domain.lifecycle import RequestStatus, Verdict
from egress.models import Adoption, Grant, Request, RequestDestination


class Decided(NamedTuple):
    """One destination of a request, and the verdict on it: what of its row is decided.

    The fields are those of `RequestDestination`. A tuple, as a namespace has thousands behind its
    grants, and making rows of them takes longer than reading them.
    """

    position: int
    host: str
    port: int
    protocol: str
    tls_origination: bool
    addresses: list[str]
    resolution: str
    alias: str
    verdict: str


_Row = RequestDestination | Decided


def digest(facts: Mapping[str, Any]) -> str:
    """Return the SHA-256 of facts as canonical JSON: sorted keys, no blanks, ASCII only."""
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def terms_digest(
    *, revision: int, verdicts: Mapping[int, Verdict], duration_days: int | None
) -> str:
    """Return what approvers of one request must agree on: revision, verdicts and duration."""
    return digest(
        {
            "duration_days": duration_days,
            "revision": revision,
            "verdicts": {str(position): str(verdict) for position, verdict in verdicts.items()},
        }
    )


def decision_digest_of(request: Request, rows: Iterable[_Row] | None = None) -> str:
    """Return the digest of a decided request: subject with uids, verdicts, duration, revision.

    `rows` are all its destinations; they are read unless given.
    """
    decided = request.destinations.all() if rows is None else rows
    return digest(
        {
            "cluster": request.cluster.uid,
            "destinations": [
                [
                    row.position,
                    row.host,
                    row.port,
                    row.protocol,
                    row.tls_origination,
                    row.verdict,
                    *_options_of(row),
                ]
                for row in sorted(decided, key=attrgetter("position"))
            ],
            "duration_days": request.duration_days,
            "namespace": [request.namespace, request.namespace_uid],
            "renews": request.renews_id,
            "request": request.pk,
            "requester": request.requester_id,
            "revision": request.revision,
            "service_account": [request.service_account, request.service_account_uid],
            # Left out when there is none, so that earlier decisions keep their digest.
            **({"adopts": request.adopts_digest} if request.adopts_digest else {}),
        }
    )


def adoption_digest_of(adoption: Adoption) -> str:
    """Return what `Request.adopts_digest` must be: the object as it was looked at, to the byte."""
    return digest(
        {
            "cluster": adoption.cluster.uid,
            "object": [adoption.api_version, adoption.kind, adoption.namespace, adoption.name],
            "uid": adoption.uid,
            "resource_version": adoption.resource_version,
            "manifest": adoption.manifest,
        }
    )


def binding_of(grant: Grant) -> str:
    """Return the digest that `grant.binding` must be: its facts and the decision it came from."""
    return digest(
        {
            "cluster": grant.cluster.uid,
            "decision": grant.request.decision_digest,
            "duration_days": grant.duration_days,
            "host": grant.host,
            "namespace": [grant.namespace, grant.namespace_uid],
            "port": grant.port,
            "protocol": grant.protocol,
            "request": grant.request_id,
            "service_account": [grant.service_account, grant.service_account_uid],
            "tls_origination": grant.tls_origination,
            **({"options": options} if (options := _options_of(grant)) else {}),
        }
    )


def _options_of(row: Grant | _Row) -> list[dict[str, Any]]:
    """Return the options of a destination that differ from their defaults.

    Left out when there are none, so that decisions from before an option keep their digest.
    """
    options: dict[str, Any] = {}
    if row.addresses:
        options["addresses"] = row.addresses
    if row.resolution != Resolution.DNS:
        options["resolution"] = row.resolution
    if row.alias:
        options["alias"] = row.alias
    return [options] if options else []


def is_bound(grant: Grant, rows: Collection[_Row] | None = None) -> bool:
    """Tell whether the grant still is what was decided.

    Its facts must match its binding, its request must be approved with its facts unchanged, and
    the request must have an approved destination that is the grant's. `rows` are all destinations
    of the request; they are read unless given.
    """
    request = grant.request
    decided = request.destinations.all() if rows is None else rows
    wanted = _reached_by(grant)
    return (
        grant.binding == binding_of(grant)
        and request.status == RequestStatus.APPROVED
        and request.decision_digest == decision_digest_of(request, decided)
        and (request.cluster_id, request.subject) == (grant.cluster_id, grant.subject)
        and any(row.verdict == Verdict.APPROVED and _reached_by(row) == wanted for row in decided)
    )


def bound_of(grants: Iterable[Grant]) -> list[Grant]:
    """Return those of the grants that still are what was decided, in their order.

    The same as asking `is_bound` of each, in one query. Their requests should be joined.
    """
    asked = list(grants)
    decided = _decided_of({grant.request_id for grant in asked}) if asked else {}
    return [grant for grant in asked if is_bound(grant, decided.get(grant.request_id, ()))]


def _decided_of(requests: Collection[int]) -> Mapping[int, list[Decided]]:
    """Return the destinations of requests, by the key of the request."""
    found: defaultdict[int, list[Decided]] = defaultdict(list)
    rows = RequestDestination.objects.filter(request__in=requests).order_by()
    for request, *facts in rows.values_list("request_id", *Decided._fields):
        found[request].append(Decided(*facts))
    return found


def _reached_by(row: Grant | _Row) -> tuple[object, ...]:
    """Return what a row lets reach, to compare it: all that its `destination` says."""
    options = tuple(row.addresses), row.resolution, row.alias
    return row.host, row.port, row.protocol, row.tls_origination, *options
