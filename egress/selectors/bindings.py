"""What binds a grant to its decision: canonical SHA-256 digests over the decided facts.

The same facts give the same digest on every database and in every release, so a digest that no
longer matches says that a row was changed past the services.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from egress.domain.access import Resolution
from egress.domain.lifecycle import RequestStatus, Verdict
from egress.models import Adoption, Grant, Request, RequestDestination


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


def decision_digest_of(request: Request) -> str:
    """Return the digest of a decided request: subject with uids, verdicts, duration, revision."""
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
                for row in sorted(request.destinations.all(), key=lambda row: row.position)
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


def _options_of(row: Grant | RequestDestination) -> list[dict[str, Any]]:
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


def is_bound(grant: Grant) -> bool:
    """Tell whether the grant still is what was decided.

    Its facts must match its binding, its request must be approved with its facts unchanged, and
    the request must have an approved destination that is the grant's.
    """
    request = grant.request
    return (
        grant.binding == binding_of(grant)
        and request.status == RequestStatus.APPROVED
        and request.decision_digest == decision_digest_of(request)
        and (request.cluster_id, request.subject) == (grant.cluster_id, grant.subject)
        and any(
            row.destination == grant.destination and row.verdict == Verdict.APPROVED
            for row in request.destinations.all()
        )
    )
